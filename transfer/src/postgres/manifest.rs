//! What is written of a dump when it is complete. A dump without its manifest is no dump.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::version::ServerVersion;
use crate::error::{Result, TransferError};
use crate::store::{Store, StoredObject, read_small};

/// The manifest's name in its folder.
pub const MANIFEST: &str = "manifest.json";
/// The form that this program writes, and the newest that it reads.
const FORM: u32 = 1;
/// A manifest is far smaller.
const LARGEST: usize = 16 << 20;

/// What an archive contains of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it: `pg_restore` restores the archive by itself.
    Whole,
    /// The definitions: sections `pre-data` and `post-data`.
    Schema,
    /// The rows of some tables, and large objects and sequences in the first such archive: section `data`.
    Data,
}

/// One archive of `pg_dump --format=custom`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    pub part: Part,
    pub object: StoredObject,
    /// The tables whose rows are in it.
    pub tables: usize,
    /// Entries of its table of contents.
    pub entries: usize,
}

/// What a new database needs before an archive can be restored into it, and what `pg_dump` does not dump: settings and
/// privileges of the database itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFacts {
    pub name: String,
    pub owner: String,
    pub encoding: String,
    pub collate: String,
    pub ctype: String,
    /// `libc`, `icu` or `builtin`.
    pub locale_provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icu_rules: Option<String>,
    /// -1 for no limit.
    pub connection_limit: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// `ALTER DATABASE … SET`, for a role if it has one.
    pub settings: Vec<Setting>,
    /// `None` if nobody changed the default privileges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
    /// Every role that the dump names as owner or in a privilege.
    pub roles: Vec<String>,
    /// Of these, the owners of what an archive creates.
    #[serde(default)]
    pub owners: Vec<String>,
    /// Of each owner who has things in a schema of another one, one of these things.
    #[serde(default)]
    pub guests: Vec<Guest>,
    /// Extensions with their versions.
    pub extensions: BTreeMap<String, String>,
    /// Bytes on the server's disk.
    pub size: u64,
}

/// Something in another role's schema. Its owner needs the privileges of that role, unless a superuser restores: an archive grants
/// privileges on a schema last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    pub name: String,
    pub owner: String,
    /// `pg_database_owner` is whoever owns the database.
    pub schema_owner: String,
}

/// A parameter that is set for a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    pub name: String,
    pub value: String,
}

/// A privilege on a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// `None` is everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    pub privilege: String,
    pub grantable: bool,
}

/// A complete dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub form: u32,
    /// Whose dump it is: deployment, set, resource, as its requester named them.
    pub labels: BTreeMap<String, String>,
    /// By the server's clock, after the snapshot was taken: nothing that was committed later is in the dump.
    pub captured_at: Timestamp,
    pub server: ServerVersion,
    /// How long the dump took, in seconds by the server's clock; 0 if it is not known.
    #[serde(default)]
    pub seconds: u64,
    /// The version of `pg_dump`.
    pub client: String,
    pub client_major: u32,
    pub database: DatabaseFacts,
    /// Tables with rows of their own in the snapshot.
    pub tables: usize,
    /// Counts taken in the dump's own snapshot, by the probes' names.
    pub probes: BTreeMap<String, i64>,
    /// Why other probes could not be counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub probes_failed: BTreeMap<String, String>,
    pub archives: Vec<Archive>,
    /// `pg_dumpall --globals-only --no-role-passwords`; `None` if the server does not let them be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub globals: Option<StoredObject>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub globals_unread: Option<String>,
}

impl Manifest {
    /// A manifest of the present form.
    pub const FORM: u32 = FORM;

    /// Bytes of all archives.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.archives.iter().map(|archive| archive.object.size).sum()
    }

    /// Every object but the manifest.
    #[must_use]
    pub fn objects(&self) -> Vec<StoredObject> {
        let archives = self.archives.iter().map(|archive| archive.object.clone());
        archives.chain(self.globals.clone()).collect()
    }

    /// The text that is stored.
    ///
    /// # Errors
    /// `JobFailed` if it cannot be written as JSON, which its types exclude.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|error| TransferError::JobFailed(format!("writing a manifest: {error}")))
    }
}

/// The manifest of the dump in a folder; `None` if there is no complete dump.
///
/// # Errors
/// `VerificationFailed` if it cannot be read; those of the store.
pub async fn find(store: &dyn Store) -> Result<Option<Manifest>> {
    let mut source = match store.open(MANIFEST, None).await {
        Ok(source) => source,
        Err(TransferError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = read_small(source.as_mut(), LARGEST).await?;
    let address = store.address();
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
        TransferError::VerificationFailed(format!("{address}{MANIFEST} is no manifest of a dump: {error}"))
    })?;
    if manifest.form > FORM {
        return Err(TransferError::VerificationFailed(format!(
            "{address}{MANIFEST} has form {}, and this version reads at most {FORM}: update Holdfast",
            manifest.form
        )));
    }
    Ok(Some(manifest))
}

/// The manifest of the dump in a folder.
///
/// # Errors
/// `NotFound` if there is no complete dump; those of [`find`].
pub async fn read(store: &dyn Store) -> Result<Manifest> {
    find(store).await?.ok_or_else(|| {
        TransferError::NotFound(format!(
            "{} has no complete dump: its manifest does not exist. Choose another set",
            store.address()
        ))
    })
}
