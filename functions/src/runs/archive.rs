//! The stack's archive in S3, and the clients that write and read dumps in it: for the steps of the program `transfers`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use aws_config::SdkConfig;
use holdfast_transfer::postgres::{Clients, Manifest, Server};
use holdfast_transfer::s3::S3Store;

use crate::catalog::Catalog;
use crate::domain::transfers::DumpFacts;
use crate::domain::transfers::database_access::ServerAddress;
use crate::error::{Error, Result};
use crate::runs::database::{credentials, tls};
use crate::runs::needs::DatabaseNeeds;
use crate::runtime;

/// Where Lambda unpacks layers (Lambda Developer Guide, "Working with layers").
const LAYERS: &str = "/opt";

/// The archive and the client programs.
pub struct Archive {
    pub s3: aws_sdk_s3::Client,
    pub bucket: String,
    clients: PathBuf,
}

impl Archive {
    /// From the settings `ARCHIVE_BUCKET` and `CLIENTS_ROOT`.
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        let clients = runtime::optional_setting("CLIENTS_ROOT");
        Ok(Self {
            s3: aws_sdk_s3::Client::new(aws),
            bucket: runtime::setting("ARCHIVE_BUCKET")?,
            clients: clients.unwrap_or_else(|| LAYERS.to_owned()).into(),
        })
    }

    /// A folder of the archive.
    pub fn folder(&self, folder: &str) -> S3Store {
        S3Store::new(self.s3.clone(), &self.bucket, folder)
    }

    /// The client programs of the layer.
    pub async fn clients(&self) -> Result<Clients> {
        Ok(Clients::find(&self.clients).await?)
    }
}

/// For the steps that move a database's data.
pub struct DumpNeeds {
    pub catalog: Catalog,
    pub database: DatabaseNeeds,
    pub archive: Archive,
}

impl DumpNeeds {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            database: DatabaseNeeds::from_env(aws)?,
            archive: Archive::from_env(aws)?,
        })
    }
}

/// Runs what moves data within the limit of where it runs. What is cut off ends its programs and uploads.
///
/// # Errors
/// `DeadlineExceeded` with what to do; else the work's own.
pub async fn within_limit<T, E: Into<Error>>(doing: &str, work: impl Future<Output = Result<T, E>>) -> Result<T> {
    let Some(limit) = runtime::time_limit() else {
        return work.await.map_err(Into::into);
    };
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(Error::DeadlineExceeded(format!(
            "{doing}: it was not finished after {} s, and a function has no more than 15 minutes. Let a task do it: `run_in: task` at \
             the resource, then `holdfast apply`",
            limit.as_secs()
        ))),
    }
}

/// A server with its login, which is read now.
///
/// # Errors
/// `InvalidInput` for a secret without a login; those of Secrets Manager.
pub async fn server(needs: &DatabaseNeeds, address: &ServerAddress) -> Result<Server> {
    let login = credentials::login(&needs.secrets, &address.login_secret).await?;
    Ok(Server {
        host: address.host.clone(),
        port: address.port,
        user: login.username,
        password: login.password,
        tls: Arc::new(tls::config(needs.authorities.as_deref())?),
        maintenance_database: address.maintenance_database.clone(),
    })
}

/// What a manifest says, as other steps need it.
pub fn facts(manifest: &Manifest) -> DumpFacts {
    let counted = |(name, count): (&String, &i64)| Some((name.clone(), u64::try_from(*count).ok()?));
    let unread = manifest.globals_unread.iter();
    DumpFacts {
        captured_at: manifest.captured_at,
        seconds: manifest.seconds,
        size_bytes: manifest.size(),
        database_bytes: manifest.database.size,
        counts: manifest.probes.iter().filter_map(counted).collect(),
        uncounted: manifest.probes_failed.clone(),
        remarks: unread
            .map(|why| {
                format!("the server's roles are not in the dump, and a new server needs them created by hand: {why}")
            })
            .collect(),
    }
}

/// The labels of a dump: whose it is, and where its database was.
pub fn labels(deployment: &str, set: &str, resource: &str, address: &ServerAddress) -> BTreeMap<String, String> {
    let labels = [
        ("deployment", deployment.to_owned()),
        ("set", set.to_owned()),
        ("resource", resource.to_owned()),
        ("host", address.host.clone()),
        ("port", address.port.to_string()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The one of a dump's labels that a step needs.
///
/// # Errors
/// `VerificationFailed` for a dump without it.
pub fn label<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a str> {
    let label = manifest.labels.get(name).map(String::as_str);
    label.ok_or_else(|| {
        Error::VerificationFailed(format!(
            "a dump's manifest has no label {name}: Holdfast did not write it"
        ))
    })
}
