//! Formats of the identifiers in a descriptor, as AWS accepts them.

use super::reader::TextFormat;
use crate::domain::names;

pub const NAME: TextFormat = visible(names::NAME_RULE, names::is_name);

/// RDS also accepts capitals, but stores and returns lowercase letters.
pub const CLUSTER: TextFormat = visible(
    "a DBClusterIdentifier in lowercase: 1 to 63 letters, digits and single hyphens, beginning with a letter",
    |text| text.len() <= 63 && names::is_hyphenated(text),
);

pub const RDS_PROXY: TextFormat = visible(
    "a DBProxyName in lowercase: 1 to 63 letters, digits and single hyphens, beginning with a letter",
    |text| text.len() <= 63 && names::is_hyphenated(text),
);

pub const FILE_SYSTEM: TextFormat = visible("an EFS FileSystemId such as fs-0123456789abcdef0", |text| {
    text.strip_prefix("fs-").is_some_and(|hex| {
        (8..=40).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
});

pub const DIRECTORY: TextFormat = visible(
    "a directory of the file system from its root, such as /storage: at most 1000 characters, without . and .. in it",
    |text| {
        let plain = |part: &str| part != "." && part != ".." && !part.chars().any(char::is_control);
        text.starts_with('/') && text.len() <= 1000 && text.split('/').all(plain)
    },
);

pub const VAULT: TextFormat = visible(
    "the name of an AWS Backup vault: 2 to 50 letters, digits, hyphens and underscores",
    |text| (2..=50).contains(&text.len()) && plain(text, "-_"),
);

pub const ROLE: TextFormat = visible(
    "the ARN of an IAM role such as arn:aws:iam::123456789012:role/holdfast-backup",
    |text| {
        arn(text, "iam", Region::None).is_some_and(|resource| {
            resource
                .strip_prefix("role/")
                .is_some_and(|name| !name.is_empty() && name.len() <= 576 && plain(name, "+=,.@-_/"))
        })
    },
);

pub const TABLE: TextFormat = visible(
    "the name of a DynamoDB table: 3 to 255 letters, digits, hyphens, underscores and dots",
    |text| (3..=255).contains(&text.len()) && plain(text, "-_."),
);

pub const PREFIX: TextFormat = visible(
    "a prefix of DynamoDB table names: 1 to 255 letters, digits, hyphens, underscores and dots",
    |text| (1..=255).contains(&text.len()) && plain(text, "-_."),
);

/// As of any kind of resource, at least three characters: one or two say nothing of who a resource belongs to.
pub const COVERED: TextFormat = visible(
    "what the names of the deployment's resources begin with: 3 to 255 letters, digits, hyphens, underscores and dots",
    |text| (3..=255).contains(&text.len()) && plain(text, "-_."),
);

pub const SECRET: TextFormat = TextFormat {
    rule: "the name or ARN of a Secrets Manager secret, such as hubs/prod/database; never the secret itself",
    accepts: |text| match arn(text, "secretsmanager", Region::Some) {
        Some(resource) => resource.strip_prefix("secret:").is_some_and(secret_name),
        None => !text.starts_with("arn:") && secret_name(text),
    },
    hidden: true,
};

/// A trailing slash would never match a parameter, and `/` alone means all parameters of the account.
pub const PARAMETERS: TextFormat = visible(
    "a Parameter Store path such as /hubs/prod: at most 15 levels, each of letters, digits, dots, hyphens and underscores, without a slash at the end",
    |text| {
        text.len() <= 1011
            && text.strip_prefix('/').is_some_and(|rest| {
                rest.split('/').count() <= 15 && rest.split('/').all(|level| !level.is_empty() && plain(level, "-_."))
            })
    },
);

/// A FIFO topic would need a message group.
pub const TOPIC: TextFormat = visible(
    "the ARN of a standard SNS topic such as arn:aws:sns:eu-west-1:123456789012:on-call",
    |text| arn(text, "sns", Region::Some).is_some_and(|name| (1..=256).contains(&name.len()) && plain(name, "-_")),
);

pub const FUNCTION: TextFormat = visible(
    "the name or ARN of a Lambda function, such as hubs-offline, hubs-offline:live or arn:aws:lambda:eu-west-1:123456789012:function:hubs-offline",
    |text| {
        let name = match arn(text, "lambda", Region::Some) {
            Some(resource) => resource.strip_prefix("function:").unwrap_or(""),
            None => text,
        };
        let (name, version) = name
            .split_once(':')
            .map_or((name, None), |(name, version)| (name, Some(version)));
        (1..=64).contains(&name.len())
            && plain(name, "-_")
            && version.is_none_or(|version| {
                version == "$LATEST" || (1..=128).contains(&version.len()) && plain(version, "-_")
            })
    },
);

pub const DATABASE: TextFormat = visible(
    "the name of a PostgreSQL database: 1 to 63 bytes without control characters",
    |text| (1..=63).contains(&text.len()) && !text.chars().any(char::is_control),
);

/// ECS: names of clusters, services and volumes.
pub const ECS: TextFormat = visible(
    "a name of 1 to 255 letters, digits, hyphens and underscores, as ECS shows it; not an ARN",
    |text| (1..=255).contains(&text.len()) && plain(text, "-_"),
);

/// Source: `AutoScalingGroupName` in <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html>.
pub const AUTO_SCALING_GROUP: TextFormat = visible(
    "the name of an EC2 Auto Scaling group: 1 to 255 ASCII characters without spaces and colons; not an ARN",
    |text| (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'),
);

pub const PARAMETER: TextFormat = visible(
    "the name of a Parameter Store parameter such as /hubs/prod/host or hubs-host: letters, digits, dots, hyphens and underscores, in at most 15 levels",
    |text| {
        let levels = text.strip_prefix('/').unwrap_or(text);
        // A name without levels has no slash at all.
        text.len() <= 1011
            && (text.starts_with('/') || !text.contains('/'))
            && levels.split('/').count() <= 15
            && levels.split('/').all(|level| !level.is_empty() && plain(level, "-_."))
    },
);

pub const LOGICAL_ID: TextFormat = visible("a CloudFormation logical id: 1 to 255 letters and digits", |text| {
    (1..=255).contains(&text.len()) && plain(text, "")
});

/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>.
pub const STACK: TextFormat = visible(
    "the name of a CloudFormation stack: 1 to 128 letters, digits and hyphens, beginning with a letter",
    |text| (1..=128).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphabetic()) && plain(text, "-"),
);

/// `[module.<name>[<index>].…]<type>.<name>[<index>]`; an index is a number, or a string without quotes and escapes.
pub fn terraform(address: &str, resource_type: &str) -> bool {
    let identifier = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.len() <= 100 && plain(text, "-_")
    };
    let mut rest = address;
    while let Some(module) = rest.strip_prefix("module.") {
        let Some(after) = after_label(module, identifier).and_then(|after| after.strip_prefix('.')) else {
            return false;
        };
        rest = after;
    }
    address.len() <= 500
        && rest
            .strip_prefix(resource_type)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| after_label(name, identifier) == Some(""))
}

