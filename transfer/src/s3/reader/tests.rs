#![allow(clippy::unwrap_used)]

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::s3::S3Store;
use crate::store::Store;

const CONTENT: &[u8] = b"0123456789";

/// An S3 that sends at most `most` bytes of the object in each response, and then closes the connection. The received requests are
/// returned as they come.
async fn cutting(most: usize) -> (S3Store, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (send, received) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 16 << 10];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            let from = request
                .split_once("range: bytes=")
                .and_then(|(_, range)| range.split('-').next()?.parse::<usize>().ok());
            let status = if from.is_some() {
                "206 Partial Content"
            } else {
                "200 OK"
            };
            let rest = &CONTENT[from.unwrap_or(0)..];
            let head = format!(
                "HTTP/1.1 {status}\r\nETag: \"one\"\r\nContent-Length: {}\r\n\r\n",
                rest.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&rest[..most.min(rest.len())]).await;
            let _ = send.send(request);
        }
    });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    (
        S3Store::new(aws_sdk_s3::Client::from_conf(config), "bucket", "set"),
        received,
    )
}

async fn read(store: &S3Store) -> Result<Vec<u8>> {
    let mut source = store.open("whole.dump", Some("v1")).await?;
    crate::store::read_small(source.as_mut(), 100).await
}

#[tokio::test]
async fn a_stream_that_is_cut_resumes_where_it_was_in_the_same_version() {
    let (store, mut requests) = cutting(4).await;
    assert_eq!(read(&store).await.unwrap(), CONTENT);
    let first = requests.recv().await.unwrap();
    assert!(
        first.starts_with("get /bucket/set/whole.dump?") && !first.contains("range:"),
        "{first}"
    );
    for from in [4, 8] {
        let next = requests.recv().await.unwrap();
        assert!(next.contains(&format!("range: bytes={from}-")), "{next}");
        assert!(
            next.contains("if-match: \"one\"") && next.contains("versionid=v1"),
            "{next}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_is_always_cut_before_its_first_byte_is_given_up() {
    let (store, _requests) = cutting(0).await;
    let error = read(&store).await.unwrap_err();
    assert_eq!(error.name(), "Unavailable");
    assert!(error.to_string().contains("after 0 of 10 bytes"), "{error}");
}
