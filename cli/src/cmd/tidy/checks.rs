//! What AWS says of leftovers, asked with the operator's permissions: whether they exist, whether they are the restore's, and who
//! uses them. What cannot be asked here is said; the removal checks again with its own permissions.

use std::collections::BTreeSet;

use holdfast::domain::kinds;
use holdfast::domain::resource::Target;
use holdfast::domain::restore::item::RestoreItem;
use holdfast::domain::restore::leftovers::{PastRestore, Replaced, RestoreLeftovers};
use holdfast::domain::restore::removable::Removable;
use holdfast::domain::usage::{RestoredCopy, UsageReport, users};
use holdfast::kinds::Kinds;
use holdfast::switches::Switches;
use holdfast::usage::{AwsUsageLookup, Sources, UsageSearch};
use jiff::Timestamp;

use super::findings::ReplacedVerdict;
use super::verdict::{CopyState, RestoreVerdict, verdict};
use crate::discover::by_tag::{self, TaggedCopy};
use crate::failure::{Failure, Result};
use crate::stack::Stack;

/// What all checks share.
pub struct Checks<'a> {
    stack: &'a Stack,
    kinds: Kinds,
    switches: Switches,
    usage: AwsUsageLookup,
    /// The resources with the tag of a restore; why they could not be listed.
    tagged: std::result::Result<Vec<TaggedCopy>, String>,
}

impl<'a> Checks<'a> {
    /// # Errors
    /// `SignIn` without valid credentials.
    pub async fn begin(stack: &'a Stack) -> Result<Self> {
        let tagged = match by_tag::tagged_copies(&stack.config).await {
            Err(failure @ Failure::SignIn(_)) => return Err(failure),
            tagged => tagged.map_err(|failure| failure.to_string()),
        };
        Ok(Self {
            stack,
            kinds: Kinds::from_config(&stack.config, &stack.defaults()),
            switches: Switches::from_config(&stack.config, &stack.transfers),
            usage: AwsUsageLookup::new(&stack.config),
            tagged,
        })
    }

    /// The search for users, which reads all descriptors and services once.
    pub async fn search(&self) -> Result<UsageSearch<'_>> {
        Ok(UsageSearch::begin(Sources {
            catalog: &self.stack.catalog,
            switches: &self.switches,
            usage: &self.usage,
        })
        .await?)
    }

    /// A restore's copies. Who uses them is only asked if the catalog has nothing against their removal.
    pub async fn restore(
        &self,
        deployment: &str,
        search: &mut UsageSearch<'_>,
        left: RestoreLeftovers,
        past: &PastRestore,
        now: Timestamp,
    ) -> Result<RestoreVerdict> {
        let (mut states, mut unchecked) = (Vec::new(), Vec::new());
        for copy in &left.copies {
            let state = self.state(&copy.copy, &left.restore).await;
            if let CopyState::Unknown(why) = &state {
                unchecked.push(match copy.copy {
                    RestoredCopy::Resource { .. } => format!("whether {} exists: {why}", copy.copy),
                    RestoredCopy::Directory { .. } => format!("whether the directory exists: {why}"),
                });
            }
            states.push(state);
        }
        if let Err(why) = &self.tagged {
            unchecked.push(format!("whether the copies have the restore's tag: {why}"));
        }
        let there: Vec<RestoredCopy> = left
            .copies
            .iter()
            .zip(&states)
            .filter(|(_, state)| **state != CopyState::Gone)
            .map(|(left, _)| left.copy.clone())
            .collect();
        let mut used_by = Vec::new();
        if left.obstacle.is_none() && !there.is_empty() {
            let mut report = search.of(&there).await?;
            used_by = taken(&there, &mut report, &mut unchecked);
            if used_by.is_empty() {
                let is_there = |item: &&RestoreItem| RestoredCopy::of(item).is_some_and(|copy| there.contains(&copy));
                let items: Vec<RestoreItem> = past.items.iter().filter(is_there).cloned().collect();
                search.add_activity(&past.record, &items, now, &mut report).await?;
                used_by = taken(&there, &mut report, &mut unchecked);
            }
        }
        let verdict = verdict(deployment, &left, &states, &used_by);
        Ok(RestoreVerdict {
            left,
            states,
            verdict,
            unchecked,
        })
    }

    /// What a cut-over replaced; `None` if it does not exist any more.
    pub async fn replaced(&self, search: &mut UsageSearch<'_>, replaced: Replaced) -> Result<Option<ReplacedVerdict>> {
        let (mut notes, mut unchecked) = (Vec::new(), Vec::new());
        if let Removable::Resource(target) = &replaced.what {
            match self.exists(target).await {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(why) => notes.push(format!("whether it exists: {why}")),
            }
        } else {
            notes.push("whether it exists: the files of a file system are not visible from here".to_owned());
        }
        let used = [replaced.what.as_used()];
        let mut report = search.of(&used).await?;
        let users = taken(&used, &mut report, &mut unchecked);
        Ok(Some(ReplacedVerdict {
            replaced,
            users,
            notes,
            unchecked,
        }))
    }

    async fn exists(&self, target: &Target) -> std::result::Result<bool, String> {
        let exists = self.kinds.of(target).exists(target).await;
        exists.map_err(|error| error.to_string())
    }

    async fn state(&self, copy: &RestoredCopy, restore: &str) -> CopyState {
        let Some(target) = copy.target() else {
            return CopyState::Unknown("the files of a file system are not visible from here".to_owned());
        };
        match self.exists(target).await {
            Ok(true) => {}
            Ok(false) => return CopyState::Gone,
            Err(why) => return CopyState::Unknown(why),
        }
        let has_tags = kinds::stateful(target).is_some_and(|kind| kind.arn().is_some());
        let is_own = |tagged: &TaggedCopy| tagged.restore == restore && kinds::is_same(&tagged.target, target);
        match &self.tagged {
            Ok(tagged) if has_tags && !tagged.iter().any(is_own) => CopyState::Foreign,
            _ => CopyState::Exists,
        }
    }
}

/// The users in a report, as text; what could not be checked is added to `unchecked`.
fn taken(copies: &[RestoredCopy], report: &mut UsageReport, unchecked: &mut Vec<String>) -> Vec<String> {
    for skipped in std::mem::take(&mut report.unseen) {
        let line = format!("who uses them ({}): {}", skipped.look.word(), skipped.why);
        if !unchecked.contains(&line) {
            unchecked.push(line);
        }
    }
    users(copies, report, &BTreeSet::new())
        .iter()
        .map(ToString::to_string)
        .collect()
}
