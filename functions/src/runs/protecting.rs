//! Turns on what a descriptor's `protect` asks for and was off when the configuration was captured. After the backup was started: the
//! backup neither waits for it nor fails because of it, and a set is captured as the resource was.

use std::time::Duration;

use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::kinds::safeguard::{not_protected, turned_on};
use crate::domain::kinds::{self, Safeguard};
use crate::domain::resource::Resource;
use crate::error::{Error, Result};
use crate::kinds::Kind;

/// How long one change may take: the application may be at rest meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a change was made or refused is a warning of the run. It follows from the captured configuration, so that a second call,
/// which finds everything on, says the same as one whose result was lost.
///
/// # Errors
/// Only those of the catalog.
pub async fn protect(catalog: &Catalog, kind: &dyn Kind, run: &Run, resource: &Resource) -> Result<()> {
    let Some(known) = kinds::stateful(&resource.target).filter(|_| can_be_protected(resource)) else {
        return Ok(());
    };
    if !catalog.planned_by(run).await?.protects(&resource.name) {
        return Ok(());
    }
    let Some(point) = catalog.point(&run.deployment, &run.id, &resource.name).await? else {
        return Ok(());
    };
    let (mut on, mut warnings) = (Vec::new(), Vec::new());
    for safeguard in known.safeguards_off(&point.configuration) {
        match turn_on(PATIENCE, kind, safeguard, resource).await {
            Ok(()) => on.push(safeguard),
            Err(error) => warnings.push(not_protected(resource, safeguard, error.name(), &error.to_string())),
        }
    }
    if !on.is_empty() {
        warnings.insert(0, turned_on(resource, &on));
    }
    for warning in warnings {
        // What was done is done: a backup does not fail for want of a warning.
        if let Err(error) = catalog.warn_run(&run.deployment, &run.id, warning).await {
            tracing::warn!(resource = %resource.name, %error, "a warning is lost");
        }
    }
    Ok(())
}

fn can_be_protected(resource: &Resource) -> bool {
    kinds::of(&resource.target).fields().contains(&"protect")
}

async fn turn_on(patience: Duration, kind: &dyn Kind, safeguard: Safeguard, resource: &Resource) -> Result<()> {
    let turning = kind.turn_on(safeguard, &resource.target);
    tokio::time::timeout(patience, turning).await.unwrap_or_else(|_| {
        Err(Error::DeadlineExceeded(format!(
            "turning on {} of {}: it took longer than {} s",
            safeguard.words(),
            resource.target.identifier(),
            patience.as_secs()
        )))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::descriptor::Descriptor;
    use crate::domain::set::{Point, Purpose, Reason, RunRecord};
    use crate::testing::{RecordedKind, catalog, document, resource, run};

    /// A run that was planned with or without `protect`, and began to back up a table with these settings.
    async fn begun(protect: bool, recovery: &str, deletion: bool) -> (Catalog, Run) {
        let (catalog, _) = catalog();
        let mut document = document("hubs-prod", &[]);
        if protect {
            document["resources"]["rooms"]["protect"] = json!("pitr");
        }
        let (run, descriptor) = (run(), Descriptor::parse(&document).unwrap());
        let record = RunRecord::begun(&run, Purpose::Backup);
        catalog.put_run(&record, &descriptor).await.unwrap();
        let point = Point {
            configuration: json!({
                "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery}},
                "Table": {"DeletionProtectionEnabled": deletion},
            }),
            ..Point::begun(&run.id, resource("rooms"))
        };
        catalog.begin_point("hubs-prod", &point).await.unwrap();
        (catalog, run)
    }

    async fn warnings(catalog: &Catalog, run: &Run) -> Vec<Reason> {
        catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings
    }

    #[tokio::test]
    async fn what_was_off_is_turned_on_and_told_once_however_often_the_step_runs() {
        let (catalog, run) = begun(true, "DISABLED", false).await;
        let kind = RecordedKind::default();
        for _ in 0..2 {
            protect(&catalog, &kind, &run, &resource("rooms")).await.unwrap();
        }
        let once = [
            "turn_on point-in-time recovery of hubs-rooms",
            "turn_on deletion protection of hubs-rooms",
        ];
        assert_eq!(kind.calls(), [once, once].concat());
        let warnings = warnings(&catalog, &run).await;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(
            (&*warnings[0].subject, &*warnings[0].error),
            ("rooms", "ProtectionTurnedOn")
        );
    }

    #[tokio::test]
    async fn nothing_is_changed_that_is_on_or_that_nobody_asked_for() {
        for (protects, recovery, deletion) in [(true, "ENABLED", true), (false, "DISABLED", false)] {
            let (catalog, run) = begun(protects, recovery, deletion).await;
            let kind = RecordedKind::default();
            protect(&catalog, &kind, &run, &resource("rooms")).await.unwrap();
            assert_eq!((kind.calls(), warnings(&catalog, &run).await), (Vec::new(), Vec::new()));
        }
        // Another kind, of which nothing is recorded either.
        let (catalog, run) = begun(true, "DISABLED", false).await;
        let kind = RecordedKind::default();
        protect(&catalog, &kind, &run, &resource("database")).await.unwrap();
        assert_eq!(kind.calls(), Vec::<String>::new());
    }

    /// A table that cannot be protected is backed up all the same, and the other safeguard is turned on.
    #[tokio::test]
    async fn what_cannot_be_turned_on_is_a_warning_and_no_error() {
        for error in [
            Error::AccessDenied("no policy allows it".into()),
            Error::NotReady("the table is being updated".into()),
            Error::Throttled("slower".into()),
        ] {
            let (catalog, run) = begun(true, "DISABLED", false).await;
            let kind = RecordedKind::default();
            kind.refuse_next_safeguard(error.clone());
            protect(&catalog, &kind, &run, &resource("rooms")).await.unwrap();
            let warnings = warnings(&catalog, &run).await;
            let told: Vec<_> = warnings.iter().map(|warning| warning.error.as_str()).collect();
            assert_eq!(told, ["ProtectionTurnedOn", "NotProtected"], "{error}");
            assert!(
                warnings[0]
                    .message
                    .starts_with("deletion protection of hubs-rooms was off")
            );
            let why = format!("({}: {error})", error.name());
            assert!(warnings[1].message.ends_with(&why), "{}", warnings[1].message);
        }
    }

    #[tokio::test]
    async fn a_table_of_a_prefix_is_protected_as_the_prefix_says() {
        let document: Value = json!({"deployment": "hubs", "resources": {
            "tables": {"kind": "dynamodb", "prefix": "hubs-", "protect": "pitr"},
            "rooms": {"kind": "dynamodb", "table": "rooms"},
        }});
        let descriptor = Descriptor::parse(&document).unwrap();
        assert!(descriptor.protects("tables.hubs-rooms") && !descriptor.protects("rooms"));
        assert!(!descriptor.protects("gone"));
    }
}
