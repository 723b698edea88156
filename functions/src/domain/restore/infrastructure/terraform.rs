//! Terraform: blocks for 1.7 and newer, commands for all.

use super::hcl::{BodyItem, block, quoted};
use super::place::{SourceReplacement, unknown};

/// A `removed` block for what is replaced and an `import` block for the copy. One address can have either but not both in
/// one plan, and no `removed` block may have an index (Terraform, "removed block"): the copy gets an address of its own.
pub fn blocks(replaced: &[SourceReplacement]) -> String {
    let Some(first) = replaced.first() else {
        return String::new();
    };
    let mut text = format!(
        "# Terraform stops tracking what was replaced, and tracks the copies instead. Nothing is destroyed: what was\n\
         # replaced is the way back, and is deleted by hand once it is not needed.\n\
         # 1. In the source, give the resource blocks of the addresses under removed the labels under import (they end with\n\
         #    {}), in references too. Set in them:\n",
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
        "# 2. terraform plan: it has to import and forget, and to add, replace or destroy nothing.\n\
         # 3. terraform apply, and take these blocks out again.\n\
         # Addresses of instances and scaling targets are made from their cluster's or table's: correct them where yours differ.\n",
    );
    text.push_str(&to_fill_in(replaced));
    let mut forgotten: Vec<String> = Vec::new();
    for one in replaced {
        let Some(old) = without_last_index(one) else {
            text.push_str(&format!(
                "\n# {} is one of several: a removed block would take all of them out of the state. Use the commands.\n",
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
        let body = [
            BodyItem::Attribute("to", copy_address(one)),
            BodyItem::Attribute("id", quoted(&one.id)),
        ];
        text.push_str(&format!("\n{}", block("import", &body)));
    }
    text
}

/// The addresses that nobody knows here: no tool takes them as they stand.
fn to_fill_in(replaced: &[SourceReplacement]) -> String {
    match unknown(replaced, |unknown| unknown.address.as_deref()).as_slice() {
        [] => String::new(),
        unknown => format!(
            "# TO FILL IN, as `terraform state list` has it, where the descriptor names no `terraform`: {}\n",
            unknown.join(", ")
        ),
    }
}

/// What `removed` names: instances of a cluster leave together, anything else with an index cannot leave alone.
fn without_last_index(one: &SourceReplacement) -> Option<String> {
    let plain = match one.address.rsplit_once('[') {
        Some((before, index)) if one.resource_type == "AWS::RDS::DBInstance" && index.ends_with(']') => before,
        _ => &one.address,
    };
    (!plain.contains('[')).then(|| plain.to_owned())
}

/// The address with the restore's mark behind its label.
fn copy_address(one: &SourceReplacement) -> String {
    // No key of an index has brackets in it (the descriptor's `terraform`).
    match one
        .address
        .strip_suffix(']')
        .and_then(|address| address.rsplit_once('['))
    {
        Some((label, index)) => format!("{label}_{}[{index}]", one.mark),
        None => format!("{}_{}", one.address, one.mark),
    }
}

/// The same without a change of addresses, for every version: each takes effect at once.
pub fn commands(replaced: &[SourceReplacement]) -> String {
    if replaced.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "# Nothing is destroyed: the state forgets what was replaced, and learns the copies under the same addresses.\n",
    );
    text.push_str(&to_fill_in(replaced));
    for one in replaced {
        text.push_str(&format!("terraform state rm {}\n", shell(&one.address)));
    }
    for one in replaced {
        text.push_str(&format!(
            "terraform import {} {}\n",
            shell(&one.address),
            shell(&one.id)
        ));
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
    text.push_str("terraform plan # has to add, replace and destroy nothing\n");
    text
}

/// One word of a POSIX shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
