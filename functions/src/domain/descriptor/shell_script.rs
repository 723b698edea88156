//! Shell scripts for Run Command of Systems Manager, in the fields of a hook or a switch: where they run, and their lines.

use std::collections::BTreeMap;

use super::formats;
use super::hook::SsmCommand;
use super::reader::{Faults, Object, TextFormat, shown};
use super::texts::texts;

/// Source: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>.
const MOST_TAGS: usize = 5;

const INSTANCE: TextFormat = formats::visible(
    "the id of a managed node such as i-0123456789abcdef0 or mi-0123456789abcdef0",
    |text| {
        let digits = text.strip_prefix("i-").or_else(|| text.strip_prefix("mi-"));
        digits.is_some_and(|hex| (8..=17).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    },
);

/// Commands are written to the catalog and to the log of Systems Manager.
const COMMAND: TextFormat = formats::visible(
    "a line of a shell script: 1 to 1000 characters on one line; nothing secret, since commands are stored and logged",
    |text| (1..=1000).contains(&text.chars().count()) && !text.chars().any(char::is_control),
);

const TAG: TextFormat = formats::visible("text of 1 to 256 characters", |text| {
    (1..=256).contains(&text.chars().count()) && !text.chars().any(char::is_control)
});

/// The fields `instances` or `tags`, `commands` and `undo`; `None` only where there is a fault.
pub fn read(faults: &mut Faults, object: &Object<'_>) -> Option<SsmCommand> {
    let instances = texts(faults, object, "instances", &INSTANCE);
    let tags = tags(faults, object);
    if object.get("instances").is_some() == object.get("tags").is_some() {
        let found = match object.get("tags") {
            Some(_) => "both",
            None => "(missing)",
        };
        faults.add(
            object.path("instances"),
            found,
            "either ids of managed nodes, or `tags`, not both",
        );
    }
    let commands = texts(faults, object, "commands", &COMMAND);
    if object.get("commands").is_none() {
        faults.add(object.path("commands"), "(missing)", "the lines of a shell script");
    }
    let undo = texts(faults, object, "undo", &COMMAND);
    Some(SsmCommand {
        instances: instances?,
        tags: tags?,
        commands: commands?,
        undo: undo?,
    })
}

fn tags(faults: &mut Faults, object: &Object<'_>) -> Option<BTreeMap<String, String>> {
    let Some(value) = object.get("tags") else {
        return Some(BTreeMap::new());
    };
    let rule = format!("a mapping of 1 to {MOST_TAGS} tags, each with its value");
    let tags = value.as_object().filter(|tags| (1..=MOST_TAGS).contains(&tags.len()));
    let Some(tags) = tags else {
        faults.add(object.path("tags"), shown(value), rule);
        return None;
    };
    let open = Object::open(faults, &object.path("tags"), value, &rule)?;
    let mut read = BTreeMap::new();
    for key in tags.keys() {
        read.insert(key.clone(), open.text(faults, key, &TAG)?);
    }
    Some(read)
}
