//! Pieces that several messages of restores share.

use serde_json::{Value, json};

use crate::domain::descriptor::{CutOver, CutOverAction};
use crate::domain::duration::in_words;
use crate::domain::message::facts::LISTED;
use crate::domain::message::words;
use crate::domain::resource::Resource;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::Item;
use crate::domain::restore::plan::{Beside, Plan};
use crate::domain::restore::switching::{SwitchState, Switched};
use crate::domain::restore::verdict::{Check, Finding, Verification};

/// `database (aurora hubs-db)`.
pub fn what(resource: &Resource) -> String {
    let target = &resource.target;
    format!(
        "{} ({} {})",
        words::name(&resource.name),
        target.kind(),
        words::name(target.identifier())
    )
}

pub fn beside(beside: &Beside) -> String {
    match beside {
        Beside::Cluster { cluster } => format!("cluster {cluster}"),
        Beside::Table { table } => format!("table {table}"),
        Beside::Directory { file_system } => format!("a new directory of file system {file_system}"),
        Beside::FileSystem { token } => format!("a new file system with the creation token {token}"),
        Beside::Nothing => "nothing".to_owned(),
    }
}

/// The names that the descriptor changed with the cut-over and has not changed back.
pub fn followed(record: &RestoreRecord) -> String {
    let changed = record.followed.iter().filter(|change| change.back_at.is_none());
    let lines = changed.map(|change| format!("  - {}: {} (was {})", change.path(), change.to, change.from));
    words::listed(lines.collect(), LISTED)
}

/// Of what moment each copy's data is: what was written since is not in it.
pub fn lost(plan: &Plan) -> String {
    let lines = plan.resources.iter().filter_map(|planned| {
        let since = planned
            .loss_seconds
            .map(|seconds| format!(" ({} before the plan)", in_words(seconds)))
            .unwrap_or_default();
        (planned.beside != Beside::Nothing).then_some(())?;
        Some(format!(
            "  - {}: data of {}{since}",
            words::name(&planned.resource.name),
            words::time(planned.holds?)
        ))
    });
    words::listed(lines.collect(), LISTED)
}

/// The worst first: what differs, what could not be told, and how much is the same.
pub fn checks(verification: &Verification) -> String {
    let of = |finding: Finding| verification.checks.iter().filter(move |check| check.finding == finding);
    let line = |check: &Check| {
        let finding = match check.finding {
            Finding::Different => "DIFFERENT",
            Finding::Unproven => "not proven",
            Finding::Changed => "changed since the backup",
            Finding::Same => "the same",
        };
        let line = format!("{}: {finding}: {}", words::name(&check.name), check.detail);
        format!("  - {}", words::line(&line))
    };
    let mut parts = Vec::new();
    let wrong: Vec<String> = of(Finding::Different).chain(of(Finding::Unproven)).map(line).collect();
    if !wrong.is_empty() {
        parts.push(words::listed(wrong, LISTED));
    }
    let changed: Vec<String> = of(Finding::Changed).map(line).collect();
    if !changed.is_empty() {
        parts.push("Changed since the backup, and neither restored nor put back:".to_owned());
        parts.push(words::listed(changed, LISTED / 3));
    }
    let same: Vec<String> = of(Finding::Same).map(line).collect();
    if !same.is_empty() {
        parts.push(format!("Found the same: {}", words::count(same.len(), "thing")));
        parts.push(words::listed(same, LISTED / 3));
    }
    parts.join("\n")
}

/// A switch in a few words: `secret hubs/db (host, port) of database`.
pub fn switch(switch: &CutOver) -> String {
    let what = match &switch.action {
        CutOverAction::Secret { secret, values } => {
            let keys: Vec<&str> = values.keys().map(String::as_str).collect();
            format!("secret {secret} ({})", keys.join(", "))
        }
        CutOverAction::Parameter { parameter, .. } => format!("parameter {parameter}"),
        CutOverAction::EcsService {
            cluster,
            service,
            volume,
        } => {
            let volume = volume
                .as_ref()
                .map(|name| format!(", volume {name}"))
                .unwrap_or_default();
            format!("ECS service {service} in cluster {cluster}{volume}")
        }
        CutOverAction::Rename => "the cluster's name".to_owned(),
    };
    let table = switch
        .table
        .as_ref()
        .map(|table| format!(".{table}"))
        .unwrap_or_default();
    format!("{}: {what}, for {}{table}", switch.name, switch.resource)
}

/// What leads where, a line a switch.
pub fn switched(switched: &[Switched]) -> String {
    let lines = switched.iter().map(|switched| {
        let leads = match switched.state {
            SwitchState::Done => "leads to the COPY",
            SwitchState::Returned => "leads to WHAT WAS THERE BEFORE",
            SwitchState::Begun => "MAY LEAD TO EITHER: it was being switched to the copy",
            SwitchState::Returning => "MAY LEAD TO EITHER: it was being switched back",
        };
        let value = |value: &Value| match value {
            Value::Null => "not known".to_owned(),
            value => value.to_string(),
        };
        [
            format!("  - {} {leads}", words::name(&switch(&switched.switch))),
            format!("      before: {}", words::line(&value(&switched.before))),
            format!("      since: {}", words::line(&value(&switched.after))),
        ]
        .join("\n")
    });
    words::listed(lines.collect(), LISTED)
}

/// Lines in words, as a list under a title; `None` without any.
pub fn titled(title: &str, lines: &[String]) -> Option<String> {
    let list: Vec<String> = lines.iter().map(|line| format!("  - {}", words::line(line))).collect();
    (!list.is_empty()).then(|| format!("{title}\n{}", words::listed(list, LISTED)))
}

/// What each resource's restore left to say.
pub fn remarks(items: &[Item]) -> Vec<String> {
    let remarks = items.iter().flat_map(|item| {
        let name = &item.planned.resource.name;
        item.remarks.iter().map(move |remark| format!("{name}: {remark}"))
    });
    remarks.collect()
}

/// What has to be changed in the infrastructure's source, ready to paste; `None` where there is nothing.
pub fn infrastructure(record: &RestoreRecord) -> Option<String> {
    let text = record.infrastructure.as_ref()?;
    let parts = [
        ("Terraform 1.7 and newer", &text.terraform),
        ("Older Terraform", &text.terraform_commands),
        ("CloudFormation", &text.cloudformation_steps),
        ("CloudFormation, resources to import", &text.cloudformation),
        ("ECS task definitions", &text.ecs),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, part)| !part.trim().is_empty())
        .map(|(title, part)| format!("{title}:\n{}", words::lines(part)))
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

pub fn checks_json(verification: Option<&Verification>) -> Value {
    let wrong = verification.into_iter().flat_map(|verification| &verification.checks);
    let wrong = wrong.filter(|check| check.finding != Finding::Same).take(LISTED).map(|check| {
        json!({"name": words::name(&check.name), "finding": check.finding, "detail": words::line(&check.detail)})
    });
    wrong.collect()
}

pub fn switched_json(switched: &[Switched]) -> Value {
    let switched = switched.iter().take(LISTED).map(|switched| {
        json!({"name": words::name(&switched.switch.name), "what": words::name(&switch(&switched.switch)), "state": switched.state})
    });
    switched.collect()
}
