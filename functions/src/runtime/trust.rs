//! Whose certificates are trusted when AWS is called: Amazon Trust Services' own roots alone, instead of the some 140 in the
//! function's file system, which a start would read and parse one by one. See `certs/README.md`.

use std::time::Duration;

use aws_smithy_http_client::pool;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::aws::partition::Partition;

const AMAZON: &str = include_str!("../../certs/amazon-trust-services.pem");

/// How long a connection may be silent before TCP asks whether the other side is still there. A call of a function that
/// walks a file system is silent for many minutes, and a NAT gateway forgets a connection after 350 seconds of silence; the
/// answer would never come.
///
/// Source: <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-timeout>.
const KEEPALIVE: Duration = Duration::from_secs(45);

/// The connections of all clients.
pub(super) fn http_client(region: &str) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(trusted_in(region)).build();
    // It refuses names of servers only, and none is given here.
    let context = context.unwrap_or_else(|error| unreachable!("a TLS context: {error}"));
    let pool = pool::Builder::default()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .tcp_keepalive(KEEPALIVE)
        .build_https();
    // They refuse a limit of no connections, and partitions that are not declared; none of both is set here.
    let pool = pool.unwrap_or_else(|error| unreachable!("a pool of connections: {error}"));
    let client = pool::Client::new(&pool);
    SharedHttpClient::new(client.unwrap_or_else(|error| unreachable!("a client of the pool: {error}")))
}

fn trusted_in(region: &str) -> TrustStore {
    if Partition::of(region).amazons_roots {
        TrustStore::empty().with_pem_certificate(AMAZON)
    } else {
        // Their endpoints may have certificates of other authorities, which their Lambda brings along.
        TrustStore::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{Read, Write};
    use std::net::TcpListener;

    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    use super::*;
    use crate::aws::service::{Client, LAMBDA};

    /// The kernel's own word: the second field of a socket's `timer` is what it waits for, in hundredths of a second, and the
    /// first is 02 where it waits to ask whether the other side is still there.
    #[tokio::test]
    async fn a_silent_connection_is_kept_alive() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url(format!("http://{address}"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "id", "key", None, None, "",
            )))
            .http_client(http_client("eu-west-1"))
            .build();
        let serving = std::thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            assert!(connection.read(&mut [0; 4096]).unwrap() > 0);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            connection.write_all(answer).unwrap();
            connection
        });
        let lambda = Client::new(&aws, LAMBDA);
        assert_eq!(lambda.get("Any", "/").await.unwrap().bytes, b"{}");
        let connection = serving.join().unwrap();
        let ours = format!(":{:04X}", connection.peer_addr().unwrap().port());
        let sockets = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let fields = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let socket = fields.into_iter().find(|fields| fields[1].ends_with(&ours)).unwrap();
        let (timer, hundredths) = socket[5].split_once(':').unwrap();
        let left = Duration::from_millis(u64::from_str_radix(hundredths, 16).unwrap() * 10);
        assert_eq!(timer, "02", "{socket:?}");
        assert!(left <= KEEPALIVE && left > KEEPALIVE / 2, "{left:?}");
    }

    /// The SDK panics on a certificate that it cannot read, at the start of every function.
    #[test]
    fn all_five_roots_can_be_read() {
        let mut roots = rustls::RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(AMAZON.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        assert_eq!(roots.len(), 5);
    }

    #[test]
    fn the_function_s_own_store_serves_other_partitions_alone() {
        let native = |region: &str| format!("{:?}", trusted_in(region)).contains("enable_native_roots: true");
        for region in ["eu-central-1", "us-gov-west-1", "us-east-1", ""] {
            assert!(!native(region), "{region}");
        }
        for region in ["cn-north-1", "us-iso-east-1", "eusc-de-east-1"] {
            assert!(native(region), "{region}");
        }
    }
}
