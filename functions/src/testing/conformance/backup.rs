//! The suite of `Backup`.

use std::mem::discriminant;
use std::sync::Arc;

use aws_config::SdkConfig;

use super::{Example, Replays, Script, assert_refused, both};
use crate::domain::job::{Progress, Run};
use crate::domain::kinds;
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::kinds::{Deletion, Kind};
use crate::testing::samples::run;

/// AWS's responses to the methods of `Backup` for one resource of a kind. A script is empty if the kind makes no call.
pub struct BackupAnswers {
    pub kind: fn(&SdkConfig) -> Arc<dyn Kind>,
    pub resource: Resource,
    /// The recorded recovery point.
    pub point: RecoveryPoint,
    pub capture: Script,
    /// For a backup that does not exist yet.
    pub back_up: Script,
    /// The call that creates the backup; `None` for guards, which create nothing.
    pub create: Option<&'static str>,
    /// For the same backup once it exists.
    pub adopt: Script,
    /// For a backup whose name or token is taken; `None` if it cannot be.
    pub conflict: Option<Script>,
    pub find: Script,
    /// For a search that only finds another run's.
    pub find_foreign: Script,
    /// For a search that cannot tell yet whose it is; `None` if it always can.
    pub find_unclear: Option<Script>,
    /// For a poll of a finished backup.
    pub poll: Script,
    /// For a poll of a backup that is being created, that has failed, and that does not exist any more.
    pub poll_running: Script,
    pub poll_failed: Script,
    pub poll_gone: Script,
    /// For a poll of a backup that another job blocked, and for its start after that; `None` if no job can.
    pub blocked: Option<(Script, Script)>,
    pub abandon: Script,
    /// For the same once the job has ended.
    pub abandon_again: Script,
    pub mark_sealed: Script,
    /// For a search of the account, which also returns backups that are unfinished or foreign.
    pub tagged: Script,
    pub delete: Script,
    /// The call that deletes.
    pub remove: Option<&'static str>,
    /// For the same once it is gone.
    pub delete_again: Script,
}

impl BackupAnswers {
    /// The responses for a guard, which only reads; `described` is the response to each read.
    pub fn of_guard(
        kind: fn(&SdkConfig) -> Arc<dyn Kind>,
        resource: Resource,
        point: RecoveryPoint,
        described: Script,
    ) -> Self {
        Self {
            kind,
            resource,
            point,
            capture: described,
            back_up: described,
            create: None,
            adopt: described,
            conflict: None,
            find: Vec::new,
            find_foreign: Vec::new,
            find_unclear: None,
            poll: Vec::new,
            poll_running: Vec::new,
            poll_failed: Vec::new,
            poll_gone: Vec::new,
            blocked: None,
            abandon: Vec::new,
            abandon_again: Vec::new,
            mark_sealed: Vec::new,
            tagged: Vec::new,
            delete: Vec::new,
            remove: None,
            delete_again: Vec::new,
        }
    }
}

/// Runs the suite. No kind accepts the `examples` of others.
pub async fn run_backup(answers: BackupAnswers, examples: &[Example]) {
    answers.captures_the_same_twice().await;
    answers.backs_up_once().await;
    answers.finds_its_own_only().await;
    answers.looks_without_changing().await;
    answers.starts_again_what_was_hindered().await;
    answers.abandons_twice().await;
    answers.marks_twice().await;
    answers.shows_its_own_for_a_lost_catalog().await;
    answers.deletes_its_own_only().await;
    answers.refuses_other_kinds(examples).await;
}

impl BackupAnswers {
    fn replays(&self) -> Replays {
        Replays(self.kind)
    }

    async fn captures_the_same_twice(&self) {
        let (kind, replay) = self.replays().play(both(self.capture, self.capture));
        let first = kind.capture(&self.resource).await.unwrap();
        assert!(first.is_object(), "{first}");
        assert_eq!(first, kind.capture(&self.resource).await.unwrap());
        replay.played();
    }

    async fn backs_up_once(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.back_up(&run(), &self.resource).await;
        let started = self.replays().twice(self.back_up, self.adopt, call).await;
        assert_eq!(started.recovery_point, self.point);
        self.replays()
            .with_each_answer_lost(self.back_up, self.adopt, self.create, call)
            .await;
        if let Some(conflict) = self.conflict {
            let (kind, replay) = self.replays().play(conflict());
            let error = call(kind).await.unwrap_err();
            assert_eq!(error.name(), "Conflict", "{error}");
            replay.played();
        }
    }

    async fn finds_its_own_only(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.find(&run(), &self.resource).await;
        let found = self.replays().repeatedly(self.find, call).await;
        assert_eq!(found, self.create.map(|_| self.point.clone()));
        let foreign = self.replays().repeatedly(self.find_foreign, call).await;
        assert_eq!(foreign, None);
        if let Some(unclear) = self.find_unclear {
            let (kind, replay) = self.replays().play(unclear());
            let error = call(kind).await.unwrap_err();
            assert_eq!(error.name(), "Unavailable", "{error}");
            replay.played();
        }
    }

