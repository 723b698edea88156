//! The `roots` of a file system follow a cut-over too, if a switch referred to them: declared roots are counted and restored as in
//! use.

use jiff::Timestamp;

use super::change::{DescriptorChange, DescriptorField};
use crate::domain::descriptor::Descriptor;
use crate::domain::efs_access::roots::{DirectoriesInUse, candidates, in_copy};
use crate::domain::kinds;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};

/// The changes for declared roots that are in a copy after these switches.
pub fn changes(
    descriptor: &Descriptor,
    switched: &[SwitchRecord],
    items: &[RestoreItem],
    now: Timestamp,
) -> Vec<DescriptorChange> {
    let mut changes: Vec<DescriptorChange> = Vec::new();
    for done in switched.iter().filter(|switched| switched.state == SwitchState::Done) {
        let name = &done.switch.resource;
        let item = items.iter().find(|item| item.planned.resource.name == *name);
        let (Some(item), Some(protected)) = (item, descriptor.resources.get(name)) else {
            continue;
        };
        let (Some(in_use), Some(directory)) = (DirectoriesInUse::captured(&item.configuration), directory(item)) else {
            continue;
        };
        for root in moved(done, item, &in_use) {
            // It may be declared with its path in the copy of an earlier restore.
            let declared = protected
                .roots
                .iter()
                .find(|declared| candidates(None, declared).contains(&root));
            if let Some(from) = declared
                && !changes
                    .iter()
                    .any(|change| change.resource == *name && change.from == *from)
            {
                changes.push(DescriptorChange {
                    resource: name.clone(),
                    place: DescriptorField::Root(name.clone()),
                    field: "roots".to_owned(),
                    from: from.clone(),
                    to: in_copy(directory, &root),
                    at: now,
                    back_at: None,
                });
            }
        }
    }
    changes
}

/// The directories of the source that the application uses in the copy from now on: those of the switch, or all in a new file
/// system.
fn moved(done: &SwitchRecord, item: &RestoreItem, in_use: &DirectoriesInUse) -> Vec<String> {
    if kinds::copy_identifier(item).is_some() {
        let live = in_use.live(&item.configuration).into_iter();
        return live.map(|live| live.path).collect();
    }
    let of_switch = in_use.mounts.iter().filter(|mount| mount.switch == done.switch.name);
    of_switch
        .filter_map(|mount| in_use.mounted(&item.configuration, &mount.switch, &mount.volume))
        .collect()
}

fn directory(item: &RestoreItem) -> Option<&str> {
    kinds::directory(item)?.1
}

/// The roots of a new descriptor that these changes, one or several, replaced by those in the stored descriptor.
pub fn replaced(stored: &Descriptor, new: &Descriptor, in_force: &[&DescriptorChange]) -> Vec<DescriptorChange> {
    let mut found = Vec::new();
    for (name, protected) in &new.resources {
        let Some(known) = stored.resources.get(name) else {
            continue;
        };
        let of_resource =
            |change: &&&DescriptorChange| matches!(&change.place, DescriptorField::Root(of) if of == name);
        for from in protected.roots.iter().filter(|root| !known.roots.contains(root)) {
            let (mut to, mut last) = (from, None);
            for _ in in_force {
                let next = in_force.iter().filter(of_resource).find(|change| change.from == *to);
                let Some(next) = next else { break };
                (to, last) = (&next.to, Some(*next));
            }
            if let Some(last) = last.filter(|_| known.roots.contains(to)) {
                found.push(DescriptorChange {
                    from: from.clone(),
                    ..last.clone()
                });
            }
        }
    }
    found
}

