//! Every name, tag and token that a run gives away: pure functions of what the run is, so that a step that runs
//! twice names the same things.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Tag keys on everything that a run creates.
pub const TAG_DEPLOYMENT: &str = "holdfast:deployment";
pub const TAG_SET: &str = "holdfast:set";
/// On what a restore creates, in place of the set.
pub const TAG_RESTORE: &str = "holdfast:restore";
pub const TAG_RESOURCE: &str = "holdfast:resource";
/// On the recovery points of a sealed set: how many the set has. With it a lost catalog is rebuilt from tags alone.
pub const TAG_SEALED: &str = "holdfast:sealed";

/// Longest name of a deployment, resource, probe or hook.
pub const MAX_NAME: usize = 32;

/// What a name may be, in words for an operator.
pub const NAME_RULE: &str =
    "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen";

/// Whether `text` may name a deployment, resource, probe or hook: `^[a-z](-?[a-z0-9])*$`, at most 32 characters.
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && is_hyphenated(text)
}

/// `^[a-z](-?[a-z0-9])*$`: also what RDS accepts as an identifier, there with at most 63 characters.
pub fn is_hyphenated(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Id of the set that an execution makes: `<deployment>-<yyyymmdd>-<hhmmss>-<4 hex of the execution ARN's hash>`, UTC.
/// At most 53 characters.
pub fn set_id(deployment: &str, started_at: Timestamp, execution_arn: &str) -> String {
    format!(
        "{deployment}-{}-{}",
        stamp(started_at),
        &sha256_hex(&[execution_arn])[..4]
    )
}

/// `DBClusterSnapshotIdentifier` or DynamoDB `BackupName` of a resource's recovery point. At most 63 characters,
/// which is RDS's limit.
pub fn recovery_point(set: &str, resource: &str) -> String {
    format!("hf-{set}-{}", &sha256_hex(&[resource])[..6])
}

/// AWS Backup's `IdempotencyToken` for one thing done to one resource of one set; 64 hexadecimal digits.
pub fn token(set: &str, resource: &str, purpose: &str) -> String {
    sha256_hex(&[set, resource, purpose])
}

/// Name of the `backup` execution that a `nightly` execution starts for a deployment. At most 48 characters of the 80
/// that Step Functions allows.
pub fn backup_execution(nightly_started_at: Timestamp, deployment: &str) -> String {
    format!("{}-{deployment}", stamp(nightly_started_at))
}

/// The tags of what a run creates for a resource. Values are cut to the 256 characters that AWS allows (a table
/// found by a prefix can have a longer resource name).
pub fn tags(deployment: &str, set: &str, resource: &str) -> [(&'static str, String); 3] {
    let value = |text: &str| text.chars().take(256).collect();
    [
        (TAG_DEPLOYMENT, value(deployment)),
        (TAG_SET, value(set)),
        (TAG_RESOURCE, value(resource)),
    ]
}

/// The tags of what a restore creates for a resource; see [`tags`].
pub fn restore_tags(deployment: &str, restore: &str, resource: &str) -> [(&'static str, String); 3] {
    let [deployment, (_, restore), resource] = tags(deployment, restore, resource);
    [deployment, (TAG_RESTORE, restore), resource]
}

/// The name of a copy: `<source>-<suffix>`. Where that is longer than `longest`, the source is cut, and six digits of its
/// hash keep two sources apart.
pub fn copy_of(source: &str, suffix: &str, longest: usize) -> String {
    let whole = format!("{source}-{suffix}");
    if whole.chars().count() <= longest {
        return whole;
    }
    let hash = &sha256_hex(&[source])[..6];
    let room = longest.saturating_sub(suffix.chars().count() + hash.len() + 2);
    let cut: String = source.chars().take(room).collect();
    format!("{}-{hash}-{suffix}", cut.trim_end_matches('-'))
}

/// The suffix of a restore's copies where the operator names none: `r<yyyymmdd>-<hhmmss>` of its start, UTC.
pub fn suffix(started_at: Timestamp) -> String {
    format!("r{}", stamp(started_at))
}

/// Name of the function that mounts a file system (`infra/efs-access.yaml`).
pub fn access_function(file_system: &str) -> String {
    format!("holdfast-efs-{file_system}")
}

/// Tells two texts apart: 64 hexadecimal digits.
pub fn digest(text: &str) -> String {
    sha256_hex(&[text])
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%d-%H%M%S").to_string()
}

/// Hash of several texts: a NUL between them keeps ("ab", "c") apart from ("a", "bc").
fn sha256_hex(texts: &[&str]) -> String {
    Sha256::digest(texts.join("\0"))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-backup:20261120-021500-hubs-prod";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_short_lower_case_and_singly_hyphenated() {
        for good in ["a", "hubs-prod", "a1-b2-c3", &"a".repeat(32)] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "1a",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "a.b",
            "é",
            "a b",
            "a\n",
            &"a".repeat(33),
        ] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_set_is_named_after_its_execution_alone() {
        let id = set_id("hubs-prod", at("2026-11-20T02:15:00.734Z"), ARN);
        // printf %s <ARN> | sha256sum
        assert_eq!(id, "hubs-prod-20261120-021500-630a");
        assert_eq!(
            backup_execution(at("2026-11-20T02:15:00Z"), "hubs-prod"),
            "20261120-021500-hubs-prod"
        );
    }

    #[test]
    fn a_token_tells_its_parts_apart() {
        assert_ne!(token("ab", "c", "d"), token("a", "bc", "d"));
        assert_eq!(token("ab", "c", "d").len(), 64);
    }

    #[test]
    fn tag_values_fit() {
        let tags = tags("hubs", "set", &"t".repeat(300));
        assert_eq!(tags[2].1.len(), 256);
    }

    proptest! {
        #[test]
        fn recovery_points_are_rds_identifiers(name in "[a-z](-?[a-z0-9]){0,15}", resource in ".{1,300}", second in 0i64..4_102_444_800, arn in ".*") {
            prop_assume!(is_name(&name));
            let started = Timestamp::from_second(second).unwrap();
            let id = recovery_point(&set_id(&name, started, &arn), &resource);
            prop_assert!(id.len() <= 63 && is_hyphenated(&id), "{}", id);
        }
    }
}
