//! Reads a restore request from the input of an execution, with all of its faults.

use serde_json::Value;

use super::fields::{by_resource, list, one_of, texts_by_resource, word};
use super::{Origin, RequestedDestination, RequestedMoment, RestoreRequest, default_purpose, times};
use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, quoted, shown};
use crate::domain::restore::modes::{CutOverMode, OnFailure};
use crate::domain::set::Purpose;
use crate::error::{Error, Result};

const INPUT: &str = r#"an input such as {"deployment": "hubs-prod"}"#;

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
const SUFFIX: TextFormat = TextFormat {
    rule: "1 to 24 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen",
    accepts: |text| text.len() <= 24 && crate::domain::names::is_hyphenated(text),
    hidden: false,
};
const WANTED_SET: TextFormat = TextFormat {
    rule: "newest, or the id of a set such as hubs-prod-20261120-021500-630a",
    accepts: |text| text == "newest" || formats::is_id(text),
    hidden: false,
};
const COPY: TextFormat = TextFormat {
    rule: "a name for the copy: 1 to 255 letters, digits, hyphens, underscores and dots",
    accepts: formats::is_copy,
    hidden: false,
};

const INSTANCE_CLASS: TextFormat = TextFormat {
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
const CA_CERTIFICATE: TextFormat = TextFormat {
    rule: "a certificate authority of RDS such as rds-ca-rsa2048-g1",
    accepts: |text| crate::domain::names::is_hyphenated(text),
    hidden: false,
};

impl RestoreRequest {
    /// Reads the input of an execution.
    ///
    /// # Errors
    /// `InvalidInput` with every fault: its path, the value found, and what to write instead.
    pub fn parse(input: &Value) -> Result<Self> {
        let mut faults = Faults::default();
        let request = Object::open(&mut faults, "", input, INPUT).and_then(|object| read(&mut faults, &object));
        let faults = faults.finish();
        match request {
            Some(request) if faults.is_empty() => Ok(request),
            _ => Err(Error::InvalidInput(faults)),
        }
    }
}

fn read(faults: &mut Faults, object: &Object<'_>) -> Option<RestoreRequest> {
    object.only(faults, &FIELDS);
    let deployment = object.text(faults, "deployment", &formats::NAME);
    let wanted = requested_moment(faults, object, deployment.as_deref());
    let only = list(faults, object, "only");
    let except = list(faults, object, "except");
    if let (Some(_), Some(value)) = (object.get("only"), object.get("except")) {
        faults.add("except", shown(value), "either only or except, not both");
    }
    let suffix = object.optional_text(faults, "suffix", &SUFFIX);
    let names = texts_by_resource(faults, object, "names", &COPY);
    let into = by_resource(faults, object, "into", |faults, path, value| {
        let words = [
            ("directory", RequestedDestination::Directory),
            ("file_system", RequestedDestination::FileSystem),
        ];
        let is_word = words.iter().any(|(word, _)| value == word);
        if path == "into.stack" && !is_word {
            faults.add(path, shown(value), INTO_STACK);
            return None;
        }
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
        purpose: purpose.unwrap_or_else(default_purpose),
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

/// At most one of `set`, `before` and `at`.
fn requested_moment(faults: &mut Faults, object: &Object<'_>, deployment: Option<&str>) -> Option<RequestedMoment> {
    let set = object.optional_text(faults, "set", &WANTED_SET);
    if let (Some(set), Some(deployment)) = (&set, deployment)
        && set != "newest"
        && !formats::is_id_of(deployment, set)
    {
        let rule = format!("a set of {deployment}, whose id begins with {deployment}");
        faults.add("set", quoted(set), rule);
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
        "newest" => RequestedMoment::Newest,
        _ => RequestedMoment::Set(set),
    });
    set.or(before.map(RequestedMoment::Before))
        .or(at.map(RequestedMoment::At))
}

/// A new stack takes the permissions of who creates it, which no function has.
const INTO_STACK: &str = "resources by name; a new CloudFormation stack is created from a set by `holdfast restore-stack DEPLOYMENT --into \
                          NAME`, with the permissions of whoever runs it";

/// Without a catalog there is no set to choose, and nothing left to back up.
fn retained(faults: &mut Faults, object: &Object<'_>, safety_backup: Option<bool>) {
    for field in ["set", "before"] {
        if let Some(value) = object.get(field) {
            let rule = "no such field with \"source\": \"retained\", which reads no set; specify a moment with at";
            faults.add(field, shown(value), rule);
        }
    }
    if safety_backup == Some(true) {
        let rule = "false with \"source\": \"retained\": what is deleted cannot be backed up";
        faults.add("safety_backup", "true", rule);
    }
}
