//! The `holdfast` commands in a message: each names the Region of its execution, and the stack unless that is `holdfast`, since the
//! shell that it is pasted into may use others. A command within a sentence is in backquotes.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::machine::stack_of;

const PROGRAM: &str = "holdfast ";

/// The options that select the stack and the Region of an execution.
pub fn of_execution(execution: &str) -> String {
    let stack = stack_of(execution).filter(|stack| *stack != "holdfast");
    let region = execution.split(':').nth(3).filter(|region| !region.is_empty());
    let options = [("stack", stack), ("region", region)];
    let given = options
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" --{option} {}", value?)));
    given.collect()
}

/// A command by itself, with those options. Commands of other programs, and commands that already have the options, are left
/// unchanged.
pub fn add(command: &str, options: &str) -> String {
    match command.starts_with(PROGRAM) && !command.ends_with(options) {
        true => format!("{command}{options}"),
        false => command.to_owned(),
    }
}

/// A text, with those options added to each command in backquotes.
pub fn add_in_text(text: &str, options: &str) -> String {
    map_quoted(text, |quoted| add(quoted, options).into())
}

/// All texts of a JSON value, likewise; a text may itself be a command.
pub fn add_in_json(value: Value, options: &str) -> Value {
    match value {
        Value::String(text) => add(&add_in_text(&text, options), options).into(),
        Value::Array(values) => values.into_iter().map(|value| add_in_json(value, options)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, add_in_json(value, options)))
            .collect(),
        other => other,
    }
}

/// A text whose lines are not broken within a command; [`restore_spaces`] restores each of its lines.
pub fn protect_spaces(text: &str) -> String {
    map_quoted(text, |quoted| match quoted.starts_with(PROGRAM) {
        true => quoted.replace(' ', PROTECTED_SPACE).into(),
        false => quoted.into(),
    })
}

pub fn restore_spaces(line: &str) -> String {
    line.replace(PROTECTED_SPACE, " ")
}

/// Represents a space at which no line is broken. No text has this character, since control characters are removed.
const PROTECTED_SPACE: &str = "\u{1f}";

/// Applies `change` to each text between two backquotes. An unclosed one, whose text was cut, quotes nothing.
fn map_quoted<'a>(text: &'a str, change: impl Fn(&'a str) -> Cow<'a, str>) -> String {
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

    const OPTIONS: &str = " --region eu-west-1";

    #[test]
    fn a_command_means_the_stack_and_the_region_of_its_execution() {
        let of = |machine: &str| {
            of_execution(&format!(
                "arn:aws:states:eu-west-1:123456789012:execution:{machine}:night"
            ))
        };
        assert_eq!(of("holdfast-restore"), OPTIONS);
        assert_eq!(of("ops-undo-restore"), " --stack ops --region eu-west-1");
        assert_eq!(of_execution("not an arn"), "");
        assert_eq!(
            add("holdfast sets hubs", OPTIONS),
            "holdfast sets hubs --region eu-west-1"
        );
        assert_eq!(add("aws kms enable-key", OPTIONS), "aws kms enable-key");
    }

    #[test]
    fn a_command_in_a_sentence_means_them_too() {
        for (text, expected) in [
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
            assert_eq!(add_in_text(text, OPTIONS), expected);
            assert_eq!(restore_spaces(&protect_spaces(text)), text);
        }
        let value = json!({"reasons": [{"message": "see `holdfast sets a`"}], "look": "holdfast sets a", "sealed": 1});
        let expected = json!({
            "reasons": [{"message": "see `holdfast sets a --region eu-west-1`"}],
            "look": "holdfast sets a --region eu-west-1",
            "sealed": 1,
        });
        assert_eq!(super::add_in_json(value, OPTIONS), expected);
    }
}
