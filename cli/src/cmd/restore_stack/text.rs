//! What the command prints.

use std::fmt::Write;

use holdfast::domain::restore::stack::creation::StackEvent;
use holdfast::domain::restore::stack::texts::{by_hand, parameters_json, parameters_list};

use super::prepared::Prepared;
use crate::cloudformation::Stack as NewStack;
use crate::cloudformation::template::Template;
use crate::table::{Table, listed};

/// Failures that are listed.
const MOST: usize = 10;

/// What is created from what, and what to know before.
pub fn introduction(prepared: &Prepared, new: &str) -> String {
    let mut text = format!(
        "Stack {new} from set {} of {}, with the template and parameters of stack {}.\n{}",
        prepared.set.id,
        prepared.deployment,
        prepared.old.name,
        parameters_list(&prepared.parameters)
    );
    if !prepared.capabilities.is_empty() {
        let _ = writeln!(text, "Acknowledged: {}", prepared.capabilities.join(", "));
    }
    let _ = write!(text, "{}", remarks(prepared));
    text
}

/// The parameters for the console and for AWS's command line.
pub fn to_paste(prepared: &Prepared, new: &str) -> String {
    let json = serde_json::to_string_pretty(&parameters_json(&prepared.parameters)).unwrap_or_default();
    let template = match &prepared.template {
        Template::Url(url) => format!("--template-url {url}"),
        Template::Body(_) | Template::OfStack { .. } => {
            "--template-url https://BUCKET.s3.REGION.amazonaws.com/TEMPLATE".to_owned()
        }
    };
    let capabilities = match prepared.capabilities.as_slice() {
        [] => String::new(),
        some => format!(" --capabilities {}", some.join(" ")),
    };
    format!(
        "Parameters of stack {new} from set {}:\n{}{}\nAs a file parameters.json:\n{json}\n\nThen, with a value for each that is missing: aws \
         cloudformation create-stack --stack-name {new} --region {} {template} --parameters file://parameters.json{capabilities} \
         --on-failure DO_NOTHING\nNever update stack {} with them.\n",
        prepared.set.id,
        parameters_list(&prepared.parameters),
        remarks(prepared),
        prepared.region,
        prepared.old.name
    )
}

fn remarks(prepared: &Prepared) -> String {
    let all: String = prepared.remarks.iter().map(|remark| listed(remark)).collect();
    match all.is_empty() {
        true => all,
        false => format!("Know before:\n{all}"),
    }
}

/// After the creation was started.
pub fn started(prepared: &Prepared, new: &NewStack) -> String {
    let again = format!(
        "holdfast restore-stack{} {} --into {} --set {}{} --watch",
        prepared.option, prepared.deployment, new.name, prepared.set.id, prepared.again
    );
    format!(
        "Stack {} is {}: {}\nWait for it: {again}, with the same --param. Or: aws cloudformation wait stack-create-complete --region {} --stack-name {}\n{}",
        new.name,
        new.status,
        new.id,
        prepared.region,
        new.id,
        left(prepared, &new.name)
    )
}

/// After it was created.
pub fn created(prepared: &Prepared, new: &NewStack) -> String {
    let mut text = format!(
        "Stack {} is created from set {}: {}\n",
        new.name, prepared.set.id, new.id
    );
    if !new.outputs.is_empty() {
        let mut table = Table::new(["OUTPUT", "VALUE"]);
        for (key, value) in &new.outputs {
            table.row([key.clone(), value.clone()]);
        }
        let _ = write!(text, "\n{table}");
    }
    let _ = write!(
        text,
        "\n{}\nCheck that the application works and has its data: no probe was counted in the new stack.\nTo go back: aws cloudformation \
         delete-stack --region {} --stack-name {}. What its template retains stays; stack {} was not changed.\n",
        left(prepared, &new.name),
        prepared.region,
        new.id,
        prepared.old.name
    );
    text
}

fn left(prepared: &Prepared, new: &str) -> String {
    let lines = by_hand(new, &prepared.old, &prepared.filled, prepared.is_hubs);
    let lines: String = lines.iter().map(|line| listed(line)).collect();
    format!("Still to be done by hand:\n{lines}")
}

/// After its creation failed.
pub fn failed(prepared: &Prepared, new: &NewStack, causes: &[StackEvent]) -> String {
    let mut text = format!(
        "restoring {} into stack {}: its creation failed ({}).\n",
        prepared.deployment, new.name, new.status
    );
    for cause in causes.iter().take(MOST) {
        text.push_str(&listed(&cause.words()));
    }
    if causes.is_empty() {
        let _ = writeln!(
            text,
            "  its events name no resource that failed; they are in CloudFormation's console"
        );
    }
    if causes.len() > MOST {
        let _ = writeln!(text, "  and {} more", causes.len() - MOST);
    }
    let _ = write!(
        text,
        "What it created is still there, so that you can see why, and is charged. Stack {old} was not changed. Correct the cause, delete the \
         stack (aws cloudformation delete-stack --region {region} --stack-name {id}), and run the command again.",
        old = prepared.old.name,
        region = prepared.region,
        id = new.id
    );
    text
}
