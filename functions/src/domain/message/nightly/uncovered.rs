//! What is named like a deployment's resources and is in no set, as the digest shows it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{facts, words};

pub fn section(all: &BTreeMap<String, Vec<String>>) -> Section {
    let of = |(deployment, told): (&String, &Vec<String>)| {
        let name = words::name(deployment);
        told.iter()
            .map(|text| format!("{name}: {}", words::line(text)))
            .collect::<Vec<_>>()
    };
    Section::list(
        "In no set, although named like a deployment's resources",
        all.iter().flat_map(of),
    )
}

/// What to do about it; `None` if there is nothing.
pub fn step(all: &BTreeMap<String, Vec<String>>) -> Option<NextStep> {
    let first = words::name(all.keys().next()?);
    let others = match all.len() {
        1 => String::new(),
        _ => format!(", first of {first}"),
    };
    Some(NextStep::run(
        format!(
            "Add what is in no set to the descriptor, if it belongs to the deployment{others}, then `holdfast apply FILE`. To see all \
             that differs"
        ),
        format!("holdfast diff {first}"),
    ))
}

pub fn json(all: &BTreeMap<String, Vec<String>>) -> Value {
    let listed = all.iter().take(facts::LISTED).map(|(deployment, told)| {
        json!({
            "deployment": words::name(deployment),
            "warnings": told.iter().map(|text| words::line(text)).collect::<Value>(),
            "command": format!("holdfast diff {}", words::name(deployment)),
        })
    });
    listed.collect()
}
