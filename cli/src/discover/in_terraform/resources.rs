//! What a resource in a Terraform state means to Holdfast.

use holdfast::domain::kinds;
use holdfast::domain::resource::Target;

use super::instances;
use super::state::StateResource;
use crate::discover::unprotected::UnprotectedType;
use crate::discover::{Finding, FoundResource, classify, clusters};

/// A resource with state, by the type of Terraform's AWS provider; `None` for one without, and for what [`instances::of`] describes.
pub fn finding(resource: &StateResource) -> Option<Finding> {
    if instances::TYPES.contains(&resource.kind.as_str()) || is_part(resource) {
        return None;
    }
    let mut comments = Vec::new();
    let found = match resource.kind.as_str() {
        // The identifier is its ARN.
        "aws_secretsmanager_secret" => protected(Target::Secret { secret: id(resource)? }, resource),
        "aws_ssm_parameter" => FoundResource::Parameter {
            name: resource.text("name").or(resource.text("id"))?.to_owned(),
        },
        kind => match classify::restored().find(|of| of.terraform().0 == kind) {
            Some(of) => restored(
                protected(of.target_of(id(resource)?), resource),
                resource,
                &mut comments,
            ),
            None => UnprotectedType::of_terraform(kind)?.resource(id(resource)?),
        },
    };
    Some(resource.finding(found, comments))
}

/// What is a part of another resource, and holds nothing of its own.
fn is_part(resource: &StateResource) -> bool {
    resource.kind == "aws_elasticache_cluster" && resource.text("replication_group_id").is_some()
}

/// What was found, unless it is a cluster of an engine other than Aurora's.
fn restored(found: FoundResource, resource: &StateResource, comments: &mut Vec<String>) -> FoundResource {
    let FoundResource::Protected {
        target: Target::Aurora { cluster },
        hint,
    } = found
    else {
        return found;
    };
    // In early states the engine is left out, and is the provider's default, aurora.
    let engine = resource.text("engine").unwrap_or("aurora");
    if !engine.starts_with("aurora") {
        return clusters::of_engine(engine, &cluster);
    }
    let database = resource
        .text("database_name")
        .map(|name| format!(" Its first database is {name}."));
    comments.push(format!("Engine {engine}.{}", database.unwrap_or_default()));
    let master = resource.text_in("master_user_secret", "secret_arn");
    comments.extend(master.map(|arn| format!("RDS keeps its master login in {arn}.")));
    // RDS stores identifiers in lowercase, whatever the source has.
    let cluster = cluster.to_ascii_lowercase();
    FoundResource::protected(Target::Aurora { cluster }, hint)
}

/// Labels and keys that say nothing.
const GENERIC: [&str; 3] = ["this", "main", "default"];

/// A target, with a hint for its name: its key or its label, unless they say nothing.
fn protected(target: Target, resource: &StateResource) -> FoundResource {
    let own = resource.key.as_deref().into_iter().chain([resource.label.as_str()]);
    let given = own.into_iter().find(|name| !GENERIC.contains(name));
    let hint = match (given, resource.text("name")) {
        (Some(given), _) => given,
        (None, Some(name)) => name,
        (None, None) => match kinds::stateful(&target) {
            Some(kind) => kind.entry_name(target.identifier()),
            None => target.kind(),
        },
    };
    let hint = hint.to_owned();
    FoundResource::protected(target, hint)
}

/// The identifier, as `terraform import` takes it. None until the resource was created.
fn id(resource: &StateResource) -> Option<String> {
    resource.text("id").map(str::to_owned)
}
