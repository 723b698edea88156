//! Commands of ours in a message: each names the Region of its execution, and the stack where it is not `holdfast`, since the
//! shell into which a woken person pastes it may have others. A command within a sentence stands in backquotes.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::machine::stack_of;

const OURS: &str = "holdfast ";

/// The options by which a command means the stack and the Region of an execution.
pub fn of_execution(execution: &str) -> String {
    let stack = stack_of(execution).filter(|stack| *stack != "holdfast");
    let region = execution.split(':').nth(3).filter(|region| !region.is_empty());
    let options = [("stack", stack), ("region", region)];
    let given = options
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" --{option} {}", value?)));
    given.collect()
}

/// A command that stands alone, with those options. Others' commands stay as they are, and so does one that has them already.
pub fn add(command: &str, place: &str) -> String {
    match command.starts_with(OURS) && !command.ends_with(place) {
        true => format!("{command}{place}"),
        false => command.to_owned(),
    }
}

/// A text, with those options at each command that stands in backquotes.
pub fn add_in_text(text: &str, place: &str) -> String {
    each_quoted(text, |quoted| add(quoted, place).into())
}

/// All texts of a JSON value, likewise; those that are a command, as one.
pub fn add_in_json(value: Value, place: &str) -> Value {
    match value {
        Value::String(text) => add(&add_in_text(&text, place), place).into(),
        Value::Array(values) => values.into_iter().map(|value| add_in_json(value, place)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, add_in_json(value, place)))
            .collect(),
        other => other,
    }
}

/// A text in which no line can be broken within a command, and [`restore_spaces`] makes what it was of each of its lines.
pub fn protect_spaces(text: &str) -> String {
    each_quoted(text, |quoted| match quoted.starts_with(OURS) {
        true => quoted.replace(' ', HELD).into(),
        false => quoted.into(),
    })
}

pub fn restore_spaces(line: &str) -> String {
    line.replace(HELD, " ")
}

/// Stands for a space at which no line is broken; no text has one, since control characters are taken out of it.
const HELD: &str = "\u{1f}";

/// What stands between two backquotes, as `change` has it. One that is not closed, since its text was cut, begins nothing.
fn each_quoted<'a>(text: &'a str, change: impl Fn(&'a str) -> Cow<'a, str>) -> String {
    let mut parts = text.split('`').peekable();
    let mut changed = String::with_capacity(text.len());
    changed.push_str(parts.next().unwrap_or_default());
    let mut quoted = true;
    while let Some(part) = parts.next() {
        changed.push('`');
        match quoted && parts.peek().is_some() {
            true => changed.push_str(&change(part)),
            false => changed.push_str(part),
        }
        quoted = !quoted;
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLACE: &str = " --region eu-west-1";

    #[test]
    fn a_command_means_the_stack_and_the_region_of_its_execution() {
        let of = |machine: &str| {
            of_execution(&format!(
                "arn:aws:states:eu-west-1:123456789012:execution:{machine}:night"
            ))
        };
        assert_eq!(of("holdfast-restore"), PLACE);
        assert_eq!(of("ops-undo-restore"), " --stack ops --region eu-west-1");
        assert_eq!(of_execution("not an arn"), "");
        assert_eq!(
            add("holdfast sets hubs", PLACE),
            "holdfast sets hubs --region eu-west-1"
        );
        assert_eq!(add("aws kms enable-key", PLACE), "aws kms enable-key");
    }

    #[test]
    fn a_command_in_a_sentence_means_them_too() {
        for (text, placed) in [
            (
                "set `keep`, then `holdfast apply FILE` (`holdfast sets a` lists them)",
                "set `keep`, then `holdfast apply FILE --region eu-west-1` (`holdfast sets a --region eu-west-1` lists them)",
            ),
            (
                "`holdfast sets a --region eu-west-1`",
                "`holdfast sets a --region eu-west-1`",
            ),
            (
                "Holdfast writes `holdfast:set`; cut: `holdfast se...",
                "Holdfast writes `holdfast:set`; cut: `holdfast se...",
            ),
            ("`a` holdfast sets `b`", "`a` holdfast sets `b`"),
            ("", ""),
        ] {
            assert_eq!(add_in_text(text, PLACE), placed);
            assert_eq!(restore_spaces(&protect_spaces(text)), text);
        }
        let value = json!({"reasons": [{"message": "see `holdfast sets a`"}], "look": "holdfast sets a", "sealed": 1});
        let placed = json!({
            "reasons": [{"message": "see `holdfast sets a --region eu-west-1`"}],
            "look": "holdfast sets a --region eu-west-1",
            "sealed": 1,
        });
        assert_eq!(super::add_in_json(value, PLACE), placed);
    }
}
