//! How a restore handles each member of AWS's descriptions: restored, the copy's own, or lost, which the plan reports. The
//! comparison of a copy and the remarks of a plan use this one table, and a lint (`tests/lint/members.py`) checks it against AWS's
//! models.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::Value;

const TABLE: &str = include_str!("members/table.txt");

/// Members that identify a structure in a remark.
const IDENTIFYING: &[&str] = &["RegionName", "Domain", "AlarmName", "IndexName"];

/// How a restore handles a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberClass {
    /// Restored or kept, and therefore compared.
    Compared,
    /// A structure whose members have their own entries in the table.
    Inside,
    /// The copy's own, or read-only.
    Expected,
    /// Lost, and reported with the table's text.
    NotCovered,
    /// Lost, and reported by the kind with its own text.
    Remarked,
}

/// The values of a member for which nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LosslessValues {
    Unset,
    Is(&'static str),
    UpTo(f64),
}

/// A member at one place in the captured configuration of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    pub kind: &'static str,
    /// Path of its structure: `DBInstances.*`; empty for the configuration itself.
    pub of: &'static str,
    pub name: &'static str,
    pub class: MemberClass,
    pub unless: LosslessValues,
    words: &'static str,
}

impl Member {
    /// `DBInstances.*.Endpoint`.
    pub fn path(&self) -> String {
        if self.of.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.of, self.name)
        }
    }

    /// Whether this value would be lost.
    fn is_set(&self, value: &Value) -> bool {
        let set = match value {
            Value::Null => false,
            Value::Bool(on) => *on,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(members) => !members.is_empty(),
        };
        set && match self.unless {
            LosslessValues::Unset => true,
            LosslessValues::Is(usual) => value != usual,
            LosslessValues::UpTo(usual) => value.as_f64().is_some_and(|value| value > usual),
        }
    }
}

static MEMBERS: LazyLock<Vec<Member>> = LazyLock::new(|| read(TABLE));

/// Every member in the captured configuration of a kind.
pub fn of(kind: &str) -> impl Iterator<Item = &'static Member> {
    MEMBERS.iter().filter(move |member| member.kind == kind)
}

/// The paths below `under` that may differ between a copy of this kind and its source.
pub fn expected(kind: &str, under: &str) -> Vec<String> {
    let differing = of(kind).filter(|member| !matches!(member.class, MemberClass::Compared | MemberClass::Inside));
    differing
        .filter_map(|member| {
            let path = member.path();
            let below = match under {
                "" => path.as_str(),
                under => path.strip_prefix(under)?.strip_prefix('.')?,
            };
            Some(below.to_owned())
        })
        .collect()
}

/// What is captured of a source but not restored, with the table's texts, each once.
pub fn lost(kind: &str, captured: &Value, source: &str, copy: &str) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    for member in of(kind).filter(|member| member.class == MemberClass::NotCovered) {
        for value in at(captured, &member.path()) {
            if !member.is_set(value) {
                continue;
            }
            let words = member
                .words
                .replace("{source}", source)
                .replace("{copy}", copy)
                .replace("{value}", &value_text(value));
            if !remarks.contains(&words) {
                remarks.push(words);
            }
        }
    }
    remarks
}

/// All values at a path, in which `*` matches every element of a list.
fn at<'a>(of: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![of];
    for step in path.split('.') {
        found = found
            .into_iter()
            .flat_map(|value| match (step, value) {
                ("*", Value::Array(list)) => list.iter().collect(),
                (_, Value::Object(members)) => members.get(step).into_iter().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    found
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(value_text).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let name = IDENTIFYING
                .iter()
                .find_map(|name| members.get(*name))
                .and_then(Value::as_str);
            name.map_or_else(|| value.to_string(), str::to_owned)
        }
        other => other.to_string(),
    }
}

fn read(table: &'static str) -> Vec<Member> {
    let (mut members, mut places): (Vec<Member>, Vec<(&str, &str)>) = (Vec::new(), Vec::new());
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        if let Some((_, after)) = line.strip_prefix('[').and_then(|line| line.split_once("] ")) {
            places.clear();
            let mut kind = "";
            for word in after.split(' ') {
                match word {
                    "." => places.push((kind, "")),
                    _ if word.starts_with(|first: char| first.is_ascii_lowercase()) => kind = word,
                    path => places.push((kind, path)),
                }
            }
            continue;
        }
        let (row, words) = line.split_once(": ").unwrap_or((line, ""));
        let mut row = row.split(' ');
        let (class, name) = (row.next().unwrap_or_default(), row.next().unwrap_or_default());
        let unless = match (row.next(), row.next()) {
            (Some("unless"), Some(usual)) => LosslessValues::Is(usual),
            (Some("over"), Some(usual)) => LosslessValues::UpTo(usual.parse().unwrap_or(f64::MAX)),
            _ => LosslessValues::Unset,
        };
        let class = match class {
            "given" | "put-back" | "kept" => MemberClass::Compared,
            "inside" => MemberClass::Inside,
            "not-covered" => MemberClass::NotCovered,
            "remarked" => MemberClass::Remarked,
            _ => MemberClass::Expected,
        };
        members.extend(places.iter().map(|(kind, of)| Member {
            kind,
            of,
            name,
            class,
            unless,
            words,
        }));
    }
    members
}
