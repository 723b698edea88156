//! Which directories of a file system are in use, and where each one is in a copy.
//!
//! After a cut-over the live files are in a directory that AWS Backup created (`/aws-backup-restore_…/storage`), and after the
//! next cut-over they are nested another level deeper: a restore keeps the whole path below its new directory.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::directory;

/// The root of a file system: everything except the directories of restores.
pub const WHOLE: &str = "/";

/// Maximum paths that AWS Backup restores in one job (AWS Backup Developer Guide, "Restore an Amazon EFS file system").
pub const MOST_ITEMS: usize = 5;

/// Precedes the id of an access point that uses a directory.
pub const ACCESS_POINT: &str = "access point ";

/// Evidence of which directories of a file system are in use. Stored in the captured configuration, as [`IN_USE`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoriesInUse {
    /// The descriptor's `roots`.
    #[serde(default)]
    pub declared: Vec<String>,
    /// What the descriptor's switches refer to: what their services mount, and what their parameters name.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Switches for which that could not be determined, and why.
    #[serde(rename = "untold", default)]
    pub unknown: Vec<String>,
}

/// The field of a captured configuration that holds a [`DirectoriesInUse`].
pub const IN_USE: &str = "InUse";

/// A volume that mounts the file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Name of the switch.
    pub switch: String,
    /// What mounts it, as text: "service web of cluster hubs".
    pub by: String,
    /// Empty if the switch has no volumes.
    pub volume: String,
    /// Absolute; `None` if the access point determines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_point: Option<String>,
}

/// A directory in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveDirectory {
    pub path: String,
    /// Who uses it, as text.
    pub by: Vec<String>,
}

impl DirectoriesInUse {
    /// As captured; `None` for a set of an older version, which did not capture it.
    pub fn captured(configuration: &Value) -> Option<Self> {
        serde_json::from_value(configuration.get(IN_USE)?.clone()).ok()
    }

    /// The directories in use: those declared and mounted, then those of the captured access points, except the root, for which
    /// `efs-access` has an access point. Empty if nothing is declared or mounted.
    pub fn live(&self, configuration: &Value) -> Vec<LiveDirectory> {
        let points: Vec<(&str, &str)> = points(configuration).collect();
        let mut live: Vec<LiveDirectory> = Vec::new();
        let mut add = |path: &str, by: String| {
            let path = normal(path);
            match live.iter_mut().find(|known| known.path == path) {
                Some(known) => known.by.push(by),
                None => live.push(LiveDirectory { path, by: vec![by] }),
            }
        };
        for path in &self.declared {
            add(path, "the descriptor's roots".to_owned());
        }
        for mount in &self.mounts {
            if let Some(root) = mount.root_among(&points) {
                add(root, mount.by.clone());
            }
        }
        // Access points alone do not prove that other directories are unused.
        let is_known = self.is_known(&points);
        for (id, path) in points.iter().filter(|(_, path)| is_known && normal(path) != WHOLE) {
            add(path, format!("{ACCESS_POINT}{id}"));
        }
        live
    }

    /// Whether anything is declared, or known to be mounted.
    fn is_known(&self, points: &[(&str, &str)]) -> bool {
        !self.declared.is_empty() || self.mounts.iter().any(|mount| mount.root_among(points).is_some())
    }

    /// The directory that a switch's volume mounted.
    pub fn mounted(&self, configuration: &Value, switch: &str, volume: &str) -> Option<String> {
        let points: Vec<(&str, &str)> = points(configuration).collect();
        let matches = |mount: &&Mount| mount.switch == switch && mount.volume == volume;
        let mount = self.mounts.iter().find(matches)?;
        mount.root_among(&points).map(normal)
    }
}

impl Mount {
    fn root_among<'a>(&'a self, points: &[(&str, &'a str)]) -> Option<&'a str> {
        match &self.access_point {
            Some(id) => points.iter().find(|(known, _)| known == id).map(|(_, path)| *path),
            None => Some(self.root.as_deref().unwrap_or(WHOLE)),
        }
    }
}

/// The id and path of each captured access point.
fn points(configuration: &Value) -> impl Iterator<Item = (&str, &str)> {
    let points = configuration["AccessPoints"].as_array().into_iter().flatten();
    points.filter_map(|point| {
        let path = point["RootDirectory"]["Path"].as_str().unwrap_or(WHOLE);
        Some((point["AccessPointId"].as_str()?, path))
    })
}

/// An absolute path without doubled and trailing slashes.
pub fn normal(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// The roots that are counted, sampled and (by [`items`]) restored: the whole file system until a restore has left a directory in
/// it; from then on the directories in use, since nothing else distinguishes a live tree from an abandoned one. `existing` are the
/// directories in use that exist.
pub fn covered(existing: &[String], restores: bool) -> Vec<String> {
    if existing.is_empty() || !restores {
        return vec![WHOLE.to_owned()];
    }
    let mut covered: Vec<String> = Vec::new();
    let counted_with_another = |path: &String| existing.iter().any(|other| other != path && counts(other, path));
    for path in existing {
        if !counted_with_another(path) && !covered.contains(path) {
            covered.push(path.clone());
        }
    }
    covered
}

/// The paths to restore only what is `covered`; `None` if everything must be restored.
pub fn items(covered: &[String]) -> Option<Vec<String>> {
    let outermost = |path: &&String| {
        !covered
            .iter()
            .any(|other| other != *path && below(other, path).is_some())
    };
    let items: Vec<String> = covered.iter().filter(outermost).cloned().collect();
    let fits = (1..=MOST_ITEMS).contains(&items.len()) && !items.iter().any(|path| path == WHOLE);
    fits.then_some(items)
}

/// Whether counting `root` includes `path`: it is below the root, but not in a restore's directory there.
fn counts(root: &str, path: &str) -> bool {
    below(root, path).is_some_and(|rest| !is_of_restore(rest.split('/').next().unwrap_or_default()))
}

/// The rest of a path below a root, without the leading slash; `None` if it is not below.
pub fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')
}

/// The root that a file belongs to: the longest one that contains it.
pub fn root_of<'a>(roots: impl Iterator<Item = &'a str>, path: &str) -> Option<&'a str> {
    roots
        .filter(|root| below(root, path).is_some())
        .max_by_key(|root| root.len())
}

fn is_of_restore(name: &str) -> bool {
    directory::read(name).is_some()
}

/// Where a path of the source is in a copy that was restored into `directory`.
pub fn in_copy(directory: &str, path: &str) -> String {
    normal(&format!("{directory}/{path}"))
}

/// Where the data of a volume may have been when a copy's source was backed up, most likely first: what it was recorded to mount
/// then; otherwise what it mounts today, and that path with its leading restore directories removed one by one.
pub fn candidates(recorded: Option<String>, today: &str) -> Vec<String> {
    if let Some(recorded) = recorded {
        return vec![recorded];
    }
    let mut path = normal(today);
    let mut found = vec![path.clone()];
    while let Some((first, rest)) = path[1..].split_once('/').or(Some((&path[1..], "")))
        && is_of_restore(first)
    {
        path = normal(rest);
        found.push(path.clone());
    }
    found
}

#[cfg(test)]
mod tests;
