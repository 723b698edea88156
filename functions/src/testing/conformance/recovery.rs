//! The suite of `Recovery`.

use std::sync::Arc;

use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::{BackupAnswers, Example, Replays, Script, assert_refused};
use crate::domain::kinds;
use crate::domain::resource::Resource;
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::retained_backups::{RetainedBackup, RetainedBackups};
use crate::error::Result;
use crate::kinds::Kind;
use crate::testing::samples::run;

/// AWS's responses to the methods of `Recovery` for one resource of a kind. A script is empty if the kind makes no call.
pub struct RecoveryAnswers {
    pub kind: fn(&SdkConfig) -> Arc<dyn Kind>,
    pub resource: Resource,
    /// For a resource that exists.
    pub exists: Script,
    /// For a resource that is deleted; `None` for guards, which check that at backup.
    pub gone: Option<Script>,
    /// With and without a continuous backup; `None` for a kind that has none.
    pub continuous: Option<(Script, Script)>,
    /// With and without a retained backup; `None` for a kind whose backups cannot be found this way.
    pub kept: Option<(Script, Script)>,
    /// For the copy's destination while the resource exists, and once it is deleted.
    pub destination: [Script; 2],
    /// The captured configuration.
    pub configuration: Value,
    /// Where that contains the class of an instance, and its certificate authority.
    pub instance_classes: &'static [&'static str],
    pub ca_certificates: &'static [&'static str],
}

impl RecoveryAnswers {
    /// The responses for a guard, which is restored from nothing and into nothing.
    pub fn of_guard(backup: BackupAnswers) -> Self {
        Self {
            kind: backup.kind,
            resource: backup.resource,
            exists: Vec::new,
            gone: None,
            continuous: None,
            kept: None,
            destination: [Vec::new, Vec::new],
            configuration: json!({ "Name": "thing" }),
            instance_classes: &[],
            ca_certificates: &[],
        }
    }
}

/// Runs the suite. No kind accepts the `examples` of others.
pub async fn run_recovery(answers: RecoveryAnswers, examples: &[Example]) {
    answers.tells_what_is_there_from_what_is_gone().await;
    answers.tells_how_far_its_continuous_backup_reaches().await;
    answers.finds_what_was_kept().await;
    answers.names_the_same_destination_twice().await;
    answers.overrides_what_is_asked_for_and_nothing_else();
    answers.refuses_other_kinds(examples).await;
}

impl RecoveryAnswers {
    fn replays(&self) -> Replays {
        Replays(self.kind)
    }

    async fn tells_what_is_there_from_what_is_gone(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.exists(&self.resource.target).await;
        assert!(self.replays().repeatedly(self.exists, call).await);
        if let Some(gone) = self.gone {
            assert!(!self.replays().repeatedly(gone, call).await);
        }
    }

    async fn tells_how_far_its_continuous_backup_reaches(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.continuous_backup(&self.resource.target).await;
        let (on, off): (Script, Script) = self.continuous.unwrap_or((Vec::new, Vec::new));
        let found = self.replays().repeatedly(on, call).await;
        assert_eq!(found.is_some(), self.continuous.is_some());
        if let Some(found) = found {
            assert!(found.window.earliest < found.window.latest, "{found:?}");
        }
        assert_eq!(self.replays().repeatedly(off, call).await, None);
    }

    async fn finds_what_was_kept(&self) {
        let kept = async |kind: Arc<dyn Kind>| {
            kind.retained_backups(&run().deployment, &self.resource.target, None)
                .await
        };
        let Some((found, none)) = self.kept else {
            let kept = self.replays().repeatedly(Vec::new, kept).await;
            assert!(matches!(kept, RetainedBackups::NotRetained(why) if !why.is_empty()));
            return;
        };
        let newest = self.only(self.replays().repeatedly(found, kept).await).unwrap();
        let until = Some(newest.captured_at);
        let in_time = async |kind: Arc<dyn Kind>| {
            kind.retained_backups(&run().deployment, &self.resource.target, until)
                .await
        };
        let in_time = self.only(self.replays().repeatedly(found, in_time).await);
        assert_eq!(in_time.unwrap().captured_at, newest.captured_at);
        let needed = self.only(self.replays().repeatedly(none, kept).await).unwrap_err();
        assert!(!needed.is_empty());
    }

    /// The retained backup of this one resource.
    fn only(&self, kept: RetainedBackups) -> Result<RetainedBackup, String> {
        match kept {
            RetainedBackups::Found(found) => {
                let [(identifier, backup)] = <[_; 1]>::try_from(found).unwrap();
                assert_eq!(identifier, self.resource.target.identifier());
                backup
            }
            RetainedBackups::NotRetained(why) => panic!("nothing kept: {why}"),
        }
    }

    async fn names_the_same_destination_twice(&self) {
        for (script, suffix, given) in [
            (self.destination[0], "r1", None),
            (self.destination[0], "r2", None),
            (self.destination[0], "r1", Some("given")),
            (self.destination[1], "r1", None),
        ] {
            let into = None;
            let naming = Naming { suffix, given, into };
            let call = async |kind: Arc<dyn Kind>| kind.destination(&run(), &self.resource, &naming).await;
            let destination = self.replays().repeatedly(script, call).await;
            // If AWS chooses the copy's name, it is unknown.
            let kind = kinds::stateful(&self.resource.target);
            let facts = kind.and_then(|kind| kind.destination(&destination));
            let Some(name) = facts.filter(|facts| facts.identity.is_some()).map(|facts| facts.name) else {
                continue;
            };
            match given {
                Some(given) => assert_eq!(name, given),
                None => assert!(name.ends_with(suffix), "{name}"),
            }
        }
    }

    fn overrides_what_is_asked_for_and_nothing_else(&self) {
        let (kind, replay) = self.replays().play(Vec::new());
        let untouched = kind.overridden(self.configuration.clone(), &Overrides::default());
        assert_eq!(untouched, self.configuration);
        let overrides = Overrides {
            instance_class: Some("db.other"),
            ca_certificate: Some("other-ca"),
        };
        let mut expected = self.configuration.clone();
        for (places, value) in [(self.instance_classes, "db.other"), (self.ca_certificates, "other-ca")] {
            for place in places {
                *expected.pointer_mut(place).unwrap() = json!(value);
            }
        }
        let once = kind.overridden(self.configuration.clone(), &overrides);
        assert_eq!(once, expected);
        assert_eq!(kind.overridden(once, &overrides), expected);
        replay.played();
    }

    /// Without any call to AWS. A result that is the same for every resource is also returned for another kind's.
    async fn refuses_other_kinds(&self, examples: &[Example]) {
        let (kind, replay) = self.replays().play(Vec::new());
        let own = self.resource.target.kind();
        let naming = Naming {
            suffix: "r1",
            given: None,
            into: None,
        };
        for Example { resource, .. } in examples.iter().filter(|other| other.resource.target.kind() != own) {
            let target = &resource.target;
            if self.gone.is_some() {
                assert_refused(kind.exists(target).await);
                assert_refused(kind.destination(&run(), resource, &naming).await);
            }
            if self.continuous.is_some() {
                assert_refused(kind.continuous_backup(target).await);
            }
            if self.kept.is_some() {
                assert_refused(kind.retained_backups(&run().deployment, target, None).await);
            }
        }
        replay.played();
    }
}
