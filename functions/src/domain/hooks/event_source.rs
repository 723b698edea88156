//! `event_source`: what feeds an application (EventBridge rules and event source mappings of Lambda), disabled, and enabled again.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat};
use crate::domain::descriptor::texts::texts;
use crate::domain::descriptor::{EventSource, HookAction, formats};

/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html>.
const RULE: TextFormat = formats::visible(
    "the name of an EventBridge rule: 1 to 64 letters, digits, dots, hyphens and underscores",
    |text| (1..=64).contains(&text.len()) && formats::plain(text, "-_."),
);

const EVENT_BUS: TextFormat = formats::visible(
    "the name of an event bus of this account and Region: 1 to 256 letters, digits, dots, hyphens, underscores and slashes",
    |text| (1..=256).contains(&text.len()) && formats::plain(text, "-_./"),
);

const MAPPING: TextFormat = formats::visible(
    "the UUID of an event source mapping, such as a1b2c3d4-5678-90ab-cdef-11111example; not an ARN",
    |text| text.len() == 36 && formats::plain(text, "-"),
);

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "event_source"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["rules", "event_bus", "mappings"]
    }

    fn is_polled(&self) -> bool {
        true
    }

    fn is_command(&self) -> bool {
        false
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        let rules = texts(faults, object, "rules", &RULE);
        let mappings = texts(faults, object, "mappings", &MAPPING);
        let event_bus = object.optional_text(faults, "event_bus", &EVENT_BUS);
        if object.get("rules").is_none() && object.get("mappings").is_none() {
            faults.add(
                object.path("rules"),
                "(missing)",
                "names of rules, or `mappings` with UUIDs, or both",
            );
        }
        Some(HookAction::EventSource(EventSource {
            rules: rules?,
            event_bus,
            mappings: mappings?,
        }))
    }

    fn before_rest(&self, _: &HookAction, earlier: &Value, mut seen: Value) -> Value {
        for field in ["rules", "mappings"] {
            let now = seen[field].as_array().cloned().unwrap_or_default();
            let then = earlier[field].as_array().cloned().unwrap_or_default();
            let off = then.into_iter().filter(|name| !now.contains(name));
            seen[field] = now.iter().cloned().chain(off).collect();
        }
        seen
    }

    /// Only what was enabled before is enabled again.
    fn undo_by_hand(&self, action: &HookAction, before: &Value) -> String {
        let HookAction::EventSource(source) = action else {
            return String::new();
        };
        let enabled = |field: &str, all: &[String]| match before[field].as_array() {
            Some(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => all.to_vec(),
        };
        let rules: Vec<String> = enabled("rules", &source.rules);
        let mappings: Vec<String> = enabled("mappings", &source.mappings);
        let named = |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")));
        let bus = source.event_bus.as_deref().unwrap_or("default");
        let parts = [
            named(&format!("on event bus {bus} the rules"), &rules),
            named("the event source mappings", &mappings),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => "nothing: none of its rules and mappings was enabled before".to_owned(),
            false => format!("enable {}", parts.join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_earlier_run_left_disabled_was_enabled() {
        let action = HookAction::EventSource(EventSource {
            rules: vec!["nightly".to_owned(), "hourly".to_owned()],
            event_bus: None,
            mappings: Vec::new(),
        });
        let earlier = json!({"rules": ["nightly", "hourly"], "mappings": []});
        let seen = json!({"rules": ["hourly"], "mappings": []});
        let before = Kind.before_rest(&action, &earlier, seen);
        assert_eq!(before, json!({"rules": ["hourly", "nightly"], "mappings": []}));
    }
}
