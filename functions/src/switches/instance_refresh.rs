//! `instance_refresh`: the instances of an EC2 Auto Scaling group are replaced, with the configuration that the group has, so that the
//! new ones read what the switches before this one wrote. Switched back after those, they are replaced once more.
//!
//! `StartInstanceRefresh` has no token, and a refresh no name that Holdfast gives it. So the group's newest refresh is recorded before one is begun:
//! one that is newer began after the other switches, whoever began it, and is followed instead of another one. Thus a call whose
//! response was lost is found again. No refresh is ever cancelled, and one too many does no harm: it launches the same instances again.

mod group;
mod pace;
mod remarks;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use self::group::{Group, Groups, Refresh};
use self::pace::Pace;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{DEADLINE, SwitchProgress};
use crate::error::{Error, Fault, Result};

const CHECKING: &str = "checking";
const DOING: &str = "refreshing";

/// In `before` of a cut-over, or in the notes of switching back: the group's newest refresh before this one, or null.
const NEWEST: &str = "newest";
/// In the notes, and when it is done: the refresh that is followed.
const REFRESH: &str = "refresh";

pub struct InstanceRefresh {
    groups: Groups,
}

impl InstanceRefresh {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            groups: Groups::from_config(aws),
        }
    }

    /// Follows the refresh that was noted, or else one that is newer than `newest`, or begins one.
    async fn advance(&self, name: &str, newest: &Value, noted: &Value) -> Result<SwitchProgress> {
        let group = self.groups.live(name, DOING).await?;
        if group.is_empty() {
            return Ok(nothing(name));
        }
        let refreshes = self.groups.refreshes(name, DOING).await?;
        if let Some(ours) = noted[REFRESH].as_str() {
            return Ok(match refreshes.iter().find(|refresh| refresh.id == ours) {
                Some(refresh) => progress(name, refresh, noted),
                None => underway(format!("refresh {ours} of {} is not shown yet", words(name)), noted),
            });
        }
        let mut since = refreshes.iter().take_while(|refresh| newest != refresh.id.as_str());
        if let Some(refresh) = since.find(|refresh| refresh.replaces_all()) {
            tracing::info!(group = name, refresh = %refresh.id, "is followed");
            return Ok(progress(name, refresh, &following(noted, &refresh.id)));
        }
        if let Some(active) = refreshes.iter().find(|refresh| refresh.is_active()) {
            return Ok(underway(waits_for(name, active), noted));
        }
        match self.groups.start(name, DOING).await? {
            Some(id) => Ok(underway(
                format!("{} begins to replace its instances", words(name)),
                &following(noted, &id),
            )),
            None => Ok(underway(format!("another refresh of {}", words(name)), noted)),
        }
    }
}

fn words(name: &str) -> String {
    format!("Auto Scaling group {name}")
}

/// The notes, with the refresh that is followed from now on.
fn following(noted: &Value, id: &str) -> Value {
    let mut next = noted.clone();
    if !id.is_empty() {
        next[REFRESH] = json!(id);
    }
    next
}

fn underway(phase: String, noted: &Value) -> SwitchProgress {
    SwitchProgress::Underway {
        phase,
        noted: noted.clone(),
    }
}

fn nothing(name: &str) -> SwitchProgress {
    tracing::info!(group = name, "has no instances to replace");
    SwitchProgress::Done(json!({ "desired_capacity": 0 }))
}

/// What a refresh does now.
fn state(refresh: &Refresh) -> String {
    let percent = refresh.percent.map(|percent| format!(", {percent} % complete"));
    let left = refresh.to_update.map(|left| format!(", instances to update: {left}"));
    let reason = Some(format!(" ({})", refresh.reason)).filter(|_| !refresh.reason.is_empty());
    let parts = [percent, left, reason].map(Option::unwrap_or_default);
    format!("{}{}", refresh.status, parts.concat())
}

fn waits_for(name: &str, refresh: &Refresh) -> String {
    format!(
        "refresh {} of {} has to end before: {}",
        refresh.id,
        words(name),
        state(refresh)
    )
}

