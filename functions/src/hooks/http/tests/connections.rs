//! Real connections to servers on this machine.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::web::Web;
use super::*;

/// A server that responds to one connection with these bytes, or not at all.
async fn serve(response: Option<Vec<u8>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = connection.read(&mut request).await.unwrap();
        assert!(read > 0);
        if let Some(response) = response {
            connection.write_all(&response).await.ok();
            connection.shutdown().await.ok();
        } else {
            // Until the client gives up.
            connection.read_to_end(&mut request).await.ok();
        }
    });
    port
}

async fn asked(url: String, allowed: &str, seconds: u64) -> std::result::Result<Answer, failure::Failure> {
    let web = Web::new(Internet, Some(AllowedAddresses::parse(allowed)));
    let message = Message::of_poll(&url, None, &SecretValues::default());
    let message = message.unwrap_or_else(|_| panic!("{url}"));
    web.exchange(&message, seconds, |_| false).await
}

async fn failed(url: String, allowed: &str, seconds: u64) -> String {
    match asked(url, allowed, seconds).await {
        Ok(answer) => panic!("HTTP {}", answer.status),
        Err(failure) => failure.to_string(),
    }
}

fn response(body: &str) -> Option<Vec<u8>> {
    Some(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

#[tokio::test]
async fn a_server_of_this_machine_is_reached_by_address_and_by_name_only_if_it_is_allowed() {
    for host in ["127.0.0.1", "localhost"] {
        let port = serve(response("{\"up\": true}")).await;
        let url = format!("http://{host}:{port}/");
        for allowed in ["none", "10.0.0.0/8"] {
            let told = failed(url.clone(), allowed, 20).await;
            assert!(told.contains("loopback address"), "{told}");
        }
        let answer = asked(url, "127.0.0.0/8,::1", 20).await;
        let answer = answer.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(answer.json(), Some(json!({ "up": true })));
    }
}

#[tokio::test]
async fn a_server_that_does_not_respond_is_not_waited_for() {
    let port = serve(None).await;
    let told = failed(format!("http://127.0.0.1:{port}/"), "127.0.0.0/8", 1).await;
    assert_eq!(told, "there was no whole response within 1 s");
    let port = serve(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec())).await;
    let told = failed(format!("http://127.0.0.1:{port}/"), "127.0.0.0/8", 20).await;
    assert!(told.contains("the connection failed"), "{told}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let told = failed(format!("http://127.0.0.1:{port}/"), "127.0.0.0/8", 20).await;
    assert!(told.contains("refused"), "{told}");
}

#[tokio::test]
async fn a_response_is_read_up_to_its_limit() {
    let port = serve(response(&"x".repeat(300 * 1024))).await;
    let answer = asked(format!("http://127.0.0.1:{port}/"), "127.0.0.0/8", 20).await;
    let answer = answer.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(answer.is_cut);
    assert_eq!(answer.text(&SecretValues::default()).chars().count(), 301);
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_an_error_of_its_own() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        let accepted = tokio_rustls::TlsAcceptor::from(Arc::new(config))
            .accept(connection)
            .await;
        assert!(accepted.is_err());
    });
    let told = failed(format!("https://localhost:{port}/"), "127.0.0.0/8,::1", 20).await;
    assert!(told.contains("the certificate of its server is not valid"), "{told}");
}
