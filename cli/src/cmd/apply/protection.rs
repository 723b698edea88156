//! What each backup will turn on, since a descriptor asks for it.

use holdfast::domain::descriptor::Descriptor;

/// The resources with `protect`, by name.
pub fn asked_for(descriptor: &Descriptor) -> Vec<String> {
    let asked = descriptor.resources.iter().filter(|(_, protected)| protected.protect);
    asked.map(|(name, _)| name.clone()).collect()
}

/// As text; empty if nothing is asked for.
pub fn text(deployment: &str, resources: &[String]) -> String {
    match resources {
        [] => String::new(),
        names => format!(
            "  Each backup turns on point-in-time recovery and deletion protection where they are off: {}. To do that now: `holdfast \
             protect {deployment}`\n",
            names.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_backups_will_turn_on_is_told_by_resource() {
        let document = json!({"deployment": "hubs", "resources": {
            "rooms": {"kind": "dynamodb", "table": "rooms"},
            "tables": {"kind": "dynamodb", "prefix": "hubs-", "protect": "pitr"},
        }});
        let asked = asked_for(&Descriptor::parse(&document).unwrap());
        let told = text("hubs", &asked);
        assert!(
            told.contains("are off: tables. To do that now: `holdfast protect hubs`"),
            "{told}"
        );
        assert_eq!(text("hubs", &[]), "");
    }
}
