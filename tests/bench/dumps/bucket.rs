//! As much of S3 as a dump and a restore call, with its objects in files in memory: what is measured is ours, not an emulator.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

/// A running bucket.
pub struct Bucket {
    endpoint: String,
}

#[derive(Clone)]
struct Objects {
    directory: Arc<TempDir>,
    /// By key: the parts' checksums and sizes by number, and whether the object is complete.
    known: Arc<Mutex<BTreeMap<String, Object>>>,
}

#[derive(Default, Clone)]
struct Object {
    parts: BTreeMap<u32, (String, u64)>,
    complete: bool,
    single: bool,
}

impl Object {
    fn checksum(&self) -> String {
        if self.single {
            return self
                .parts
                .values()
                .next()
                .map(|part| part.0.clone())
                .unwrap_or_default();
        }
        let mut digest = Sha256::new();
        for (checksum, _) in self.parts.values() {
            digest.update(STANDARD.decode(checksum).unwrap_or_default());
        }
        format!("{}-{}", STANDARD.encode(digest.finalize()), self.parts.len())
    }
}

impl Bucket {
    pub async fn open() -> Result<Self> {
        let memory = std::path::Path::new("/dev/shm");
        let directory = if memory.is_dir() {
            tempfile::tempdir_in(memory)?
        } else {
            tempfile::tempdir()?
        };
        let objects = Objects {
            directory: Arc::new(directory),
            known: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let router = axum::Router::new()
            .route("/{bucket}/{*key}", axum::routing::any(object))
            .route("/{bucket}", axum::routing::any(list))
            .route("/{bucket}/", axum::routing::any(list))
            .layer(DefaultBodyLimit::disable())
            .with_state(objects);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { endpoint })
    }

    pub fn client(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }
}

/// Nothing is left of earlier attempts.
async fn list(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let root = if query.contains_key("uploads") {
        "ListMultipartUploadsResult"
    } else {
        "ListBucketResult"
    };
    xml(&format!("<{root}><IsTruncated>false</IsTruncated></{root}>"))
}

async fn object(
    State(objects): State<Objects>,
    Path((_, key)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let file = |number: u32| {
        objects
            .directory
            .path()
            .join(format!("{}.{number}", key.replace('/', "+")))
    };
    let number = query.get("partNumber").and_then(|number| number.parse().ok());
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    match (method.as_str(), number) {
        ("POST", _) if query.contains_key("uploads") => {
            xml("<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>")
        }
        ("POST", _) => {
            with(&objects, &key, |object| object.complete = true);
            xml("<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>")
        }
        ("PUT", _) if query.contains_key("tagging") => StatusCode::OK.into_response(),
        ("PUT", number) => {
            if tokio::fs::write(file(number.unwrap_or(1)), &body).await.is_err() {
                return StatusCode::INSUFFICIENT_STORAGE.into_response();
            }
            let part = (header("x-amz-checksum-sha256"), body.len() as u64);
            with(&objects, &key, |object| {
                object.parts.insert(number.unwrap_or(1), part);
                object.single = number.is_none();
                object.complete = number.is_none();
            });
            [("etag", "\"e\"")].into_response()
        }
        ("GET" | "HEAD", _) => match objects.known.lock().ok().and_then(|known| known.get(&key).cloned()) {
            Some(object) if object.complete => found(
                &method,
                &object,
                object.parts.keys().map(|number| file(*number)).collect(),
            ),
            _ => (StatusCode::NOT_FOUND, xml("<Error><Code>NoSuchKey</Code></Error>")).into_response(),
        },
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn with(objects: &Objects, key: &str, change: impl FnOnce(&mut Object)) {
    if let Ok(mut known) = objects.known.lock() {
        change(known.entry(key.to_owned()).or_default());
    }
}

/// The object's headers, and its parts one after the other.
fn found(method: &Method, object: &Object, files: Vec<PathBuf>) -> Response {
    let size: u64 = object.parts.values().map(|part| part.1).sum();
    let headers = [
        ("content-length", size.to_string()),
        ("x-amz-checksum-sha256", object.checksum()),
        ("etag", "\"e\"".to_owned()),
    ];
    if method == Method::HEAD {
        return (headers, Body::empty()).into_response();
    }
    let (mut send, receive) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move {
        for file in files {
            let mut file = tokio::fs::File::open(file).await?;
            tokio::io::copy(&mut file, &mut send).await?;
        }
        std::io::Result::Ok(())
    });
    let chunks = stream(receive);
    (headers, Body::from_stream(chunks)).into_response()
}

/// The bytes of a reader as a stream.
fn stream(reader: tokio::io::DuplexStream) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    futures_util::stream::unfold(reader, |mut reader| async move {
        let mut buffer = bytes::BytesMut::with_capacity(256 << 10);
        match reader.read_buf(&mut buffer).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(buffer.freeze()), reader)),
            Err(error) => Some((Err(error), reader)),
        }
    })
}

fn xml(text: &str) -> Response {
    ([("content-type", "application/xml")], text.to_owned()).into_response()
}
