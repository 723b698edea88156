//! Checks RDS's tags for a restore's.

use aws_sdk_rds::types::Tag;

use crate::domain::job::Run;
use crate::domain::names;

/// Whether the tags are exactly those that `run` gives what it creates for `resource`.
pub fn tagged_by(tags: &[Tag], run: &Run, resource: &str) -> bool {
    names::restore_tags(&run.deployment, &run.id, resource)
        .iter()
        .all(|(key, value)| {
            tags.iter()
                .any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
        })
}
