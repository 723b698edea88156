//! Which directories of a file system are in use, and where each lies in a copy of it.
//!
//! After a cut-over the live files are in a directory that AWS Backup made (`/aws-backup-restore_…/storage`), and after the next
//! one in a directory within it: a restore keeps the whole path below its new directory.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::directory;

/// The root of a file system: everything but the directories of restores.
pub const WHOLE: &str = "/";

/// How many paths AWS Backup restores in one job at most (AWS Backup Developer Guide, "Restore an Amazon EFS file system").
pub const MOST_ITEMS: usize = 5;

/// How an access point is told as a user of a directory.
pub const ACCESS_POINT: &str = "access point ";

/// What names directories of a file system as in use. Kept with the captured configuration, as [`IN_USE`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoriesInUse {
    /// The descriptor's `roots`.
    #[serde(default)]
    pub declared: Vec<String>,
    /// Where the descriptor's switches lead: what their services mount, and what their parameters name.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Switches of which that could not be told, and why.
    #[serde(default)]
    pub untold: Vec<String>,
}

/// The field of a captured configuration that holds a [`DirectoriesInUse`].
pub const IN_USE: &str = "InUse";

/// A volume that mounts the file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Name of the switch.
    pub switch: String,
    /// What mounts it, in words: "service web of cluster hubs".
    pub by: String,
    /// Empty where the switch has no volumes.
    pub volume: String,
    /// Absolute; `None` where an access point says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_point: Option<String>,
}

/// A directory in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveDirectory {
    pub path: String,
    /// Who uses it, in words.
    pub by: Vec<String>,
}

impl DirectoriesInUse {
    /// As it was captured; `None` in a set that was captured before this was.
    pub fn captured(configuration: &Value) -> Option<Self> {
        serde_json::from_value(configuration.get(IN_USE)?.clone()).ok()
    }

    /// The directories in use, by what is declared and mounted, and then by the captured access points but those of the root: the
    /// function that sees into the file system has one. None where nothing is declared or mounted.
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
        // An access point alone does not tell that the rest is not used.
        let told = self.is_known(&points);
        for (id, path) in points.iter().filter(|(_, path)| told && normal(path) != WHOLE) {
            add(path, format!("{ACCESS_POINT}{id}"));
        }
        live
    }

    /// Whether anything is declared, or known to be mounted.
    fn is_known(&self, points: &[(&str, &str)]) -> bool {
        !self.declared.is_empty() || self.mounts.iter().any(|mount| mount.root_among(points).is_some())
    }

    /// What a switch's volume mounted.
    pub fn mounted(&self, configuration: &Value, switch: &str, volume: &str) -> Option<String> {
        let points: Vec<(&str, &str)> = points(configuration).collect();
        let of_both = |mount: &&Mount| mount.switch == switch && mount.volume == volume;
        let mount = self.mounts.iter().find(of_both)?;
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

/// Id and path of each captured access point.
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

/// What is counted and sampled, and by [`items`] restored: all of the file system while no restore has left a directory in it;
/// from then on what is in use, since nothing else tells an abandoned tree from a live one. `there` are the directories in use
/// that are there.
pub fn covered(there: &[String], restores: bool) -> Vec<String> {
    if there.is_empty() || !restores {
        return vec![WHOLE.to_owned()];
    }
    let mut covered: Vec<String> = Vec::new();
    let seen_with_another = |path: &String| there.iter().any(|other| other != path && sees(other, path));
    for path in there {
        if !seen_with_another(path) && !covered.contains(path) {
            covered.push(path.clone());
        }
    }
    covered
}

/// The paths of a restore that brings back what is `covered` and nothing else; `None` where it has to bring back everything.
pub fn items(covered: &[String]) -> Option<Vec<String>> {
    let within = |path: &&String| {
        !covered
            .iter()
            .any(|other| other != *path && below(other, path).is_some())
    };
    let items: Vec<String> = covered.iter().filter(within).cloned().collect();
    let fits = (1..=MOST_ITEMS).contains(&items.len()) && !items.iter().any(|path| path == WHOLE);
    fits.then_some(items)
}

/// Whether counting `root` counts what is at `path`: what is below it, but not in a restore's directory in it.
fn sees(root: &str, path: &str) -> bool {
    below(root, path).is_some_and(|rest| !is_restores(rest.split('/').next().unwrap_or_default()))
}

/// The rest of a path below a root, without the leading slash; `None` where it is elsewhere.
pub fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')
}

/// Of some roots, the one to which a file belongs: the longest.
pub fn root_of<'a>(roots: impl Iterator<Item = &'a str>, path: &str) -> Option<&'a str> {
    roots
        .filter(|root| below(root, path).is_some())
        .max_by_key(|root| root.len())
}

fn is_restores(name: &str) -> bool {
    directory::read(name).is_some()
}

/// Where a path of the source lies in a copy that is in `directory`.
pub fn in_copy(directory: &str, path: &str) -> String {
    normal(&format!("{directory}/{path}"))
}

/// Where the data of a volume may have been when a copy's source was backed up, the likeliest first: what it was then known to
/// mount, or else what it mounts today, without one after the other of the restores' directories at its beginning.
pub fn candidates(recorded: Option<String>, today: &str) -> Vec<String> {
    if let Some(recorded) = recorded {
        return vec![recorded];
    }
    let mut path = normal(today);
    let mut found = vec![path.clone()];
    while let Some((first, rest)) = path[1..].split_once('/').or(Some((&path[1..], "")))
        && is_restores(first)
    {
        path = normal(rest);
        found.push(path.clone());
    }
    found
}

#[cfg(test)]
mod tests;
