//! What holds between the switches of a descriptor.

use super::cut_over::{CutOver, CutOverAction, Fact};
use super::reader::{Faults, quoted};

/// Notes names given twice, things switched twice, and names of a cluster that are written before a rename changes them.
/// Each switch comes with its index in the document.
pub fn check(faults: &mut Faults, switches: &[(usize, CutOver)]) {
    for (at, (index, switch)) in switches.iter().enumerate() {
        let (earlier, later) = (&switches[..at], &switches[at + 1..]);
        let path = |field: &str| format!("cut_over[{index}].{field}");
        if earlier.iter().any(|(_, other)| other.name == switch.name) {
            faults.add(path("name"), quoted(&switch.name), "a name that no other switch has");
        }
        for (_, other) in earlier {
            if let Some((field, twice)) =
                switched_by_both(&other.action, &switch.action, other.resource == switch.resource)
            {
                let rule = format!("something that no other switch changes; {} changes it", other.name);
                faults.add(path(field), twice, rule);
            }
        }
        let rename = later
            .iter()
            .find(|(_, other)| other.resource == switch.resource && other.action == CutOverAction::Rename);
        if let Some((_, rename)) = rename.filter(|_| names_the_cluster(&switch.action)) {
            let rule = format!(
                "a place behind {}: renaming {} gives the copy the endpoints of the old name",
                rename.name, switch.resource
            );
            faults.add(format!("cut_over[{index}]"), quoted(&switch.name), rule);
        }
    }
}

/// What two switches both change: the field that says so, and the value.
fn switched_by_both(one: &CutOverAction, other: &CutOverAction, same_resource: bool) -> Option<(&'static str, String)> {
    match (one, other) {
        (
            CutOverAction::Secret { secret, values },
            CutOverAction::Secret {
                secret: same,
                values: others,
            },
        ) if secret == same => {
            let key = others.keys().find(|key| values.contains_key(*key))?;
            Some(("values", format!("{} of the same secret", quoted(key))))
        }
        (CutOverAction::Parameter { parameter, .. }, CutOverAction::Parameter { parameter: same, .. }) => {
            (parameter == same).then(|| ("parameter", quoted(parameter)))
        }
        (
            CutOverAction::EcsService {
                cluster,
                service,
                volume,
            },
            CutOverAction::EcsService {
                cluster: same_cluster,
                service: same_service,
                volume: other_volume,
            },
        ) if cluster == same_cluster && service == same_service => match (volume, other_volume) {
            (Some(one), Some(other)) => (one == other).then(|| ("volume", quoted(one))),
            // Without a volume, all that mount the resource's file system are switched.
            _ => same_resource.then(|| ("service", quoted(service))),
        },
        (CutOverAction::RdsProxy { proxy }, CutOverAction::RdsProxy { proxy: same }) => {
            (proxy == same).then(|| ("proxy", quoted(proxy)))
        }
        // A proxy knows its cluster by a name that the rename gives to the other.
        (CutOverAction::Rename, CutOverAction::RdsProxy { proxy }) if same_resource => {
            Some(("proxy", format!("{} of a cluster that is renamed", quoted(proxy))))
        }
        (CutOverAction::RdsProxy { .. }, CutOverAction::Rename) => same_resource.then(|| {
            (
                "resource",
                "a rename of a cluster behind a proxy that is switched".to_owned(),
            )
        }),
        (CutOverAction::Rename, CutOverAction::Rename) => {
            same_resource.then(|| ("resource", "a second rename".to_owned()))
        }
        _ => None,
    }
}

fn names_the_cluster(action: &CutOverAction) -> bool {
    let names = |fact: &Fact| matches!(fact, Fact::Host | Fact::ReaderHost | Fact::Cluster);
    match action {
        CutOverAction::Secret { values, .. } => values.values().any(names),
        CutOverAction::Parameter { value, .. } => names(value),
        CutOverAction::EcsService { .. } | CutOverAction::RdsProxy { .. } | CutOverAction::Rename => false,
    }
}
