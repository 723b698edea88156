//! The names, tags and tokens that a run uses: pure functions of the run, so that a step that runs twice uses the same ones.

use super::job::Run;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Tag keys on everything that a run creates.
pub const TAG_DEPLOYMENT: &str = "holdfast:deployment";
pub const TAG_SET: &str = "holdfast:set";
/// On what a restore creates, instead of the set.
pub const TAG_RESTORE: &str = "holdfast:restore";
pub const TAG_RESOURCE: &str = "holdfast:resource";
/// On the recovery points of a sealed set: how many it has. With it, a lost catalog can be rebuilt from tags alone.
pub const TAG_SEALED: &str = "holdfast:sealed";

/// Longest name of a deployment, resource, probe or hook.
pub const MAX_NAME: usize = 32;

/// The rule for names, for operators.
pub const NAME_RULE: &str =
    "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen";

/// Whether `text` may name a deployment, resource, probe or hook: `^[a-z](-?[a-z0-9])*$`, at most 32 characters.
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && is_hyphenated(text)
}

/// `^[a-z](-?[a-z0-9])*$`: also what RDS accepts as an identifier, with at most 63 characters.
pub fn is_hyphenated(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Id of the set that an execution creates: `<deployment>-<yyyymmdd>-<hhmmss>-<4 hex of the execution ARN's hash>`, UTC. At most 53
/// characters.
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

/// Where a table's archive is in its bucket: the beginning of its keys, with a slash.
pub fn table_archive(deployment: &str, resource: &str, set: &str) -> String {
    format!("tables/{deployment}/{resource}/{set}/")
}

/// AWS Backup's `IdempotencyToken` for one action on one resource of one set; 64 hexadecimal digits.
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

/// Whether a table with this tag [`TAG_RESOURCE`] is the one that it was restored for, under its own name, of those that a prefix
/// matched: it is no copy any more, but the table.
pub fn is_in_its_place(tag: &str, table: &str) -> bool {
    tag.split_once('.').is_some_and(|(resource, _)| {
        let [.., (_, own)] = tags("", "", &format!("{resource}.{table}"));
        own == tag
    })
}

/// The name of a copy: `<source>-<suffix>`. If the source is itself a copy, its own suffix is dropped, so that names do not grow
/// from restore to restore: `<original>-<4 hex of the source's hash>-<suffix>`. A name longer than `longest` is cut, and six digits
/// of the source's hash distinguish two sources.
pub fn copy_of(source: &str, suffix: &str, longest: usize) -> String {
    let hash = sha256_hex(&[source]);
    let original = without_suffix(source);
    let whole = match original {
        Some(original) => format!("{original}-{}-{suffix}", &hash[..4]),
        None => format!("{source}-{suffix}"),
    };
    if whole.chars().count() <= longest {
        return whole;
    }
    let (source, hash) = (original.unwrap_or(source), &hash[..6]);
    let room = longest.saturating_sub(suffix.chars().count() + hash.len() + 2);
    let cut: String = source.chars().take(room).collect();
    format!("{}-{hash}-{suffix}", cut.trim_end_matches('-'))
}

/// The suffix of a restore's copies if the operator gives none: `r<yyyymmdd>-<hhmmss>-<4 hex>` of its start, UTC, and of its
/// execution: two that start in the same second may share a cluster or a file system.
pub fn suffix(run: &Run) -> String {
    format!("r{}-{}", stamp(run.started_at), &sha256_hex(&[&run.execution])[..4])
}

/// A copy's name without what [`copy_of`] added; `None` if the name has no suffix of a restore.
fn without_suffix(name: &str) -> Option<&str> {
    let parts: Vec<(usize, &str)> = name
        .match_indices('-')
        .map(|(at, _)| (at, name[at + 1..].split('-').next().unwrap_or_default()))
        .collect();
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|digit| digit.is_ascii_digit());
    let hex = |text: &str| {
        text.len() == 4
            && text
                .bytes()
                .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
    };
    let is_day = |text: &str| text.strip_prefix('r').is_some_and(|day| digits(day, 8));
    // Suffixes of earlier versions end with the time.
    let (before, at) = match &parts[..] {
        [before @ .., (at, day), (_, time), (_, run)] if is_day(day) && digits(time, 6) && hex(run) => (before, *at),
        [before @ .., (at, day), (_, time)] if is_day(day) && digits(time, 6) => (before, *at),
        _ => return None,
    };
    let end = before.last().filter(|(_, part)| hex(part)).map_or(at, |(at, _)| *at);
    Some(&name[..end]).filter(|original| !original.is_empty())
}

/// Name of the function that mounts a file system (`infra/efs-access.yaml`).
pub fn access_function(file_system: &str) -> String {
    format!("holdfast-efs-{file_system}")
}

/// Identifies a text: 64 hexadecimal digits.
pub fn digest(text: &str) -> String {
    sha256_hex(&[text])
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%d-%H%M%S").to_string()
}

/// Hash of several texts: a NUL between them distinguishes ("ab", "c") from ("a", "bc").
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

    fn copied(source: &str, longest: usize) -> String {
        copy_of(source, "r20261121-021500-77aa", longest)
    }

    #[test]
    fn a_copy_of_a_copy_is_no_longer_than_one_of_its_source() {
        let first = copied("hubs-db", 63);
        assert_eq!(first, "hubs-db-r20261121-021500-77aa");
        let (second, earlier) = (copied(&first, 63), copied("hubs-db-r20261120-021500", 63));
        assert!(
            second.starts_with("hubs-db-") && second.len() == first.len() + 5,
            "{second}"
        );
        assert_eq!(copied(&second, 63).len(), second.len());
        assert!(earlier != first && earlier != second && earlier.len() == second.len());
        // No suffix of a restore: names that somebody chose.
        for name in ["r20261120-021500-77aa", "db-20261120-021500", "db-r2026-021500-77aa"] {
            assert_eq!(copied(name, 63), format!("{name}-r20261121-021500-77aa"));
        }
        let long = copied(&"a".repeat(70), 63);
        assert!(long.len() <= 63 && copied(&long, 63).len() <= 63 && copied(&long, 63) != long);
    }

    #[test]
    fn restores_that_begin_in_one_second_give_different_names() {
        let run = |execution: &str| Run {
            deployment: "hubs".to_owned(),
            id: "id".to_owned(),
            execution: execution.to_owned(),
            started_at: at("2026-11-20T02:15:00Z"),
        };
        assert_ne!(suffix(&run(ARN)), suffix(&run("another")));
        assert_eq!(suffix(&run(ARN)), "r20261120-021500-630a");
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
