//! The input of a `restore` execution, and of the two machines that take one back.

mod checks;
#[cfg(test)]
mod tests;
mod times;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::modes::{CutOverMode, OnFailure};
use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Format, Object, quoted, shown};
use crate::domain::nearest::nearest;
use crate::domain::set::Purpose;
use crate::error::{Error, Result};

pub use undo::UndoRequest;

const FIELDS: [&str; 18] = [
    "deployment",
    "purpose",
    "set",
    "before",
    "at",
    "only",
    "except",
    "suffix",
    "names",
    "into",
    "instance_classes",
    "ca_certificates",
    "cut_over",
    "approval",
    "safety_backup",
    "dry_run",
    "on_failure",
    "source",
];
const MOST_NAMES: usize = 200;
const INPUT: &str = r#"an input such as {"deployment": "hubs-prod"}"#;

/// What to bring back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// The newest sealed set.
    #[default]
    Newest,
    /// The sealed set of this id.
    Set(String),
    /// The newest sealed set captured entirely before this time, such as an incident's.
    Before(Timestamp),
    /// The deployment as of this moment, by point-in-time recovery where there is any.
    At(Timestamp),
}

/// Where a file system is restored to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A new directory of the file system that was backed up.
    Directory,
    /// A new file system.
    FileSystem,
}

/// What a restore starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A set in the catalog.
    #[default]
    Catalog,
    /// What AWS itself keeps of deleted resources: `SYSTEM` backups of tables, retained automated backups of clusters.
    Retained,
}

/// What a person asks of the `restore` machine: `{"deployment": "hubs-prod"}`, and how it differs from the usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRequest {
    pub deployment: String,
    #[serde(default = "of_operator")]
    pub purpose: Purpose,
    pub wanted: Wanted,
    /// Resources (or tables of a prefix, `<name>.<table>`) to restore; all where it is empty.
    pub only: Vec<String>,
    /// Resources not to restore.
    pub except: Vec<String>,
    /// What the copies' names end with, instead of the start time.
    pub suffix: Option<String>,
    /// Names of copies, by resource.
    pub names: BTreeMap<String, String>,
    /// Where file systems go, by resource.
    pub into: BTreeMap<String, Destination>,
    /// Classes that the instances of clusters' copies get instead of the captured ones, by resource.
    #[serde(default)]
    pub instance_classes: BTreeMap<String, String>,
    /// Certificate authorities that sign their certificates, instead of the captured ones, by resource.
    #[serde(default)]
    pub ca_certificates: BTreeMap<String, String>,
    /// `None`: yes where the descriptor says what to switch, else no.
    pub cut_over: Option<CutOverMode>,
    /// A person has to say yes to the plan.
    pub approval: bool,
    /// What is there is backed up first.
    pub safety_backup: bool,
    pub dry_run: bool,
    pub on_failure: OnFailure,
    pub source: Origin,
}

const SUFFIX: Format = Format {
    rule: "1 to 24 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen",
    accepts: |text| text.len() <= 24 && crate::domain::names::is_hyphenated(text),
    hidden: false,
};
const WANTED_SET: Format = Format {
    rule: "newest, or the id of a set such as hubs-prod-20261120-021500-630a",
    accepts: |text| text == "newest" || formats::is_id(text),
    hidden: false,
};
const RESOURCE: Format = Format {
    rule: "the name of a resource such as database, or of a table of a prefix such as tables.hubs-rooms",
    accepts: formats::is_resource,
    hidden: false,
};
const COPY: Format = Format {
    rule: "a name for the copy: 1 to 255 letters, digits, hyphens, underscores and dots",
    accepts: formats::is_copy,
    hidden: false,
};

const INSTANCE_CLASS: Format = Format {
    rule: "an instance class such as db.r7g.large, or db.serverless",
    accepts: |text| {
        let parts = || text.split('.');
        let plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        (2..=3).contains(&parts().count()) && parts().all(plain) && text.starts_with("db.")
    },
    hidden: false,
};
const CA_CERTIFICATE: Format = Format {
    rule: "a certificate authority of RDS such as rds-ca-rsa2048-g1",
    accepts: |text| crate::domain::names::is_hyphenated(text),
    hidden: false,
};