    async fn looks_without_changing(&self) {
        let look = async |kind: Arc<dyn Kind>| kind.poll(&self.resource, &self.point).await;
        let progress = self.replays().repeatedly(self.poll, look).await;
        assert!(matches!(progress, Progress::Succeeded(_)), "{progress:?}");
        // What a guard read was finished when it read it.
        if self.create.is_none() {
            return;
        }
        let progress = self.replays().repeatedly(self.poll_running, look).await;
        assert!(matches!(progress, Progress::InProgress { .. }), "{progress:?}");
        for ended in [self.poll_failed, self.poll_gone] {
            let progress = self.replays().repeatedly(ended, look).await;
            assert!(
                matches!(&progress, Progress::Failed { reason } if !reason.is_empty()),
                "{progress:?}"
            );
        }
    }

    async fn starts_again_what_was_hindered(&self) {
        let again = async |kind: Arc<dyn Kind>| kind.back_up_again(&run(), &self.resource, &self.point).await;
        let Some((blocked, back_up_again)) = self.blocked else {
            let (kind, replay) = self.replays().play(Vec::new());
            let error = again(kind).await.unwrap_err();
            assert_eq!(error.name(), "JobFailed", "{error}");
            replay.played();
            return;
        };
        let look = async |kind: Arc<dyn Kind>| kind.poll(&self.resource, &self.point).await;
        let progress = self.replays().repeatedly(blocked, look).await;
        assert!(matches!(progress, Progress::Blocked { .. }), "{progress:?}");
        let point = self.replays().repeatedly(back_up_again, again).await;
        assert_eq!(discriminant(&point), discriminant(&self.point));
        assert_ne!(point, self.point);
    }

    async fn abandons_twice(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.abandon(&self.point).await;
        self.replays().twice(self.abandon, self.abandon_again, call).await;
        self.replays()
            .with_each_answer_lost(self.abandon, self.abandon, None, call)
            .await;
    }

    async fn marks_twice(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.mark_sealed(&self.point, 3).await;
        self.replays().repeatedly(self.mark_sealed, call).await;
    }

    async fn shows_its_own_for_a_lost_catalog(&self) {
        let known = [self.resource.clone()];
        let call = async |kind: Arc<dyn Kind>| kind.tagged(&known).await;
        let found = self.replays().repeatedly(self.tagged, call).await;
        assert_eq!(found.len(), usize::from(self.create.is_some()), "{found:?}");
        for found in found {
            assert_eq!((&found.deployment, &found.set), (&run().deployment, &run().id));
            assert!(found.resource.as_ref().is_none_or(|name| *name == self.resource.name));
            // The settings of a descriptor are not found.
            assert!(kinds::is_same(&found.target, &self.resource.target), "{found:?}");
            assert_eq!(found.recovery_point.arn(), self.point.arn());
        }
    }

    async fn deletes_its_own_only(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.delete(&run(), &self.point).await;
        let deletion = self.replays().twice(self.delete, self.delete_again, call).await;
        assert_eq!(deletion, Deletion::Gone);
        self.replays()
            .with_each_answer_lost(self.delete, self.delete_again, self.remove, call)
            .await;
        let Some(remove) = self.remove else {
            return;
        };
        let mut script = (self.delete)();
        let removes = script.iter().position(|exchange| exchange.action() == remove).unwrap();
        script.truncate(removes);
        let (kind, replay) = self.replays().play(script);
        let other = Run {
            deployment: "hubs".into(),
            ..run()
        };
        let error = kind.delete(&other, &self.point).await.unwrap_err();
        assert_eq!(error.name(), "Conflict", "{error}");
        replay.played();
    }

    /// Without any call to AWS.
    async fn refuses_other_kinds(&self, examples: &[Example]) {
        let (kind, replay) = self.replays().play(Vec::new());
        let own = self.resource.target.kind();
        for other in examples.iter().filter(|other| other.resource.target.kind() != own) {
            assert_refused(kind.capture(&other.resource).await);
            assert_refused(kind.back_up(&run(), &other.resource).await);
            // A guard finds nothing.
            if self.create.is_some() {
                assert_refused(kind.find(&run(), &other.resource).await);
            }
            if self.blocked.is_some() {
                assert_refused(kind.back_up_again(&run(), &other.resource, &self.point).await);
            }
        }
        let own = discriminant(&self.point);
        for Example { point, .. } in examples.iter().filter(|other| discriminant(&other.point) != own) {
            assert_refused(kind.poll(&self.resource, point).await);
            assert_refused(kind.abandon(point).await);
            assert_refused(kind.delete(&run(), point).await);
            if !(self.mark_sealed)().is_empty() {
                assert_refused(kind.mark_sealed(point, 3).await);
            }
            if self.blocked.is_some() {
                assert_refused(kind.back_up_again(&run(), &self.resource, point).await);
            }
        }
        replay.played();
    }
}
