//! CloudFormation: copies are imported into the stack by a change set of type `IMPORT`.

use serde_json::{Map, Value, json};

use super::place::{SourceReplacement, unknown};

/// `ResourcesToImport` of `CreateChangeSet`.
pub fn resources_to_import(replaced: &[SourceReplacement]) -> String {
    if replaced.is_empty() {
        return String::new();
    }
    let resources: Vec<Value> = replaced
        .iter()
        .map(|one| {
            let identifier: Map<String, Value> = one
                .identifier
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.as_str().into()))
                .collect();
            json!({
                "LogicalResourceId": one.logical_id,
                "ResourceIdentifier": identifier,
                "ResourceType": one.resource_type,
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(resources))
}

/// What to do before and with the change set (AWS CloudFormation User Guide, "Importing existing resources into a stack").
pub fn steps(replaced: &[SourceReplacement]) -> String {
    if replaced.is_empty() {
        return String::new();
    }
    let all: Vec<&SourceReplacement> = replaced.iter().collect();
    let to_fill_in = match unknown(&all, |unknown| unknown.logical_id.as_deref()).as_slice() {
        [] => String::new(),
        unknown => format!(
            "0. Fill in the logical ids of your template, where the descriptor names no `logical_id`: {}.\n",
            unknown.join(", ")
        ),
    };
    let (kept, replaced): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.keeps_name());
    let ids = |of: &[&SourceReplacement]| {
        let ids: Vec<&str> = of.iter().map(|one| one.logical_id.as_str()).collect();
        ids.join(", ")
    };
    let unchanged = match kept.as_slice() {
        [] => String::new(),
        kept => format!(
            "Restored under the names that they had: {}. A stack that has them needs no change for them, and cannot import them: take \
             them out of resources.json. If their stack was deleted, a change set of type IMPORT takes them into a new one.\n",
            ids(kept)
        ),
    };
    if replaced.is_empty() {
        return format!("{to_fill_in}{unchanged}");
    }
    format!(
        "{to_fill_in}{unchanged}1. Give {} \"DeletionPolicy: Retain\" and \"UpdateReplacePolicy: Retain\", and update the stack: without them the \
         next step deletes what was replaced, which you need to switch back.\n\
         2. Remove these resources from the template, and update the stack: it stops tracking them.\n\
         3. Put them back, still with \"DeletionPolicy: Retain\", with the copies' names, and create a change set of type \
         IMPORT with the resources to import: aws cloudformation create-change-set --change-set-type IMPORT \
         --resources-to-import file://resources.json …\n\
         4. Read the change set: it must only import. Execute it, and detect drift.\n",
        ids(&replaced)
    )
}
