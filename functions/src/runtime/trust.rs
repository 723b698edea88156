//! The certificates that are trusted when AWS is called: only Amazon Trust Services' own roots, instead of the about 140 in the
//! function's file system, which a cold start would read and parse one by one. See `certs/README.md`.

use std::time::Duration;

use aws_smithy_http_client::pool;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::aws::partition::Partition;

const AMAZON: &str = include_str!("../../certs/amazon-trust-services.pem");

/// How long a connection may be idle before TCP sends a keepalive. A call of a function that walks a file system is idle for many
/// minutes, and a NAT gateway drops a connection after 350 idle seconds; the response would never arrive.
///
/// Source: <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-timeout>.
const KEEPALIVE: Duration = Duration::from_secs(45);

/// The connections of all clients.
pub(super) fn http_client(region: &str) -> SharedHttpClient {
    client(trusted_in(region))
}

fn client(trusted: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(trusted).build();
    // It only refuses server names, and none is set here.
    let context = context.unwrap_or_else(|error| unreachable!("a TLS context: {error}"));
    let pool = pool::Builder::default()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .tcp_keepalive(KEEPALIVE)
        .build_https();
    // It refuses a limit of zero connections, and partitions that are not declared; neither is set here.
    let pool = pool.unwrap_or_else(|error| unreachable!("a pool of connections: {error}"));
    let client = pool::Client::new(&pool);
    SharedHttpClient::new(client.unwrap_or_else(|error| unreachable!("a client of the pool: {error}")))
}

fn trusted_in(region: &str) -> TrustStore {
    if Partition::of(region).amazons_roots {
        TrustStore::empty().with_pem_certificate(AMAZON)
    } else {
        // Their endpoints may have certificates of other authorities, which their Lambda includes.
        TrustStore::default()
    }
}

#[cfg(test)]
mod tests;
