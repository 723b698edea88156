//! Stops a cut-over if a secret has another version than the one that the login checks used: after a rotation, the copy may not
//! have the new password.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::job::Run;
use crate::domain::kinds;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::login::{LoginOwner, LoginResult};
use crate::error::{Error, Result};
use crate::switches::{Switches, item_of};

/// Checks that every secret used to log in to the copies as the application still has the same version.
///
/// # Errors
/// `Conflict` if one has not.
pub async fn ensure_current(
    switches: &Switches,
    run: &Run,
    record: &RestoreRecord,
    first: &Switch,
    items: &[RestoreItem],
) -> Result<()> {
    let Some(item) = item_of(first, items) else {
        return Ok(());
    };
    for login in application_logins(record).filter(|login| !is_managed(&login.secret, items)) {
        let observed = Switch {
            action: SwitchAction::Secret {
                secret: login.secret.clone(),
                values: BTreeMap::new(),
            },
            ..first.clone()
        };
        let current = switches.secret.observe(run, &observed, item).await?;
        ensure_same_version(login, &current)?;
    }
    Ok(())
}

/// The same for the version that a switch is about to replace, which may be one that this restore wrote.
///
/// # Errors
/// As [`ensure_current`].
pub fn ensure_version(record: &RestoreRecord, switch: &Switch, before: &Value) -> Result<()> {
    let SwitchAction::Secret { secret, .. } = &switch.action else {
        return Ok(());
    };
    let is_its = |other: &Switch| matches!(&other.action, SwitchAction::Secret { secret: same, .. } if same == secret);
    let mut written = record.switched.iter().filter(|switched| is_its(&switched.switch));
    if written.any(|switched| switched.after["version"] == before["version"]) {
        return Ok(());
    }
    match application_logins(record).find(|login| login.secret == *secret) {
        Some(login) => ensure_same_version(login, before),
        None => Ok(()),
    }
}

fn application_logins(record: &RestoreRecord) -> impl Iterator<Item = &LoginResult> {
    let logins = record.logins.iter();
    logins.filter(|login| login.of == LoginOwner::Application && login.version.is_some())
}

/// RDS rotates the secret together with the copy's password.
fn is_managed(secret: &str, items: &[RestoreItem]) -> bool {
    items
        .iter()
        .any(|item| kinds::database(item).and_then(|copy| copy.master_secret) == Some(secret))
}

fn ensure_same_version(login: &LoginResult, current: &Value) -> Result<()> {
    let tried = login.version.as_deref().unwrap_or_default();
    if current["version"] == tried {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "cutting over: secret {} was changed since the copy was logged in to with its version {tried}; the copy may refuse what it \
         holds now. Nothing was switched by it. See who changed it, then start a new restore, which logs in with what it holds then",
        login.secret
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::testing::switchboard::verified;

    fn switch(name: &str) -> Switch {
        let switch = json!({"name": name, "resource": "database", "kind": "secret", "secret": "hubs/app", "values": {"host": "host"}});
        serde_json::from_value(switch).unwrap()
    }

    #[test]
    fn a_switch_follows_on_the_version_that_was_tried_or_on_one_of_this_restore() {
        let mut record = verified();
        let check = |record: &RestoreRecord, version: &str| {
            ensure_version(record, &switch("two"), &json!({"version": version}))
        };
        // A record from before logins were recorded.
        assert!(check(&record, "v2").is_ok());
        let login = json!({"secret": "hubs/app", "of": "application", "outcome": "refused", "version": "v1"});
        record.logins = vec![serde_json::from_value(login).unwrap()];
        assert!(check(&record, "v1").is_ok());
        assert_eq!(check(&record, "v2").unwrap_err().name(), "Conflict");
        let written =
            json!({"switch": switch("one"), "state": "done", "before": {"version": "v1"}, "after": {"version": "v2"}});
        record.switched = vec![serde_json::from_value(written).unwrap()];
        assert!(check(&record, "v2").is_ok());
    }
}