impl RestoreRequest {
    /// What it leaves out, and where it leads copies, as options of `holdfast restore`.
    pub fn options(&self) -> Vec<String> {
        let listed =
            |option: &str, list: &[String]| (!list.is_empty()).then(|| format!("--{option} {}", list.join(",")));
        let pairs = |option: &'static str, map: &BTreeMap<String, String>| {
            let pairs = map
                .iter()
                .map(move |(name, value)| format!("--{option} {name}={value}"));
            pairs.collect::<Vec<_>>()
        };
        let into = self.into.iter().map(|(name, destination)| {
            let word = match destination {
                Destination::Directory => "directory",
                Destination::FileSystem => "file_system",
            };
            format!("--into {name}={word}")
        });
        let mut options: Vec<String> = listed("only", &self.only)
            .into_iter()
            .chain(listed("except", &self.except))
            .chain(into)
            .collect();
        options.extend(pairs("instance-class", &self.instance_classes));
        options.extend(pairs("ca-certificate", &self.ca_certificates));
        options
    }

    /// The names that it gives to copies, likewise.
    pub fn naming(&self) -> Vec<String> {
        let suffix = self.suffix.iter().map(|suffix| format!("--suffix {suffix}"));
        let names = self
            .names
            .iter()
            .map(|(resource, name)| format!("--name {resource}={name}"));
        suffix.chain(names).collect()
    }
}

impl RestoreRequest {
    /// Reads the input of an execution.
    ///
    /// # Errors
    /// `InvalidInput` with every fault: where it is, what stands there, what to write instead.
    pub fn parse(input: &Value) -> Result<Self> {
        let mut faults = Faults::default();
        let request = Object::open(&mut faults, "", input, INPUT).and_then(|object| read(&mut faults, &object));
        let faults = faults.finish();
        match request {
            Some(request) if faults.is_empty() => Ok(request),
            _ => Err(Error::InvalidInput(faults)),
        }
    }

    /// Whether a resource is to be restored. A prefix resource's name stands for all of its tables.
    pub fn covers(&self, resource: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| is_or_holds(name, resource));
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}

