//! What holds between the switches of a descriptor.

use super::cut_over::{Fact, Switch, SwitchAction};
use super::reader::{Faults, quoted};

/// Notes names given twice, things switched twice, and names of a cluster that are written before a rename changes them.
/// Each switch comes with its index in the document.
pub fn check(faults: &mut Faults, switches: &[(usize, Switch)]) {
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
            .find(|(_, other)| other.resource == switch.resource && other.action == SwitchAction::Rename);
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
fn switched_by_both(one: &SwitchAction, other: &SwitchAction, same_resource: bool) -> Option<(&'static str, String)> {
    match (one, other) {
        (
            SwitchAction::Secret { secret, values },
            SwitchAction::Secret {
                secret: same,
                values: others,
            },
        ) if secret == same => {
            let key = others.keys().find(|key| values.contains_key(*key))?;
            Some(("values", format!("{} of the same secret", quoted(key))))
        }
        (SwitchAction::Parameter { parameter, .. }, SwitchAction::Parameter { parameter: same, .. }) => {
            (parameter == same).then(|| ("parameter", quoted(parameter)))
        }
        (
            SwitchAction::EcsService {
                cluster,
                service,
                volume,
            },
            SwitchAction::EcsService {
                cluster: same_cluster,
                service: same_service,
                volume: other_volume,
            },
        ) if cluster == same_cluster && service == same_service => match (volume, other_volume) {
            (Some(one), Some(other)) => (one == other).then(|| ("volume", quoted(one))),
            // Without a volume, all that mount the resource's file system are switched.
            _ => same_resource.then(|| ("service", quoted(service))),
        },
        (SwitchAction::RdsProxy { proxy }, SwitchAction::RdsProxy { proxy: same }) => {
            (proxy == same).then(|| ("proxy", quoted(proxy)))
        }
        // A proxy knows its cluster by a name that the rename gives to the other.
        (SwitchAction::Rename, SwitchAction::RdsProxy { proxy }) if same_resource => {
            Some(("proxy", format!("{} of a cluster that is renamed", quoted(proxy))))
        }
        (SwitchAction::RdsProxy { .. }, SwitchAction::Rename) => same_resource.then(|| {
            (
                "resource",
                "a rename of a cluster behind a proxy that is switched".to_owned(),
            )
        }),
        (SwitchAction::Rename, SwitchAction::Rename) => {
            same_resource.then(|| ("resource", "a second rename".to_owned()))
        }
        _ => None,
    }
}

fn names_the_cluster(action: &SwitchAction) -> bool {
    let names = |fact: &Fact| matches!(fact, Fact::Host | Fact::ReaderHost | Fact::Cluster);
    match action {
        SwitchAction::Secret { values, .. } => values.values().any(names),
        SwitchAction::Parameter { value, .. } => names(value),
        SwitchAction::EcsService { .. } | SwitchAction::RdsProxy { .. } | SwitchAction::Rename => false,
    }
}
