//! Resource selections of AWS Backup plans: whether a selection that includes a resource by ARN would miss its copy.
//!
//! A selection by tags includes the copy as well, which has the same tags.

use crate::domain::kinds;
use crate::domain::resource::Target;

/// A selection of a backup plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Id of the plan.
    pub plan: String,
    pub id: String,
    pub name: String,
    /// ARNs of what is backed up, in which `*` matches any characters.
    pub resources: Vec<String>,
}

impl Selection {
    /// The pattern by which it includes a resource; `None` if it does not, or if it also includes the copy.
    pub fn passes_over<'a>(&'a self, copy: &str, old: &str) -> Option<&'a str> {
        let find = |arn: &str| self.resources.iter().find(|pattern| matches(pattern, arn));
        match find(copy) {
            Some(_) => None,
            None => find(old).map(String::as_str),
        }
    }
}

/// The ARN of a resource with this identifier, in the account and Region of an execution. `None` for what AWS Backup does not
/// back up.
pub fn arn(target: &Target, identifier: &str, execution: &str) -> Option<String> {
    let kind = kinds::stateful(target).filter(|kind| !kind.is_pattern(target))?;
    let (service, prefix) = kind.arn()?;
    match execution.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, "states", region, account, ..] => Some(format!(
            "arn:{partition}:{service}:{region}:{account}:{prefix}{identifier}"
        )),
        _ => None,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.any(|at| matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const EXECUTION: &str = "arn:aws:states:eu-west-1:1:execution:holdfast-restore:x";

    #[test]
    fn a_selection_that_names_the_old_alone_passes_over_the_copy() {
        let cluster = Target::Aurora { cluster: "hubs".into() };
        let arn = |identifier: &str| arn(&cluster, identifier, EXECUTION).unwrap();
        for (resources, passes_over) in [
            (vec!["arn:aws:rds:eu-west-1:1:cluster:hubs"], true),
            (vec!["arn:aws:rds:*:*:cluster:hubs"], true),
            (vec!["arn:aws:rds:*:*:cluster:h*bs"], true),
            (vec!["arn:aws:rds:*:*:cluster:hubs*"], false),
            (vec!["*"], false),
            (vec!["arn:aws:rds:eu-west-1:1:cluster:hubs", "arn:aws:rds:*"], false),
            (vec!["arn:aws:rds:eu-west-1:1:cluster:other"], false),
            (vec!["arn:aws:dynamodb:*:*:table/hubs"], false),
            (vec![], false),
        ] {
            let selection = Selection {
                plan: "plan".into(),
                id: "selection".into(),
                name: "nightly".into(),
                resources: resources.iter().map(|&name| name.to_owned()).collect(),
            };
            let named = selection.passes_over(&arn("hubs-r1"), &arn("hubs"));
            assert_eq!(named, resources.first().copied().filter(|_| passes_over));
        }
    }

    #[test]
    fn what_aws_backup_does_not_back_up_has_no_arn_of_it() {
        let table = Target::DynamoDb {
            table: "rooms".into(),
            archive: None,
        };
        let of_table = Some("arn:aws:dynamodb:eu-west-1:1:table/rooms".to_owned());
        assert_eq!(arn(&table, "rooms", EXECUTION), of_table);
        let secret = Target::Secret { secret: "login".into() };
        assert_eq!(arn(&secret, "login", EXECUTION), None);
        assert_eq!(arn(&table, "rooms", "no execution"), None);
    }
}