/// What follows a name and its index.
fn after_label(text: &str, identifier: impl Fn(&str) -> bool) -> Option<&str> {
    let (name, rest) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    if !identifier(name) {
        return None;
    }
    let Some(index) = rest.strip_prefix('[') else {
        return Some(rest);
    };
    let (key, rest) = match index.strip_prefix('"') {
        Some(text) => text.split_once("\"]")?,
        None => index.split_once(']')?,
    };
    let fits = match index.starts_with('"') {
        true => plain(key, "-_./:@ "),
        false => !key.is_empty() && key.len() <= 9 && key.bytes().all(|byte| byte.is_ascii_digit()),
    };
    fits.then_some(rest)
}

pub const fn visible(rule: &'static str, accepts: fn(&str) -> bool) -> TextFormat {
    TextFormat {
        rule,
        accepts,
        hidden: false,
    }
}

fn secret_name(text: &str) -> bool {
    // Names that AWS gives have an exclamation mark, such as rds!cluster-….
    (1..=512).contains(&text.len()) && plain(text, "/_+=.@-!")
}

/// ASCII letters, digits and `extra`.
pub fn plain(text: &str, extra: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

enum Region {
    None,
    Some,
}

/// The resource part of an ARN of `service` in any partition.
fn arn<'a>(text: &'a str, service: &str, region: Region) -> Option<&'a str> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let (arn, partition, found, place, account) = (next()?, next()?, next()?, next()?, next()?);
    let resource = next()?;
    let partition_fits = partition == "aws"
        || partition
            .strip_prefix("aws-")
            .is_some_and(|rest| !rest.is_empty() && plain(rest, "-"));
    let place_fits = match region {
        Region::None => place.is_empty(),
        Region::Some => {
            !place.is_empty()
                && place
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }
    };
    let account_fits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (arn == "arn" && found == service && partition_fits && place_fits && account_fits).then_some(resource)
}

/// The resource part of an ARN of Step Functions.
pub fn states_arn(text: &str) -> Option<&str> {
    arn(text, "states", Region::Some)
}

/// Id of a set or restore (`names::set_id`): `<deployment>-<yyyymmdd>-<hhmmss>-<4 hex>`.
pub fn is_id(text: &str) -> bool {
    deployment_of(text).is_some()
}

/// Whether an id belongs to this deployment.
pub fn is_id_of(deployment: &str, text: &str) -> bool {
    deployment_of(text) == Some(deployment)
}

fn deployment_of(id: &str) -> Option<&str> {
    let mut parts = id.rsplitn(4, '-');
    let (hash, time, date, deployment) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = hash.len() == 4 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (digits(date, 8) && digits(time, 6) && hexadecimal && names::is_name(deployment)).then_some(deployment)
}

/// A resource as a run names it: its name in the descriptor; for a table found by a prefix, followed by a dot and the table.
pub fn is_resource(text: &str) -> bool {
    let (name, table) = text
        .split_once('.')
        .map_or((text, None), |(name, table)| (name, Some(table)));
    names::is_name(name) && table.is_none_or(TABLE.accepts)
}

/// Whether a text could be the name of a copy, of any kind.
pub fn is_copy(text: &str) -> bool {
    (1..=255).contains(&text.len()) && plain(text, "-_.")
}

/// Names of machines and executions have 1 to 80 characters, of which these also work in CloudWatch Logs.
pub const EXECUTION: TextFormat = visible(
    "the ARN of an execution such as arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:tonight",
    |text| {
        let parts =
            arn(text, "states", Region::Some).and_then(|resource| resource.strip_prefix("execution:")?.split_once(':'));
        parts.is_some_and(|(machine, name)| {
            [machine, name]
                .iter()
                .all(|part| (1..=80).contains(&part.len()) && plain(part, "-_.+=@!"))
        })
    },
);
