//! Discovery from a CloudFormation stack: its outputs, its resources, and those of the stacks nested in it.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use holdfast::domain::resource::Target;

use super::clusters::{self, Cluster};
use super::compose::{VaultAndRole, compose};
use super::draft::{DescriptorDraft, SuggestedHook};
use super::{Finding, FoundResource, SourceAddress, classify, parameters};
use crate::cloudformation;
use crate::failure::Result;

/// A stack as AWS describes it, with what is not in its description.
#[derive(Debug, Clone, Default)]
pub struct StackListing {
    pub name: String,
    /// ARN of the stack.
    pub arn: String,
    pub outputs: BTreeMap<String, String>,
    /// Names of its template's parameters.
    pub template_parameters: Vec<String>,
    pub resources: Vec<StackResource>,
    pub clusters: BTreeMap<String, Cluster>,
    /// Parameters below the path of the stack's name, which the application writes itself.
    pub parameters: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct StackResource {
    /// Such as `AWS::EFS::FileSystem`.
    pub kind: String,
    pub logical: String,
    pub physical: String,
}

/// Reads the stack, the stacks nested in it, the account's clusters, and the parameters below `/<stack's name>`, and where Hubs keeps
/// its keys.
pub async fn list(config: &SdkConfig, name: &str) -> Result<StackListing> {
    let stack = cloudformation::describe(config, name, "`aws cloudformation list-stacks` lists the stacks.").await?;
    let name = stack.name;
    let mut parameters = parameters::list(config, &format!("/{name}/")).await?;
    parameters.extend(parameters::list(config, &keys_of(&name)).await?);
    Ok(StackListing {
        arn: stack.id,
        outputs: stack.outputs,
        template_parameters: stack.parameters.into_keys().collect(),
        resources: resources(config, &name).await?,
        clusters: clusters::list(config).await?,
        parameters,
        name,
    })
}

async fn resources(config: &SdkConfig, name: &str) -> Result<Vec<StackResource>> {
    let mut stacks = vec![name.to_owned()];
    let mut resources = Vec::new();
    while let Some(stack) = stacks.pop() {
        let of_stack = cloudformation::resources(config, &stack).await?;
        // A resource that was deleted, or never created, has no physical id or such a status.
        let there =
            |resource: &cloudformation::Resource| resource.status != "DELETE_COMPLETE" && !resource.physical.is_empty();
        for resource in of_stack.into_iter().filter(there) {
            if resource.kind == "AWS::CloudFormation::Stack" {
                stacks.push(resource.physical.clone());
            }
            resources.push(StackResource {
                kind: resource.kind,
                logical: resource.logical,
                physical: resource.physical,
            });
        }
    }
    Ok(resources)
}

/// Everything with state in a stack, each by itself.
pub fn found(listing: &StackListing) -> Vec<FoundResource> {
    let found = findings(listing).into_iter().map(|finding| finding.found).collect();
    clusters::sort_out(found, &listing.clusters)
}

/// The draft for a stack; a Hubs stack is recognized by its output `AppDb` and its file system `StorageEFS`.
pub fn draft(listing: &StackListing) -> DescriptorDraft {
    let mut findings = findings(listing);
    findings.extend(listing.parameters.iter().map(|name| Finding {
        found: FoundResource::Parameter { name: name.clone() },
        address: None,
        comments: Vec::new(),
    }));
    match hubs(listing) {
        None => compose(
            &listing.name,
            clusters::sort_out_findings(findings, &listing.clusters),
            &VaultAndRole::default(),
        ),
        Some((cluster, place)) => {
            let database = Target::Aurora { cluster };
            let of_stack = findings
                .iter()
                .position(|finding| finding.found.restored() == Some(&database));
            let address = of_stack.and_then(|at| findings.remove(at).address);
            findings.insert(
                0,
                Finding {
                    found: FoundResource::protected(database, "database"),
                    address,
                    comments: vec!["The cluster in the stack's output AppDb".to_owned()],
                },
            );
            findings
                .iter_mut()
                .for_each(|finding| call_as_in_hubs(&mut finding.found));
            let findings = clusters::sort_out_findings(findings, &listing.clusters);
            let mut draft = compose(&listing.name, findings, &place);
            draft.stack = Some(listing.name.clone());
            draft.notes = hubs_notes(listing, &draft);
            draft.hooks.push(offline_mode(listing));
            draft
        }
    }
}

/// What the stack's resources are, each with its logical id.
fn findings(listing: &StackListing) -> Vec<Finding> {
    let finding = |resource: &StackResource| {
        let found = classify::stack_resource(&resource.kind, &resource.physical, &resource.logical)?;
        Some(Finding {
            found,
            address: Some(SourceAddress::LogicalId(resource.logical.clone())),
            comments: Vec::new(),
        })
    };
    listing.resources.iter().filter_map(finding).collect()
}

/// The cluster of a Hubs stack, and where its file system's recovery points go.
fn hubs(listing: &StackListing) -> Option<(String, VaultAndRole)> {
    let physical = |logical: &str| {
        listing
            .resources
            .iter()
            .find(|r| r.logical == logical)
            .map(|r| r.physical.clone())
    };
    physical("StorageEFS")?;
    let cluster = cluster_of_output(listing.outputs.get("AppDb")?, listing)?;
    let role = physical("DailyBackupRole").map(|role| role_arn(&listing.arn, &role));
    Some((
        cluster,
        VaultAndRole {
            vault: physical("DailyBackupVault"),
            role,
        },
    ))
}

/// The output may hold the identifier, the endpoint, the ARN or a console link of the cluster.
fn cluster_of_output(output: &str, listing: &StackListing) -> Option<String> {
    let of_stack = listing
        .resources
        .iter()
        .filter(|r| r.kind == "AWS::RDS::DBCluster")
        .map(|r| &r.physical);
    let words = output
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .collect::<Vec<_>>();
    of_stack
        .chain(listing.clusters.keys())
        .find(|id| words.iter().any(|word| word.eq_ignore_ascii_case(id)))
        .cloned()
}

/// A role's physical id is its name; its account and partition are the stack's.
fn role_arn(stack_arn: &str, role: &str) -> String {
    let mut parts = stack_arn.split(':').skip(1);
    let (partition, account) = (parts.next().unwrap_or("aws"), parts.nth(2).unwrap_or_default());
    if role.starts_with("arn:") {
        role.to_owned()
    } else {
        format!("arn:{partition}:iam::{account}:role/{role}")
    }
}

fn call_as_in_hubs(found: &mut FoundResource) {
    let FoundResource::Protected { target, hint } = found else {
        return;
    };
    if matches!(target, Target::Efs { .. }) && hint == "StorageEFS" {
        *hint = "storage".to_owned();
    } else if matches!(target, Target::Secret { .. }) {
        *hint = "login".to_owned();
    }
}

/// Offline mode, as an operator sets it by hand.
fn offline_mode(listing: &StackListing) -> SuggestedHook {
    let is_offline = |name: &&String| name.to_ascii_lowercase().contains("offline");
    let parameter = listing.template_parameters.iter().find(is_offline);
    let fields = [
        ("name", "offline"),
        ("kind", "stack_parameter"),
        ("stack", listing.name.as_str()),
        ("parameter", parameter.map_or("PARAMETER", String::as_str)),
        ("value", "VALUE"),
        ("timeout", "30m"),
    ];
    SuggestedHook {
        why: "A hub that stays online is captured moments apart, database and files (the set's skew says how far); Offline mode is a \
              parameter of its stack, which needs a service role for it. Its value is in your version of the template."
            .to_owned(),
        fields: fields.map(|(field, value)| (field, value.to_owned())).to_vec(),
    }
}

/// The path below which Hubs keeps a stack's keys.
fn keys_of(stack: &str) -> String {
    format!("/keymaster/{stack}/")
}

fn hubs_notes(listing: &StackListing, draft: &DescriptorDraft) -> Vec<String> {
    let mut notes =
        vec!["The admin console's server settings are in none of these: record them separately.".to_owned()];
    if !draft
        .resources
        .iter()
        .any(|entry| matches!(entry.target, Target::Aurora { .. }))
    {
        notes.push("The hub's database is missing: the cluster that the stack names was not found.".to_owned());
    }
    let keys = keys_of(&listing.name);
    if !listing.parameters.iter().any(|name| name.starts_with(&keys)) {
        notes.push(format!(
            "No parameters were found below {keys}: a restore looks there for the hub's encryption keys. Add their path as a \
             resource of kind `parameters`."
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
