//! Staging labels on the versions that switching back needs: Secrets Manager removes versions without labels (User Guide, "What's
//! in a Secrets Manager secret?"). Each restore labels the version that it found and the version that it wrote.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;

use crate::domain::descriptor::Switch;
use crate::domain::job::Run;
use crate::domain::restore::item::RestoreItem;

/// The prefix of Holdfast's labels.
const PREFIX: &str = "holdfast-";
/// How many of Holdfast's labels a secret keeps, two per restore: the quota is 20 in all (Secrets Manager User Guide, "AWS Secrets
/// Manager quotas"), and AWS itself uses three.
const KEPT: usize = 12;

/// The label of the version that the restore found.
pub fn before(run: &Run, switch: &Switch, item: &RestoreItem) -> String {
    label(run, switch, item, "before")
}

/// The label of the version that the restore wrote.
pub fn after(run: &Run, switch: &Switch, item: &RestoreItem) -> String {
    label(run, switch, item, "after")
}

/// Contains the time of the restore, so that labels sort by age.
fn label(run: &Run, switch: &Switch, item: &RestoreItem, which: &str) -> String {
    let id = item.restore.as_str();
    let stamp = id.strip_prefix(&format!("{}-", run.deployment)).unwrap_or(id);
    format!("{PREFIX}{stamp}-{}-{which}", switch.name)
}

/// The version with a label.
pub fn version_of<'a>(described: &'a DescribeSecretOutput, label: &str) -> Option<&'a str> {
    let versions = described.version_ids_to_stages()?;
    let has = |(_, labels): &(&String, &Vec<String>)| labels.iter().any(|one| one == label);
    versions.iter().find(has).map(|(version, _)| version.as_str())
}

/// The oldest of Holdfast's labels, which have to be removed to make room for two more, each with its version.
pub fn superfluous(described: &DescribeSecretOutput) -> Vec<(String, String)> {
    let versions = described.version_ids_to_stages().into_iter().flatten();
    let mut ours: Vec<_> = versions
        .flat_map(|(version, labels)| labels.iter().map(move |label| (label.clone(), version.clone())))
        .filter(|(label, _)| label.starts_with(PREFIX))
        .collect();
    ours.sort_unstable();
    ours.truncate((ours.len() + 2).saturating_sub(KEPT));
    ours
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashMap;

    use super::*;
    use crate::testing::switches::{cluster, run, secret_switch};

    fn described(labels: impl Iterator<Item = String>) -> DescribeSecretOutput {
        let versions: HashMap<_, _> = labels
            .enumerate()
            .map(|(at, label)| (format!("v{at}"), vec![label, "their-own".to_owned()]))
            .collect();
        DescribeSecretOutput::builder()
            .set_version_ids_to_stages(Some(versions))
            .build()
    }

    #[test]
    fn a_restores_labels_are_its_own_and_those_of_the_oldest_make_room() {
        let (run, switch, item) = (run(), secret_switch(), cluster());
        let (before, after) = (before(&run, &switch, &item), after(&run, &switch, &item));
        assert!(
            before != after && before.len() <= 256 && before.starts_with("holdfast-2"),
            "{before}"
        );
        let at = |day: usize| format!("holdfast-202611{day:02}-021500-ab12-database-before");
        assert_eq!(superfluous(&described((1..=10).map(at))), []);
        let found = superfluous(&described((1..=13).map(at)));
        let labels: Vec<_> = found.iter().map(|(label, _)| label.clone()).collect();
        assert_eq!(labels, [at(1), at(2), at(3)]);
        assert_eq!(found[0].1, "v0");
        assert_eq!(
            version_of(&described([before.clone()].into_iter()), &before),
            Some("v0")
        );
        assert_eq!(version_of(&described([before].into_iter()), &after), None);
    }
}
