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
pub struct InUse {
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

/// The field of a captured configuration that holds an [`InUse`].
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
pub struct Live {
    pub path: String,
    /// Who uses it, in words.
    pub by: Vec<String>,
}

impl InUse {
    /// As it was captured; `None` in a set that was captured before this was.
    pub fn captured(configuration: &Value) -> Option<Self> {
        serde_json::from_value(configuration.get(IN_USE)?.clone()).ok()
    }

    /// The directories in use, by what is declared and mounted, and then by the captured access points but those of the root: the
    /// function that sees into the file system has one. None where nothing is declared or mounted.
    pub fn live(&self, configuration: &Value) -> Vec<Live> {
        let points: Vec<(&str, &str)> = points(configuration).collect();
        let mut live: Vec<Live> = Vec::new();
        let mut add = |path: &str, by: String| {
            let path = normal(path);
            match live.iter_mut().find(|known| known.path == path) {
                Some(known) => known.by.push(by),
                None => live.push(Live { path, by: vec![by] }),
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
        let told = self.tells(&points);
        for (id, path) in points.iter().filter(|(_, path)| told && normal(path) != WHOLE) {
            add(path, format!("{ACCESS_POINT}{id}"));
        }
        live
    }

    /// Whether anything is declared, or known to be mounted.
    fn tells(&self, points: &[(&str, &str)]) -> bool {
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const R1: &str = "/aws-backup-restore_2026-11-20T02-15-03-123Z";
    const R2: &str = "/aws-backup-restore_2026-11-21T02-15-03-123456789Z";

    fn paths(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    fn mount(switch: &str, root: Option<&str>, access_point: Option<&str>) -> Mount {
        Mount {
            switch: switch.into(),
            by: format!("service {switch}"),
            volume: "storage".into(),
            root: root.map(str::to_owned),
            access_point: access_point.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_declared_mounted_or_behind_an_access_point_is_in_use() {
        let in_use = InUse {
            declared: paths(&["/reports/"]),
            mounts: vec![
                mount("web", Some("/storage/"), None),
                mount("jobs", Some("storage"), None),
                mount("cron", None, Some("fsap-1")),
                mount("gone", None, Some("fsap-9")),
            ],
            untold: Vec::new(),
        };
        let point = |id: &str, path: &str| json!({"AccessPointId": id, "RootDirectory": {"Path": path}});
        let configuration =
            json!({"AccessPoints": [point("fsap-1", "/cron"), point("fsap-2", "/"), point("fsap-3", "/x")]});
        let live = in_use.live(&configuration);
        let found: Vec<_> = live.iter().map(|live| live.path.as_str()).collect();
        assert_eq!(found, ["/reports", "/storage", "/cron", "/x"]);
        assert_eq!(live[1].by, ["service web", "service jobs"]);
        assert_eq!(live[2].by, ["service cron", "access point fsap-1"]);
        let mounted = |switch| in_use.mounted(&configuration, switch, "storage");
        assert_eq!(mounted("cron"), Some("/cron".to_owned()));
        assert_eq!(mounted("web"), Some("/storage".to_owned()));
        assert_eq!(mounted("gone"), None);
        let kept = json!({ IN_USE: in_use });
        assert_eq!(InUse::captured(&kept), Some(in_use));
        assert_eq!(InUse::captured(&configuration), None);
    }

    #[test]
    fn all_is_covered_until_a_restore_has_left_a_directory() {
        let storage = paths(&["/storage"]);
        assert_eq!(covered(&storage, false), [WHOLE]);
        assert_eq!(covered(&[], true), [WHOLE]);
        assert_eq!(covered(&storage, true), ["/storage"]);
        assert_eq!(items(&covered(&storage, false)), None);
        assert_eq!(items(&covered(&storage, true)), Some(storage));
    }

    #[test]
    fn a_directory_within_another_is_covered_once_unless_a_restore_made_it() {
        let live = format!("{R1}/storage");
        for (there, wanted, restored) in [
            (vec!["/a", "/a/b", "/ab"], vec!["/a", "/ab"], Some(vec!["/a", "/ab"])),
            (vec!["/", "/a", live.as_str()], vec!["/", live.as_str()], None),
            (
                vec![live.as_str(), "/storage"],
                vec![live.as_str(), "/storage"],
                Some(vec![live.as_str(), "/storage"]),
            ),
            (vec![R1, live.as_str()], vec![R1], Some(vec![R1])),
        ] {
            let covered = covered(&paths(&there), true);
            assert_eq!(covered, wanted, "{there:?}");
            assert_eq!(items(&covered), restored.map(|all| paths(&all)), "{there:?}");
        }
        // What a restore made within what is in use is not counted with it, and is restored with it.
        let nested = format!("{R2}{R1}/x");
        let both = covered(&paths(&[R2, &nested]), true);
        assert_eq!(both, [R2, nested.as_str()]);
        assert_eq!(items(&both), Some(paths(&[R2])));
    }

    #[test]
    fn what_is_more_than_a_job_restores_by_paths_is_restored_whole() {
        let six = paths(&["/1", "/2", "/3", "/4", "/5", "/6"]);
        assert_eq!(items(&six[..5]), Some(six[..5].to_vec()));
        assert_eq!(items(&six), None);
    }

    #[test]
    fn data_is_looked_for_where_it_was_or_without_the_restores_since() {
        let today = format!("{R2}{R1}/storage/");
        assert_eq!(
            candidates(None, &today),
            [
                format!("{R2}{R1}/storage"),
                format!("{R1}/storage"),
                "/storage".to_owned()
            ]
        );
        assert_eq!(candidates(None, R1), [R1, WHOLE]);
        assert_eq!(candidates(None, "storage"), ["/storage"]);
        assert_eq!(candidates(None, "/"), [WHOLE]);
        assert_eq!(candidates(Some("/storage".into()), &today), ["/storage"]);
        assert_eq!(in_copy(R2, "/storage"), format!("{R2}/storage"));
        assert_eq!(in_copy(R2, "/"), R2);
    }

    #[test]
    fn a_file_belongs_to_the_nearest_root() {
        let roots = ["/", "/a", "/a/b"];
        let root = |path| root_of(roots.into_iter(), path);
        assert_eq!(root("/a/b/c"), Some("/a/b"));
        assert_eq!(root("/a/bc"), Some("/a"));
        assert_eq!(root("/x"), Some("/"));
        assert_eq!(root_of(["/a"].into_iter(), "/x"), None);
    }
}
