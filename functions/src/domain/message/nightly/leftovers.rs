//! What earlier restores left, as the digest shows it: one line for each deployment.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::message::layout::Section;
use crate::domain::message::{facts, words};
use crate::domain::restore::leftovers::{LeftoverSummary, OLD_DAYS};

pub fn section(all: &BTreeMap<String, LeftoverSummary>) -> Section {
    let lines = all
        .iter()
        .map(|(deployment, left)| left.words(&words::name(deployment)));
    Section::list(
        format!("Copies of restores, older than {OLD_DAYS} days, for which AWS charges"),
        lines,
    )
}

pub fn json(all: &BTreeMap<String, LeftoverSummary>) -> Value {
    let listed = all.iter().take(facts::LISTED).map(|(deployment, left)| {
        json!({
            "deployment": words::name(deployment),
            "copies": left.copies,
            "size_bytes": left.size_bytes,
            "dollars_a_month": (left.dollars * 100.0).round() / 100.0,
            "incomplete": left.incomplete,
            "oldest_seconds": left.oldest_seconds,
            "command": format!("holdfast tidy {}", words::name(deployment)),
        })
    });
    listed.collect()
}
