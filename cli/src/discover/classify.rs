//! What a CloudFormation resource or an ARN means to Holdfast.

use holdfast::domain::kinds::{self, Stateful};
use holdfast::domain::resource::Target;

use super::FoundResource;
use super::unprotected::UnprotectedType;

/// A resource of a stack, by its type, physical and logical id; `None` if it has no state.
pub fn stack_resource(kind: &str, physical: &str, logical: &str) -> Option<FoundResource> {
    let (id, hint) = (physical.to_owned(), logical.to_owned());
    if let Some(restored) = restored().find(|restored| restored.cloudformation().contains(&kind)) {
        return found(restored.target_of(id), hint);
    }
    match kind {
        "AWS::SecretsManager::Secret" => found(Target::Secret { secret: id }, hint),
        "AWS::SSM::Parameter" => Some(FoundResource::Parameter { name: id }),
        _ => UnprotectedType::of_cloudformation(kind).map(|of| of.resource(id)),
    }
}

fn found(target: Target, hint: String) -> Option<FoundResource> {
    Some(FoundResource::protected(target, hint))
}

/// The kinds that are backed up and restored.
pub fn restored() -> impl Iterator<Item = &'static dyn Stateful> {
    kinds::ALL.iter().filter_map(|kind| kind.stateful())
}

/// The target of a kind that is backed up and restored, and what a descriptor calls it. What belongs to a resource, such as a
/// table's indexes, streams and backups, has a longer ARN.
fn restored_by_arn(service: &str, resource: &str) -> Option<(Target, String)> {
    restored().find_map(|restored| {
        let (of_service, beginning) = restored.arn()?;
        let id = resource.strip_prefix(beginning).filter(|id| !id.contains(['/', ':']))?;
        (service == of_service).then(|| (restored.target_of(id.to_owned()), restored.entry_name(id).to_owned()))
    })
}

/// A tagged resource, by its ARN; `None` if it has no state, or is itself a backup.
pub fn arn(arn: &str) -> Option<FoundResource> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next()?, parts.nth(2)?);
    if let Some((target, name)) = restored_by_arn(service, resource) {
        return found(target, name);
    }
    let (kind, id) = resource.split_once([':', '/']).unwrap_or(("", resource));
    let id = id.to_owned();
    match (service, kind) {
        ("secretsmanager", "secret") => {
            // Secrets Manager adds a hyphen and six random characters to the name.
            let name = id.rsplit_once('-').map_or(id.as_str(), |(name, _)| name).to_owned();
            let secret = arn.to_owned();
            found(Target::Secret { secret }, name)
        }
        // `parameter/hubs/key` is `/hubs/key`, and `parameter/key` is `key`.
        ("ssm", "parameter") => {
            let name = if id.contains('/') {
                format!("/{}", id.trim_start_matches('/'))
            } else {
                id
            };
            Some(FoundResource::Parameter { name })
        }
        _ => UnprotectedType::of_arn(service, kind).map(|of| of.resource(id)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn arns_are_told_apart() {
        let a = |rest: &str| arn(&format!("arn:aws:{rest}"));
        let cluster = "hubs-db".to_owned();
        let efs = Target::Efs {
            file_system: "fs-0123456789abcdef0".to_owned(),
            vault: None,
            role: None,
        };
        assert_eq!(
            a("rds:us-east-1:000000000000:cluster:hubs-db"),
            found(Target::Aurora { cluster }, "hubs-db".to_owned())
        );
        assert_eq!(
            a("elasticfilesystem:us-east-1:000000000000:file-system/fs-0123456789abcdef0"),
            found(efs, "storage".to_owned())
        );
        let secret = "secretsmanager:us-east-1:000000000000:secret:hubs/login-AbCdEf";
        let target = Target::Secret {
            secret: format!("arn:aws:{secret}"),
        };
        assert_eq!(a(secret), found(target, "hubs/login".to_owned()));
        let parameter = |name: &str| Some(FoundResource::Parameter { name: name.to_owned() });
        assert_eq!(
            a("ssm:us-east-1:000000000000:parameter/hubs/prod/key"),
            parameter("/hubs/prod/key")
        );
        assert_eq!(a("ssm:us-east-1:000000000000:parameter/key"), parameter("key"));
        assert!(matches!(a("s3:::hubs-assets").unwrap(), FoundResource::Unprotected { id, .. } if id == "hubs-assets"));
    }

    #[test]
    fn backups_and_stateless_things_are_left_out() {
        for arn_of in [
            "arn:aws:rds:us-east-1:000000000000:cluster-snapshot:hubs",
            "arn:aws:dynamodb:us-east-1:000000000000:table/rooms/backup/0123",
            "arn:aws:lambda:us-east-1:000000000000:function:x",
            "arn:aws:ec2:us-east-1:000000000000:instance/i-1",
            "not an arn",
            "",
        ] {
            assert_eq!(arn(arn_of), None, "{arn_of}");
        }
    }
}
