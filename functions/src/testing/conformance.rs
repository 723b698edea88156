//! What every kind has to do, whatever it is of: each method twice, with each of AWS's answers lost in turn, with something in
//! the way that is not ours, with what belongs to another kind. A kind's part is the list of its answers; the registry runs the
//! suite for each of its lines.

use std::fmt::Debug;
use std::mem::discriminant;
use std::sync::Arc;

use aws_config::SdkConfig;

use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::error::{Class, Result};
use crate::kinds::{Deletion, Kind};
use crate::testing::replay::{Exchange, Replay};
use crate::testing::samples::{resource, run};

/// The answers that one call meets.
pub type Script = fn() -> Vec<Exchange>;

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

/// Runs the suite.
pub async fn backup(answers: BackupAnswers) {
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
    fn replaying(&self, script: Vec<Exchange>) -> (Arc<dyn Kind>, Replay) {
        let replay = Replay::new(script);
        ((self.kind)(&replay.config()), replay)
    }

    async fn captures_the_same_twice(&self) {
        let (kind, replay) = self.replaying(both(self.capture, self.capture));
        let first = kind.capture(&self.resource).await.unwrap();
        assert!(first.is_object(), "{first}");
        assert_eq!(first, kind.capture(&self.resource).await.unwrap());
        replay.played();
    }

    async fn backs_up_once(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.back_up(&run(), &self.resource).await;
        let started = self.twice(self.back_up, self.adopt, call).await;
        assert_eq!(started.recovery_point, self.point);
        self.with_each_answer_lost(self.back_up, self.adopt, self.create, call)
            .await;
        if let Some(conflict) = self.conflict {
            let (kind, replay) = self.replaying(conflict());
            let error = call(kind).await.unwrap_err();
            assert_eq!(error.name(), "Conflict", "{error}");
            replay.played();
        }
    }

    async fn finds_its_own_only(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.find(&run(), &self.resource).await;
        let found = self.twice(self.find, self.find, call).await;
        assert_eq!(found, self.create.map(|_| self.point.clone()));
        self.with_each_answer_lost(self.find, self.find, None, call).await;
        let foreign = self.twice(self.find_foreign, self.find_foreign, call).await;
        assert_eq!(foreign, None);
    }

    async fn looks_without_changing(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.poll(&self.resource, &self.point).await;
        let progress = self.twice(self.poll, self.poll, call).await;
        assert!(matches!(progress, Progress::Succeeded(_)), "{progress:?}");
        self.with_each_answer_lost(self.poll, self.poll, None, call).await;
    }

    async fn abandons_twice(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.abandon(&self.point).await;
        self.twice(self.abandon, self.abandon_again, call).await;
        self.with_each_answer_lost(self.abandon, self.abandon, None, call).await;
    }

    async fn marks_twice(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.mark_sealed(&self.point, 3).await;
        self.twice(self.mark_sealed, self.mark_sealed, call).await;
        self.with_each_answer_lost(self.mark_sealed, self.mark_sealed, None, call)
            .await;
    }

    async fn deletes_its_own_only(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.delete(&run(), &self.point).await;
        let deletion = self.twice(self.delete, self.delete_again, call).await;
        assert_eq!(deletion, Deletion::Gone);
        self.with_each_answer_lost(self.delete, self.delete_again, self.remove, call)
            .await;
        let Some(remove) = self.remove else {
            return;
        };
        let mut script = (self.delete)();
        let removes = script.iter().position(|exchange| exchange.action() == remove).unwrap();
        script.truncate(removes);
        let (kind, replay) = self.replaying(script);
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
        let (kind, replay) = self.replaying(Vec::new());
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

    /// Calls twice, and returns what both calls returned.
    async fn twice<T: PartialEq + Debug>(
        &self,
        first: Script,
        second: Script,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) -> T {
        let (kind, replay) = self.replaying(both(first, second));
        let returned = call(kind.clone()).await.unwrap();
        assert_eq!(returned, call(kind).await.unwrap());
        replay.played();
        returned
    }

    /// Cuts the connection at each answer in turn. The call fails so that it is tried again, and the next one returns what a call
    /// returns that heard everything. From the call `writes` on, AWS has done what it was asked for, and the next one meets `done`.
    async fn with_each_answer_lost<T: PartialEq + Debug>(
        &self,
        script: Script,
        done: Script,
        writes: Option<&str>,
        call: impl AsyncFn(Arc<dyn Kind>) -> Result<T>,
    ) {
        let (kind, replay) = self.replaying(script());
        let returned = call(kind).await.unwrap();
        replay.played();
        let actions: Vec<_> = script().iter().map(|exchange| exchange.action().to_owned()).collect();
        for (place, action) in actions.iter().enumerate() {
            let heard = script().into_iter().take(place);
            let lost = script().into_iter().skip(place).take(1).map(Exchange::lost);
            let is_done = actions[..=place].iter().any(|action| Some(action.as_str()) == writes);
            let next = if is_done { done() } else { script() };
            let (kind, replay) = self.replaying(heard.chain(lost).chain(next).collect());
            let error = call(kind.clone()).await.unwrap_err();
            assert_eq!(
                error.class(),
                Class::Transient,
                "the answer to {action} was lost: {error}"
            );
            let again = call(kind).await.unwrap();
            assert_eq!(again, returned, "after the answer to {action} was lost");
            replay.played();
        }
    }
}

fn both(first: Script, second: Script) -> Vec<Exchange> {
    first().into_iter().chain(second()).collect()
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
