//! What the tests share: a bucket, a server whose database has one of everything, and a dump of it.

use std::collections::BTreeMap;

use anyhow::Result;
use holdfast_tests::lab::{Lab, Options};
use holdfast_tests::postgres::{EVERYTHING, PostgresServer, Tls};
use holdfast_tests::s3;
use holdfast_transfer::postgres::{Clients, DumpRequest, Manifest, Probe, dump};
use holdfast_transfer::s3::S3Store;

pub const BUCKET: &str = "dumps";

/// A lab's S3 with an empty bucket.
pub struct Bucket {
    pub lab: Lab,
    pub client: aws_sdk_s3::Client,
}

impl Bucket {
    pub async fn create() -> Result<Self> {
        let lab = Lab::start(&Options::default()).await?;
        let client = s3::client(&lab);
        client.create_bucket().bucket(BUCKET).send().await?;
        Ok(Self { lab, client })
    }

    pub fn store(&self, set: &str) -> S3Store {
        S3Store::new(self.client.clone(), BUCKET, &format!("sportfin/database/{set}"))
    }
}

pub fn labels(set: &str) -> BTreeMap<String, String> {
    let pairs = [("deployment", "sportfin"), ("set", set), ("resource", "database")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

pub fn probes() -> Vec<Probe> {
    let probe = |name: &str, sql: &str| Probe {
        name: name.to_owned(),
        sql: sql.to_owned(),
        timeout_seconds: 30,
    };
    vec![
        probe("users", "SELECT count(*) FROM users"),
        probe("events", "SELECT count(*) FROM events"),
    ]
}

/// Takes a dump of database `app` as the set of this name.
pub async fn take(
    server: &PostgresServer,
    clients: &Clients,
    bucket: &Bucket,
    set: &str,
    jobs: usize,
) -> Result<Manifest> {
    let (probes, labels) = (probes(), labels(set));
    let request = DumpRequest {
        server: &server.server(),
        database: "app",
        probes: &probes,
        labels: &labels,
        jobs,
    };
    Ok(dump(clients, &request, &bucket.store(set)).await?)
}

/// A server with the database `app`, which has one of everything.
pub async fn server_with_everything(major: u32, tls: Tls, extension: &str) -> Result<PostgresServer> {
    let server = PostgresServer::start(major, tls).await?;
    server
        .execute("postgres", "CREATE DATABASE app CONNECTION LIMIT 30")
        .await?;
    server
        .execute("app", &format!("CREATE EXTENSION {extension}; {EVERYTHING}"))
        .await?;
    for setting in [
        "ALTER DATABASE app SET search_path = public, \"Odd \"\"names\"\"\"",
        "ALTER ROLE app_reader IN DATABASE app SET statement_timeout = '7s'",
        "GRANT CONNECT ON DATABASE app TO app_reader",
        "COMMENT ON DATABASE app IS 'the application''s'",
    ] {
        server.execute("postgres", setting).await?;
    }
    Ok(server)
}
