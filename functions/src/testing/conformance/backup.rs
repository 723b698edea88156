//! The suite of `Backup`.

use std::mem::discriminant;
use std::sync::Arc;

use aws_config::SdkConfig;

use super::{Replays, Script, both};
use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::kinds::{Deletion, Kind};
use crate::testing::samples::{resource, run};

/// What AWS answers to the methods of `Backup` for one resource of a kind. A script is empty where the kind asks nothing.
pub struct BackupAnswers {
    pub kind: fn(&SdkConfig) -> Arc<dyn Kind>,
    pub resource: Resource,
    /// What is recorded of the backup.
    pub point: RecoveryPoint,
    pub capture: Script,
    /// To a backup of what is not backed up yet.
    pub back_up: Script,
    /// The call that makes the backup; `None` for guards, which make nothing.
    pub create: Option<&'static str>,
    /// To the same backup once it is there.
    pub adopt: Script,
    /// To a backup whose name or token something else has; `None` where nothing can have it.
    pub conflict: Option<Script>,
    pub find: Script,
    /// To a search that meets only what another run made.
    pub find_foreign: Script,
    /// To a look at a finished backup.
    pub poll: Script,
    pub abandon: Script,
    /// To the same once the job has ended.
    pub abandon_again: Script,
    pub mark_sealed: Script,
    pub delete: Script,
    /// The call that deletes.
    pub remove: Option<&'static str>,
    /// To the same once it is gone.
    pub delete_again: Script,
}

impl BackupAnswers {
    /// Those of a guard, which looks and makes nothing; `described` is the answer to each look.
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
            poll: Vec::new,
            abandon: Vec::new,
            abandon_again: Vec::new,
            mark_sealed: Vec::new,
            delete: Vec::new,
            remove: None,
            delete_again: Vec::new,
        }
    }
}

/// Runs the suite.
pub async fn run_backup(answers: BackupAnswers) {
    answers.captures_the_same_twice().await;
    answers.backs_up_once().await;
    answers.finds_its_own_only().await;
    answers.looks_without_changing().await;
    answers.abandons_twice().await;
    answers.marks_twice().await;
    answers.deletes_its_own_only().await;
    answers.refuses_other_kinds().await;
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
        let found = self.replays().twice(self.find, self.find, call).await;
        assert_eq!(found, self.create.map(|_| self.point.clone()));
        self.replays()
            .with_each_answer_lost(self.find, self.find, None, call)
            .await;
        let foreign = self.replays().twice(self.find_foreign, self.find_foreign, call).await;
        assert_eq!(foreign, None);
    }

    async fn looks_without_changing(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.poll(&self.resource, &self.point).await;
        let progress = self.replays().twice(self.poll, self.poll, call).await;
        assert!(matches!(progress, Progress::Succeeded(_)), "{progress:?}");
        self.replays()
            .with_each_answer_lost(self.poll, self.poll, None, call)
            .await;
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
        self.replays().twice(self.mark_sealed, self.mark_sealed, call).await;
        self.replays()
            .with_each_answer_lost(self.mark_sealed, self.mark_sealed, None, call)
            .await;
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

    /// Without asking AWS for anything.
    async fn refuses_other_kinds(&self) {
        let (kind, replay) = self.replays().play(Vec::new());
        let own = self.resource.target.kind();
        for other in targets()
            .into_iter()
            .filter(|target| target.kind() != own)
            .map(resource)
        {
            let error = kind.capture(&other).await.unwrap_err();
            assert_eq!(error.name(), "InvalidInput", "{error}");
            let error = kind.back_up(&run(), &other).await.unwrap_err();
            assert_eq!(error.name(), "InvalidInput", "{error}");
        }
        let own = discriminant(&self.point);
        for other in points().into_iter().filter(|point| discriminant(point) != own) {
            let error = kind.poll(&self.resource, &other).await.unwrap_err();
            assert_eq!(error.name(), "InvalidInput", "{error}");
            let error = kind.abandon(&other).await.unwrap_err();
            assert_eq!(error.name(), "InvalidInput", "{error}");
            let error = kind.delete(&run(), &other).await.unwrap_err();
            assert_eq!(error.name(), "InvalidInput", "{error}");
        }
        replay.played();
    }
}

/// One target of every kind.
fn targets() -> Vec<Target> {
    vec![
        Target::Aurora {
            cluster: "other".into(),
        },
        Target::Efs {
            file_system: "fs-other".into(),
            vault: None,
            role: None,
        },
        Target::DynamoDb { table: "other".into() },
        Target::Secret { secret: "other".into() },
        Target::Parameters { path: "/other".into() },
    ]
}

/// One recovery point of every form.
fn points() -> Vec<RecoveryPoint> {
    vec![
        RecoveryPoint::ClusterSnapshot {
            id: "other".into(),
            arn: "arn:other".into(),
        },
        RecoveryPoint::BackupRecoveryPoint {
            arn: "arn:other".into(),
            vault: "other".into(),
            job: "other".into(),
        },
        RecoveryPoint::TableBackup {
            arn: "arn:other".into(),
            name: "other".into(),
        },
        RecoveryPoint::Versions {
            versions: Vec::new(),
            seen_at: run().started_at,
        },
    ]
}
