//! Which resource a table belongs to. A probe or switch that names a table is resolved to that resource once, when its descriptor
//! is read, so that the table has one name from then on.

use std::collections::BTreeMap;

use super::cut_over::Switch;
use super::{Count, Probe, ProtectedResource};
use crate::domain::kinds::{self, closeness};

/// The name of the resource that backs up a table, and for a prefix the table: the resource that names it, otherwise the longest
/// matching prefix.
pub fn owner<'a>(resources: &'a BTreeMap<String, ProtectedResource>, table: &str) -> Option<(&'a str, Option<String>)> {
    let (name, protected, _) = resources
        .iter()
        .filter_map(|(name, protected)| Some((name, protected, closeness(&protected.target, table)?)))
        .max_by_key(|(.., closeness)| *closeness)?;
    Some((name, kinds::is_pattern(&protected.target).then(|| table.to_owned())))
}

/// Sets the resource of a probe that names a table to the one that backs it up.
pub fn resolve_probe(resources: &BTreeMap<String, ProtectedResource>, probe: &mut Probe) {
    if let Count::Items { table: named } = &mut probe.count
        && let Some((resource, table)) = named.as_deref().and_then(|table| owner(resources, table))
    {
        resource.clone_into(&mut probe.resource);
        *named = table;
    }
}

/// Sets the resource of a switch that names a table to the one that backs it up.
pub fn resolve_switch(resources: &BTreeMap<String, ProtectedResource>, switch: &mut Switch) {
    let found = switch.table.as_deref().and_then(|table| owner(resources, table));
    if let Some((resource, table)) = found {
        resource.clone_into(&mut switch.resource);
        switch.table = table;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use crate::domain::descriptor::Descriptor;

    fn parsed(probe: &Value) -> Descriptor {
        Descriptor::parse(&json!({
            "deployment": "hubs-prod",
            "resources": {
                "rooms": {"kind": "dynamodb", "table": "hubs-rooms"},
                "all": {"kind": "dynamodb", "prefix": "hubs-"},
                "logs": {"kind": "dynamodb", "prefix": "hubs-log-"},
            },
            "probes": {"counted": probe},
            "cut_over": [{
                "name": "switched", "kind": "parameter", "parameter": "/hubs/table", "resource": probe["resource"], "table": probe["table"],
            }],
        }))
        .unwrap()
    }

    #[test]
    fn a_table_is_counted_and_led_to_in_the_resource_that_backs_it_up() {
        for (resource, table, item) in [
            ("rooms", "hubs-rooms", "rooms"),
            ("all", "hubs-rooms", "rooms"),
            ("all", "hubs-users", "all.hubs-users"),
            ("all", "hubs-log-new", "logs.hubs-log-new"),
            ("logs", "hubs-log-new", "logs.hubs-log-new"),
        ] {
            let descriptor = parsed(&json!({"resource": resource, "table": table}));
            assert_eq!(descriptor.probes["counted"].item_name(), item, "{resource} {table}");
            assert_eq!(descriptor.cut_over[0].item_name(), item, "{resource} {table}");
            let kept = Descriptor::parse(&serde_json::to_value(&descriptor).unwrap()).unwrap();
            assert_eq!(kept, descriptor, "as the catalog keeps it");
        }
    }
}
