#![allow(clippy::unwrap_used)]

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::s3::S3Store;
use crate::store::Store;

const CONTENT: &[u8] = b"0123456789";

/// What the responses after the first one have, for the byte from which they are requested.
type Answer = fn(usize) -> String;

fn rest_of_the_same(from: usize) -> String {
    format!("206 Partial Content\r\nETag: \"one\"\r\nx-amz-version-id: v1\r\nContent-Range: bytes {from}-9/10")
}

/// An S3 that sends at most `most` bytes of the object in each response, and then closes the connection. The received requests are
/// returned as they come.
async fn cutting(most: usize, resumed: Answer) -> (S3Store, UnboundedReceiver<String>) {
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
            let answer = match from {
                Some(from) => resumed(from),
                None => "200 OK\r\nETag: \"one\"\r\nx-amz-version-id: v1".to_owned(),
            };
            let rest = &CONTENT[from.unwrap_or(0)..];
            let head = format!("HTTP/1.1 {answer}\r\nContent-Length: {}\r\n\r\n", rest.len());
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
    let mut source = store.open("whole.dump", None).await?;
    crate::store::read_small(source.as_mut(), 100).await
}

#[tokio::test]
async fn a_stream_that_is_cut_resumes_where_it_was_in_the_same_version() {
    let (store, mut requests) = cutting(4, rest_of_the_same).await;
    assert_eq!(read(&store).await.unwrap(), CONTENT);
    let first = requests.recv().await.unwrap();
    assert!(
        first.starts_with("get /bucket/set/whole.dump?") && !first.contains("range:") && !first.contains("versionid"),
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
    let (store, _requests) = cutting(0, rest_of_the_same).await;
    let error = read(&store).await.unwrap_err();
    assert_eq!(error.name(), "Unavailable");
    assert!(error.to_string().contains("after 0 of 10 bytes"), "{error}");
}

#[tokio::test]
async fn a_response_that_is_not_the_rest_of_the_same_version_is_refused() {
    let others: [Answer; 6] = [
        |_| "200 OK\r\nETag: \"one\"\r\nx-amz-version-id: v1".to_owned(),
        |from| rest_of_the_same(from - 1),
        |from| rest_of_the_same(from).replace("/10", "/11"),
        |from| rest_of_the_same(from).replace("-9/", "-8/"),
        |from| rest_of_the_same(from).replace("one", "two"),
        |from| rest_of_the_same(from).replace("v1", "v2"),
    ];
    for other in others {
        let (store, _requests) = cutting(4, other).await;
        let error = read(&store).await.unwrap_err();
        assert_eq!(error.name(), "VerificationFailed", "{}", other(4));
        assert!(error.to_string().contains("from byte 4: the response has"), "{error}");
    }
}
