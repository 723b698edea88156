//! Whose certificates are trusted when AWS is called: Amazon Trust Services' own roots alone, instead of the some 140 in the
//! function's file system, which a start would read and parse one by one. See `certs/README.md`.

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::aws::partition::Partition;

const AMAZON: &str = include_str!("../../certs/amazon-trust-services.pem");

/// The connections of all clients.
pub(super) fn http_client(region: &str) -> SharedHttpClient {
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let context = TlsContext::builder().with_trust_store(trusted_in(region)).build();
    // It refuses names of servers only, and none is given here.
    let context = context.unwrap_or_else(|error| unreachable!("a TLS context: {error}"));
    builder.tls_context(context).build_https()
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

    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    use super::*;

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
