//! `archive-access`: verifies, lists, tags and deletes what is in the stack's archive.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use holdfast_transfer::postgres::{Depth, MANIFEST, Manifest, delete_dump, find_dump, read_dump, verify};
use holdfast_transfer::s3::{find_manifests, object_tags};
use holdfast_transfer::store::{Store, StoredObject};
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::names::TAG_SEALED;
use crate::domain::transfers::archive_access::{ArchiveRequest, Dumps, FolderRemoval, ListedDump, Removal};
use crate::error::{Class, Error, Result};
use crate::runs::archive::{Archive, facts, label};
use crate::runtime::json_of as json;

pub struct Needs {
    archive: Archive,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            archive: Archive::from_env(aws)?,
        })
    }
}

pub async fn handle(Needs { archive }: &Needs, request: ArchiveRequest) -> Result<Value> {
    match request {
        ArchiveRequest::VerifyDump { folder } => {
            let store = archive.folder(&folder);
            let manifest = read_dump(&store).await?;
            verify(&archive.clients().await?, &manifest, &store, Depth::Stored).await?;
            json(facts(&manifest))
        }
        ArchiveRequest::ListDumps { folder } => json(list(archive, &folder).await?),
        ArchiveRequest::SealDump { folder, points } => json(seal(archive, &folder, points).await?),
        ArchiveRequest::DeleteFolder { folder } => {
            archive.folder(&folder).remove_others(&[]).await?;
            json(FolderRemoval { gone: true })
        }
        ArchiveRequest::DeleteDump { folder, deployment } => json(delete(archive, &folder, &deployment).await?),
    }
}

async fn list(archive: &Archive, below: &str) -> Result<Dumps> {
    let mut dumps = Vec::new();
    for (folder, stored) in find_manifests(&archive.s3, &archive.bucket, below, MANIFEST).await? {
        match describe(archive, folder.clone(), stored).await {
            Ok(dump) => dumps.extend(dump),
            // One that is unreadable, or of a newer version of Holdfast, hides no other.
            Err(error) if error.class() == Class::Final => {
                tracing::warn!(folder, error = error.name(), message = %error, "left out");
            }
            Err(error) => return Err(error),
        }
    }
    dumps.sort_by_key(ListedDump::captured_at);
    Ok(Dumps { dumps })
}

/// `None` for one that was deleted since it was listed.
async fn describe(archive: &Archive, folder: String, finished_at: Timestamp) -> Result<Option<ListedDump>> {
    let Some(manifest) = find_dump(&archive.folder(&folder)).await? else {
        return Ok(None);
    };
    let tags = object_tags(&archive.s3, &archive.bucket, &format!("{folder}/{MANIFEST}")).await?;
    let port = label(&manifest, "port")?;
    let port = port.parse().map_err(|_| {
        Error::VerificationFailed(format!("a dump's manifest has port {port}: Holdfast did not write it"))
    })?;
    Ok(Some(ListedDump {
        deployment: label(&manifest, "deployment")?.to_owned(),
        set: label(&manifest, "set")?.to_owned(),
        resource: label(&manifest, "resource")?.to_owned(),
        database: manifest.database.name.clone(),
        host: label(&manifest, "host")?.to_owned(),
        port,
        facts: facts(&manifest),
        finished_at,
        sealed: tags.get(TAG_SEALED).and_then(|points| points.parse().ok()),
        folder,
    }))
}

async fn seal(archive: &Archive, folder: &str, points: usize) -> Result<()> {
    let store = archive.folder(folder);
    let manifest = read_dump(&store).await?;
    let labels = manifest.labels.iter();
    let mut tags: BTreeMap<String, String> = labels
        .map(|(name, value)| (format!("holdfast:{name}"), value.clone()))
        .collect();
    tags.insert(TAG_SEALED.to_owned(), points.to_string());
    let object = StoredObject {
        name: MANIFEST.to_owned(),
        size: 0,
        sha256: String::new(),
        checksum: String::new(),
        version: None,
    };
    Ok(store.tag(&object, &tags).await?)
}

async fn delete(archive: &Archive, folder: &str, deployment: &str) -> Result<Removal> {
    let store = archive.folder(folder);
    let removed = match find_dump(&store).await? {
        Some(manifest) if label(&manifest, "deployment")? != deployment => {
            return Ok(Removal::NotOurs(not_ours(&manifest, &store.address())));
        }
        Some(manifest) => delete_dump(&manifest, &store).await,
        None => Ok(()),
    };
    // What an attempt that was killed has left.
    let removed = match removed {
        Ok(()) => store.remove_others(&[]).await,
        refused => refused,
    };
    match removed.map_err(Error::from) {
        Ok(()) => Ok(Removal::Gone),
        Err(Error::AccessDenied(reason)) => Ok(Removal::Kept(reason)),
        Err(error) => Err(error),
    }
}

fn not_ours(manifest: &Manifest, address: &str) -> String {
    format!("{address} has a dump with the labels {:?}", manifest.labels)
}
