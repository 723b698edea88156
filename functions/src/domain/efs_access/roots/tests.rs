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
    let in_use = DirectoriesInUse {
        declared: paths(&["/reports/"]),
        mounts: vec![
            mount("web", Some("/storage/"), None),
            mount("jobs", Some("storage"), None),
            mount("cron", None, Some("fsap-1")),
            mount("gone", None, Some("fsap-9")),
        ],
        unknown: Vec::new(),
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
    assert_eq!(DirectoriesInUse::captured(&kept), Some(in_use));
    assert_eq!(DirectoriesInUse::captured(&configuration), None);
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
    for (existing, expected, restored) in [
        (vec!["/a", "/a/b", "/ab"], vec!["/a", "/ab"], Some(vec!["/a", "/ab"])),
        (vec!["/", "/a", live.as_str()], vec!["/", live.as_str()], None),
        (
            vec![live.as_str(), "/storage"],
            vec![live.as_str(), "/storage"],
            Some(vec![live.as_str(), "/storage"]),
        ),
        (vec![R1, live.as_str()], vec![R1], Some(vec![R1])),
    ] {
        let covered = covered(&paths(&existing), true);
        assert_eq!(covered, expected, "{existing:?}");
        assert_eq!(items(&covered), restored.map(|all| paths(&all)), "{existing:?}");
    }
    // A restore's directory within a directory in use is not counted with it, but is restored with it.
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