/// The progress of the refresh that is followed.
fn progress(name: &str, refresh: &Refresh, noted: &Value) -> SwitchProgress {
    match refresh.status.as_str() {
        "Successful" => SwitchProgress::Done(json!({ REFRESH: refresh.id })),
        "Pending" | "InProgress" | "Baking" | "Cancelling" => underway(
            format!("refresh {} of {}: {}", refresh.id, words(name), state(refresh)),
            noted,
        ),
        _ => SwitchProgress::Failed(format!(
            "the instances of {} could not all be replaced: refresh {} is {}. See the group's activity history in the EC2 console for why \
             new instances did not start or become healthy, and what they read at their start; instances that are protected from scale \
             in, or in standby, have to be released",
            words(name),
            refresh.id,
            state(refresh)
        )),
    }
}

/// Waits for a refresh that began earlier: what it has launched already did not read what is switched.
fn ensure_idle(name: &str, group: &Group, refreshes: &[Refresh]) -> Result<()> {
    match refreshes.iter().find(|refresh| refresh.is_active()) {
        Some(active) if !group.is_empty() => Err(Error::NotReady(format!(
            "{DOING} {}: another refresh of it, {}, is in progress: {}. Wait until that has ended, or cancel it",
            words(name),
            active.id,
            state(active)
        ))),
        _ => Ok(()),
    }
}

fn newest(refreshes: &[Refresh]) -> Option<&str> {
    refreshes.first().map(|refresh| refresh.id.as_str())
}

#[async_trait]
impl SwitchDriver for InstanceRefresh {
    async fn preflight(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Vec<Fault>> {
        let name = of(switch)?;
        let found = self.groups.find(name, CHECKING).await?;
        let Some(group) = found.filter(|group| !group.is_going()) else {
            let allowed = "an Auto Scaling group in this account and Region that is not being deleted";
            return Ok(vec![fault(switch, "group", name, allowed)]);
        };
        let without = (!group.can_launch).then(|| {
            let allowed = "a group with a launch template, a mixed instances policy or a launch configuration";
            fault(switch, "group", format!("{name}, which can launch nothing,"), allowed)
        });
        Ok(without.into_iter().collect())
    }

    async fn remarks(&self, switch: &Switch, _: &RestoreItem) -> Result<Vec<String>> {
        let name = of(switch)?;
        let Some(group) = self.groups.find(name, CHECKING).await? else {
            return Ok(Vec::new());
        };
        let refreshes = self.groups.refreshes(name, CHECKING).await?;
        let of_group = format!("switch {}: {}", switch.name, words(name));
        Ok(remarks::remarks(&of_group, &group, &refreshes))
    }

    /// It has no value of its own.
    async fn reference(&self, _: &Switch, _: &Target) -> Result<Reference> {
        Ok(Reference::Unrelated)
    }

    async fn ready(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<()> {
        let name = of(switch)?;
        let group = self.groups.live(name, DOING).await?;
        ensure_idle(name, &group, &self.groups.refreshes(name, DOING).await?)
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let name = of(switch)?;
        let group = self.groups.live(name, DOING).await?;
        let refreshes = self.groups.refreshes(name, DOING).await?;
        ensure_idle(name, &group, &refreshes)?;
        Ok(json!({ NEWEST: newest(&refreshes), DEADLINE: Pace::of(&group).deadline() }))
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        self.advance(of(switch)?, &before[NEWEST], noted).await
    }

    /// Whatever was refreshed since: an instance may have read what was switched back. The first call only notes the newest refresh, so
    /// that no refresh counts that began before everything else was switched back; one that is still active has to end, that of the
    /// cut-over too.
    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        _: &Value,
        _: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let name = of(switch)?;
        if !noted.is_null() {
            return self.advance(name, &noted[NEWEST], noted).await;
        }
        if self.groups.live(name, DOING).await?.is_empty() {
            return Ok(nothing(name));
        }
        let refreshes = self.groups.refreshes(name, DOING).await?;
        let noted = json!({ NEWEST: newest(&refreshes) });
        Ok(underway(
            format!("{} to replace its instances once more", words(name)),
            &noted,
        ))
    }
}

fn of(switch: &Switch) -> Result<&str> {
    match &switch.action {
        SwitchAction::InstanceRefresh { group } => Ok(group),
        _ => Err(wrong_action("instance_refresh", switch)),
    }
}