/// `tables` holds `tables.hubs-rooms`.
fn is_or_holds(name: &str, resource: &str) -> bool {
    resource
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn read(faults: &mut Faults, object: &Object<'_>) -> Option<RestoreRequest> {
    object.only(faults, &FIELDS);
    let deployment = object.text(faults, "deployment", &formats::NAME);
    let wanted = wanted(faults, object, deployment.as_deref());
    let only = list(faults, object, "only");
    let except = list(faults, object, "except");
    if let (Some(_), Some(value)) = (object.get("only"), object.get("except")) {
        faults.add("except", shown(value), "either only or except, not both");
    }
    let suffix = object.optional_text(faults, "suffix", &SUFFIX);
    let names = texts_by_resource(faults, object, "names", &COPY);
    let into = by_resource(faults, object, "into", |faults, path, value| {
        let words = [
            ("directory", Destination::Directory),
            ("file_system", Destination::FileSystem),
        ];
        one_of(faults, path, value, &words)
    });
    let instance_classes = texts_by_resource(faults, object, "instance_classes", &INSTANCE_CLASS);
    let ca_certificates = texts_by_resource(faults, object, "ca_certificates", &CA_CERTIFICATE);
    let modes = [
        ("yes", CutOverMode::Yes),
        ("no", CutOverMode::No),
        ("ask", CutOverMode::Ask),
    ];
    let cut_over = word(faults, object, "cut_over", &modes);
    let approval = word(faults, object, "approval", &[("required", true), ("none", false)]);
    let safety_backup = object.optional_bool(faults, "safety_backup");
    let dry_run = object.optional_bool(faults, "dry_run");
    let on_failure = word(
        faults,
        object,
        "on_failure",
        &[("undo", OnFailure::Undo), ("keep", OnFailure::Keep)],
    );
    let origins = [("catalog", Origin::Catalog), ("retained", Origin::Retained)];
    let source = word(faults, object, "source", &origins).unwrap_or_default();
    if source == Origin::Retained {
        retained(faults, object, safety_backup);
    }
    let purpose = word(faults, object, "purpose", &[("restore", Purpose::Restore)]);
    Some(RestoreRequest {
        deployment: deployment?,
        purpose: purpose.unwrap_or_else(of_operator),
        wanted: wanted.unwrap_or_default(),
        only,
        except,
        suffix,
        names,
        into,
        instance_classes,
        ca_certificates,
        cut_over,
        approval: approval.unwrap_or(false),
        safety_backup: safety_backup.unwrap_or(false),
        dry_run: dry_run.unwrap_or(false),
        on_failure: on_failure.unwrap_or(OnFailure::Undo),
        source,
    })
}

/// What a restore is for whose request does not say.
fn of_operator() -> Purpose {
    Purpose::Restore
}

/// At most one of `set`, `before` and `at`.
fn wanted(faults: &mut Faults, object: &Object<'_>, deployment: Option<&str>) -> Option<Wanted> {
    let set = object.optional_text(faults, "set", &WANTED_SET);
    if let (Some(set), Some(deployment)) = (&set, deployment)
        && set != "newest"
        && !formats::is_id_of(deployment, set)
    {
        faults.add("set", quoted(set), format!("a set of {deployment}, whose id begins so"));
    }
    let before = times::read(faults, object, "before");
    let at = times::read(faults, object, "at");
    let given: Vec<&str> = ["set", "before", "at"]
        .into_iter()
        .filter(|field| object.get(field).is_some())
        .collect();
    for field in given.iter().skip(1) {
        let value = object.get(field).map(shown).unwrap_or_default();
        faults.add(*field, value, "only one of set, before and at");
    }
    let set = set.map(|set| match set.as_str() {
        "newest" => Wanted::Newest,
        _ => Wanted::Set(set),
    });
    set.or(before.map(Wanted::Before)).or(at.map(Wanted::At))
}

/// Without a catalog there is no set to choose, and nothing left to back up.
fn retained(faults: &mut Faults, object: &Object<'_>, safety_backup: Option<bool>) {
    for field in ["set", "before"] {
        if let Some(value) = object.get(field) {
            let rule = "no such field with \"source\": \"retained\", which reads no set; a moment goes into at";
            faults.add(field, shown(value), rule);
        }
    }
    if safety_backup == Some(true) {
        let rule = "false with \"source\": \"retained\": what is deleted cannot be backed up";
        faults.add("safety_backup", "true", rule);
    }
}

fn list(faults: &mut Faults, object: &Object<'_>, field: &str) -> Vec<String> {
    let Some(value) = object.get(field) else {
        return Vec::new();
    };
    let Some(entries) = value.as_array().filter(|list| (1..=MOST_NAMES).contains(&list.len())) else {
        let rule = format!("a list of 1 to {MOST_NAMES} resources such as [\"database\"]");
        faults.add(field, shown(value), rule);
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{field}[{index}]");
        match entry.as_str().filter(|text| (RESOURCE.accepts)(text)) {
            None => faults.add(path, shown(entry), RESOURCE.rule),
            Some(name) if !seen.insert(name) => faults.add(path, quoted(name), "each resource once"),
            Some(name) => names.push(name.to_owned()),
        }
    }
    names
}

fn by_resource<T>(
    faults: &mut Faults,
    object: &Object<'_>,
    field: &str,
    read: impl Fn(&mut Faults, String, &Value) -> Option<T>,
) -> BTreeMap<String, T> {
    let Some(value) = object.get(field) else {
        return BTreeMap::new();
    };
    let Some(map) = Object::open(faults, field, value, "a mapping from the names of resources") else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in map.entries() {
        let path = map.path(name);
        if !(RESOURCE.accepts)(name) {
            faults.add(&path, quoted(name), RESOURCE.rule);
        }
        if let Some(value) = read(faults, path, value) {
            found.insert(name.clone(), value);
        }
    }
    found
}

fn texts_by_resource(
    faults: &mut Faults,
    object: &Object<'_>,
    field: &str,
    format: &Format,
) -> BTreeMap<String, String> {
    by_resource(faults, object, field, |faults, path, value| {
        let text = value.as_str().filter(|text| (format.accepts)(text)).map(str::to_owned);
        if text.is_none() {
            faults.add(path, shown(value), format.rule);
        }
        text
    })
}

fn word<T: Copy>(faults: &mut Faults, object: &Object<'_>, field: &str, words: &[(&str, T)]) -> Option<T> {
    one_of(faults, object.path(field), object.get(field)?, words)
}

fn one_of<T: Copy>(faults: &mut Faults, path: String, value: &Value, words: &[(&str, T)]) -> Option<T> {
    let text = value.as_str().unwrap_or("");
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let guess = nearest(text, words.iter().map(|(word, _)| *word))
            .map(|word| format!("; did you mean {word}?"))
            .unwrap_or_default();
        let words: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        faults.add(path, shown(value), format!("one of {}{guess}", words.join(", ")));
    }
    found.map(|(_, meant)| *meant)
}