/// Replaces one root by another. Returns whether the new one is in the list now.
pub fn set(roots: &mut [String], from: &str, to: &str) -> bool {
    if roots.iter().any(|root| root == to) {
        return true;
    }
    match roots.iter_mut().find(|root| *root == from) {
        Some(root) => {
            to.clone_into(root);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{apply_changes, replaced, revert_changes};
    use super::*;
    use serde_json::{Value, json};

    const R1: &str = "/aws-backup-restore_2026-11-20T02-15-03-123Z";
    const R2: &str = "/aws-backup-restore_2026-11-21T02-15-03-123Z";

    fn descriptor(roots: &[&str]) -> Descriptor {
        Descriptor::parse(&json!({
            "deployment": "hubs",
            "resources": {"files": {"kind": "efs", "file_system": "fs-0123456789abcdef0", "roots": roots}},
            "cut_over": [{"name": "web", "kind": "ecs_service", "resource": "files", "cluster": "hubs", "service": "web"}],
        }))
        .unwrap()
    }

    /// A restore into this directory of a set in which the service mounted this root.
    fn item(directory: &str, root: &str) -> RestoreItem {
        serde_json::from_value(json!({
            "restore": "r", "status": "restored",
            "made": {"made": "directory", "file_system": "fs-0123456789abcdef0", "job": "j", "directory": directory},
            "configuration": {"InUse": {"mounts": [{"switch": "web", "by": "service web", "volume": "v", "root": root}]}},
            "planned": {
                "resource": {"name": "files", "kind": "efs", "file_system": "fs-0123456789abcdef0", "deadline_seconds": 60},
                "source": {"from": "recovery_point", "arn": "a", "vault": "v"},
                "beside": {"into": "directory", "file_system": "fs-0123456789abcdef0"},
            },
        }))
        .unwrap()
    }

    fn switched(state: &str) -> Vec<SwitchRecord> {
        let switch: Value =
            json!({"name": "web", "kind": "ecs_service", "resource": "files", "cluster": "hubs", "service": "web"});
        serde_json::from_value(json!([{"switch": switch, "state": state, "before": {}, "after": {}}])).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-21T03:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_declared_root_that_a_switch_led_to_follows_and_comes_back() {
        let mut followed = descriptor(&["/storage", "/reports"]);
        let before = followed.clone();
        let first = changes(&followed, &switched("done"), &[item(R1, "/storage")], now());
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].path(), "resources.files.roots");
        assert_eq!(apply_changes(&mut followed, &first), []);
        assert_eq!(
            followed.resources["files"].roots,
            [format!("{R1}/storage"), "/reports".to_owned()]
        );
        assert_eq!(replaced(&followed, &before, &first).len(), 1);
        // A set from before, restored a second time.
        let second = changes(&followed, &switched("done"), &[item(R2, "/storage")], now());
        assert_eq!(apply_changes(&mut followed, &second), []);
        assert_eq!(followed.resources["files"].roots[0], format!("{R2}/storage"));
        let both: Vec<DescriptorChange> = first.iter().chain(&second).cloned().collect();
        let found = replaced(&followed, &before, &both);
        assert_eq!((found.len(), found[0].from.as_str()), (1, "/storage"));
        assert_eq!(replaced(&followed, &followed, &both), []);
        assert_eq!(revert_changes(&mut followed, &second), []);
        assert_eq!(revert_changes(&mut followed, &first), []);
        assert_eq!(followed, before);
    }

    #[test]
    fn what_no_switch_led_to_stays() {
        let found =
            |roots: &[&str], state| changes(&descriptor(roots), &switched(state), &[item(R1, "/storage")], now());
        assert_eq!(found(&["/reports"], "done"), []);
        assert_eq!(found(&["/storage"], "begun"), []);
    }

    #[test]
    fn in_a_new_file_system_every_declared_root_lies_in_the_restored_directory() {
        let mut item = item(R1, "/storage");
        item.configuration["InUse"]["declared"] = json!(["/reports"]);
        item.created = serde_json::from_value(json!({
            "made": "file_system", "file_system": "fs-0123456789abcdef1", "job": "j", "directory": R1,
        }))
        .unwrap();
        let found = changes(
            &descriptor(&["/reports", "/storage"]),
            &switched("done"),
            &[item],
            now(),
        );
        let to: Vec<&str> = found.iter().map(|change| change.to.as_str()).collect();
        assert_eq!(to, [format!("{R1}/reports"), format!("{R1}/storage")]);
    }
}
