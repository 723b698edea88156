#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::aws::service::{Client, LAMBDA};

/// From the kernel: the second field of a socket's `timer` is the remaining time, in hundredths of a second, and the first is 02
/// for the keepalive timer.
#[tokio::test]
async fn a_silent_connection_is_kept_alive() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let aws = calling(
        format!("http://{}", server.local_addr().unwrap()),
        http_client("eu-west-1"),
    );
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

fn calling(endpoint: String, client: SharedHttpClient) -> SdkConfig {
    let keys = Credentials::new("id", "key", None, None, "");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(client)
        .build()
}

/// A server whose certificate has an authority of its own is reached only by clients that trust this authority.
#[tokio::test]
async fn only_a_server_that_is_trusted_is_called() {
    let key = KeyPair::generate().unwrap();
    let of_authority = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = of_authority.self_signed(&key).unwrap();
    let trusted = TrustStore::empty().with_pem_certificate(certificate.pem());
    for (trust, is_called) in [(trusted, true), (trusted_in("eu-west-1"), false)] {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap();
        let serving = tokio::spawn(async move {
            let (connection, _) = server.accept().await.unwrap();
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
            let Ok(mut connection) = acceptor.accept(connection).await else {
                return;
            };
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok_and(|read| read > 0) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                connection.write_all(answer).await.unwrap();
                connection.flush().await.unwrap();
            }
        });
        let lambda = Client::new(&calling(format!("https://localhost:{port}"), client(trust)), LAMBDA);
        let answer = lambda.get("Any", "/").await;
        assert_eq!(answer.is_ok(), is_called, "{answer:?}");
        serving.await.unwrap();
    }
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
