//! Terraform: blocks for 1.7 and newer, commands for all.

use super::hcl::{BodyItem, block, quoted};
use super::place::{SourceReplacement, unknown};

/// A `removed` block for the replaced resource and an `import` block for the copy. One address cannot have both in one plan, and a
/// `removed` block cannot have an index (Terraform, "removed block"): the copy gets its own address. One that has the name of what it
/// replaces keeps the address.
pub fn blocks(replaced: &[SourceReplacement]) -> String {
    let (kept, replaced) = split(replaced);
    [kept_blocks(&kept), replaced_blocks(&replaced)]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Those that keep their names, and the others.
fn split(replaced: &[SourceReplacement]) -> (Vec<&SourceReplacement>, Vec<&SourceReplacement>) {
    replaced.iter().partition(|one| one.keeps_name())
}

/// An `import` block without effect, if the state has the address.
/// Source: <https://developer.hashicorp.com/terraform/language/block/import> ("idempotent").
fn kept_blocks(kept: &[&SourceReplacement]) -> String {
    if kept.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "# Restored under the names that they had: nothing changes in the source. While Terraform's state has them, these blocks have no\n\
         # effect; if it has lost them, as by a destroy, they import them. terraform plan must not add, replace or destroy anything.\n",
    );
    text.push_str(derived(kept));
    text.push_str(&to_fill_in(kept));
    for one in kept {
        text.push_str(&format!("\n{}", import(&one.address, &one.id)));
    }
    text
}

fn import(address: &str, id: &str) -> String {
    let body = [
        BodyItem::Attribute("to", address.to_owned()),
        BodyItem::Attribute("id", quoted(id)),
    ];
    block("import", &body)
}

fn replaced_blocks(replaced: &[&SourceReplacement]) -> String {
    let Some(first) = replaced.first() else {
        return String::new();
    };
    let mut text = format!(
        "# Terraform stops tracking what was replaced, and tracks the copies instead. Nothing is destroyed: you need what\n\
         # was replaced to switch back, and delete it by hand once it is no longer needed.\n\
         # 1. In the source, rename the resource blocks of the addresses under removed to the labels under import (they end\n\
         #    with {}), in references too. Set in them:\n",
        first.mark
    );
    for one in replaced {
        if let Some(argument) = one.argument.filter(|_| without_last_index(one).is_some()) {
            text.push_str(&format!(
                "#    {}: {argument} = {}\n",
                copy_address(one),
                quoted(&one.id)
            ));
        }
    }
    text.push_str(
        "# 2. terraform plan: it must import and forget, and must not add, replace or destroy anything.\n\
         # 3. terraform apply, and remove these blocks again.\n",
    );
    text.push_str(derived(replaced));
    text.push_str(&to_fill_in(replaced));
    let mut forgotten: Vec<String> = Vec::new();
    for one in replaced {
        let Some(old) = without_last_index(one) else {
            text.push_str(&format!(
                "\n# {} is one of several: a removed block would remove all of them from the state. Use the commands.\n",
                one.address
            ));
            continue;
        };
        if !forgotten.contains(&old) {
            let lifecycle = BodyItem::Block(
                "lifecycle".to_owned(),
                vec![BodyItem::Attribute("destroy", "false".to_owned())],
            );
            let body = [BodyItem::Attribute("from", old.clone()), lifecycle];
            text.push_str(&format!("\n{}", block("removed", &body)));
            forgotten.push(old);
        }
        text.push_str(&format!("\n{}", import(&copy_address(one), &one.id)));
    }
    text
}

fn derived(replaced: &[&SourceReplacement]) -> &'static str {
    match replaced.iter().any(|one| one.is_derived) {
        true => {
            "# Addresses of instances and scaling targets are derived from their cluster's or table's: correct them if yours differ, or\n\
             # remove their blocks if the source has none (--state FILE finds them in the state).\n"
        }
        false => "",
    }
}

/// The addresses that are not known: no tool accepts their placeholders.
fn to_fill_in(replaced: &[&SourceReplacement]) -> String {
    match unknown(replaced, |unknown| unknown.address.as_deref()).as_slice() {
        [] => String::new(),
        unknown => format!(
            "# TO FILL IN, as in `terraform state list`, where the descriptor names no `terraform` (--state FILE looks into the state): {}\n",
            unknown.join(", ")
        ),
    }
}

/// The address for a `removed` block: the instances of a cluster are removed together, anything else with an index cannot be.
fn without_last_index(one: &SourceReplacement) -> Option<String> {
    let plain = match one.address.rsplit_once('[') {
        Some((before, index)) if one.resource_type == "AWS::RDS::DBInstance" && index.ends_with(']') => before,
        _ => &one.address,
    };
    (!plain.contains('[')).then(|| plain.to_owned())
}

/// The address with the restore's mark appended to its label.
fn copy_address(one: &SourceReplacement) -> String {
    // The key of an index never contains brackets (see the descriptor's `terraform`).
    match one
        .address
        .strip_suffix(']')
        .and_then(|address| address.rsplit_once('['))
    {
        Some((label, index)) => format!("{label}_{}[{index}]", one.mark),
        None => format!("{}_{}", one.address, one.mark),
    }
}

/// Commands that keep the addresses, for every version of Terraform: each takes effect at once.
pub fn commands(replaced: &[SourceReplacement]) -> String {
    if replaced.is_empty() {
        return String::new();
    }
    let all: Vec<&SourceReplacement> = replaced.iter().collect();
    let (kept, replaced) = split(replaced);
    let mut text = String::from(
        "# Nothing is destroyed: the state forgets what was replaced, and gets the copies under the same addresses.\n",
    );
    text.push_str(&to_fill_in(&all));
    for one in &replaced {
        text.push_str(&format!("terraform state rm {}\n", shell(&one.address)));
    }
    for one in &replaced {
        text.push_str(&import_command(one));
    }
    for one in &kept {
        let known = format!("terraform state show {} >/dev/null", shell(&one.address));
        text.push_str(&format!("{known} || {}", import_command(one)));
    }
    for one in replaced {
        if let Some(argument) = one.argument {
            text.push_str(&format!(
                "# In the source: {argument} = {} in {}\n",
                quoted(&one.id),
                one.address
            ));
        }
    }
    text.push_str("terraform plan # must not add, replace or destroy anything\n");
    text
}

fn import_command(one: &SourceReplacement) -> String {
    format!("terraform import {} {}\n", shell(&one.address), shell(&one.id))
}

/// One word of a POSIX shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
