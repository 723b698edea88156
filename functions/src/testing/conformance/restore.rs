//! The suite of `Restore`.

use std::mem::discriminant;
use std::sync::Arc;

use aws_config::SdkConfig;

use super::{BackupAnswers, Example, Replays, Script, assert_refused, both};
use crate::domain::job::Run;
use crate::domain::kinds;
use crate::domain::restore::item::{CreatedResource, RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::verdict::Finding;
use crate::kinds::Kind;
use crate::testing::replay::Exchange;
use crate::testing::samples::{restoring, run};

/// AWS's responses to the methods of `Restore` for one resource of a kind. A script is empty if the kind makes no call.
pub struct RestoreAnswers {
    pub kind: fn(&SdkConfig) -> Arc<dyn Kind>,
    pub run: Run,
    /// As planned, with a capture and a sample: nothing is created, nothing is recorded.
    pub item: RestoreItem,
    /// For a preflight without faults.
    pub preflight: Script,
    /// The same if the copy's name is taken; `None` if it cannot be.
    pub preflight_taken: Option<Script>,
    /// For the first call, which begins the restore.
    pub begin: Script,
    /// The call that begins it; `None` for guards, which create nothing.
    pub create: Option<&'static str>,
    /// For a call while the copy is being created.
    pub in_progress: Script,
    /// For each call after that, the last of which returns `Restored`.
    pub later_looks: fn() -> Vec<Vec<Exchange>>,
    /// For a call if the copy's name or token is taken; `None` if it cannot be.
    pub conflict: Option<Script>,
    /// The same item once its copy is created.
    pub created: RestoreItem,
    /// For a comparison of a copy without differences.
    pub compare: Script,
    /// For a comparison of a copy with a difference, and the name of that check.
    pub compare_different: (Script, &'static str),
    pub sample: Script,
    /// For an undo before anything was created.
    pub undo_nothing: Script,
    /// For an undo of the copy.
    pub undo: Script,
    /// The call that deletes the copy.
    pub remove: Option<&'static str>,
    /// For an undo once the copy is deleted.
    pub undo_again: Script,
    /// For an undo if the copy's name is taken; `None` if it cannot be. It contains no call that changes anything.
    pub undo_foreign: Option<Script>,
}

impl RestoreAnswers {
    /// The responses for a guard, which restores nothing and compares what it read at backup: `different` is the response with
    /// another version, `name` the name of that check.
    pub fn of_guard(backup: BackupAnswers, different: Script, name: &'static str) -> Self {
        let described = backup.capture;
        let source = kinds::of(&backup.resource.target).source(&backup.point);
        let item = restoring(backup.resource, source.unwrap(), Destination::Nothing);
        Self {
            kind: backup.kind,
            run: run(),
            created: RestoreItem {
                created: Some(CreatedResource::Nothing),
                ..item.clone()
            },
            item,
            preflight: described,
            preflight_taken: None,
            begin: Vec::new,
            create: None,
            in_progress: Vec::new,
            later_looks: Vec::new,
            conflict: None,
            compare: described,
            compare_different: (different, name),
            sample: Vec::new,
            undo_nothing: Vec::new,
            undo: Vec::new,
            remove: None,
            undo_again: Vec::new,
            undo_foreign: None,
        }
    }
}

/// Runs the suite. No kind accepts the `examples` of others.
pub async fn run_restore(answers: RestoreAnswers, examples: &[Example]) {
    answers.says_beforehand_what_is_in_the_way().await;
    answers.begins_once().await;
    answers.advances_until_it_is_restored().await;
    answers.compares_without_changing().await;
    answers.samples_the_same_twice().await;
    answers.undoes_nothing_twice().await;
    answers.undoes_its_own_only().await;
    answers.refuses_other_kinds(examples).await;
}

impl RestoreAnswers {
    fn replays(&self) -> Replays {
        Replays(self.kind)
    }

    /// A name that is taken is a fault, not an error.
    async fn says_beforehand_what_is_in_the_way(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.preflight(&self.run, &self.item).await;
        let preflight = self.replays().repeatedly(self.preflight, call).await;
        assert_eq!(preflight.faults, []);
        if let Some(taken) = self.preflight_taken {
            let faults = self.replays().repeatedly(taken, call).await.faults;
            let names = |value: &str| value.contains(kinds::planned_name(&self.item.planned));
            assert!(faults.len() == 1 && names(&faults[0].value), "{faults:?}");
        }
    }

    async fn begins_once(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.advance(&self.run, &self.item).await;
        let check = |advance: RestoreProgress, after: &str| match (self.create, advance) {
            (Some(_), RestoreProgress::InProgress { .. }) | (None, RestoreProgress::Restored { .. }) => {}
            (_, advance) => panic!("after {after}: {advance:?}"),
        };
        let (kind, replay) = self.replays().play(both(self.begin, self.in_progress));
        check(call(kind.clone()).await.unwrap(), "nothing");
        check(call(kind).await.unwrap(), "the beginning");
        replay.played();
        self.replays()
            .with_each_answer_lost_to(self.begin, self.in_progress, self.create, call, check)
            .await;
        if let Some(conflict) = self.conflict {
            let (kind, replay) = self.replays().play(conflict());
            let error = call(kind).await.unwrap_err();
            assert_eq!(error.name(), "Conflict", "{error}");
            replay.played();
        }
    }

    /// Repeats each call with what was created so far on record, as `restoring` stores it. If the last response of a call is lost,
    /// AWS has performed the request, and the next call continues from there.
    async fn advances_until_it_is_restored(&self) {
        let mut looks = vec![(self.in_progress)()];
        looks.extend((self.later_looks)());
        let mut item = self.item.clone();
        let mut before: Option<RestoreItem> = None;
        for (place, look) in looks.iter().enumerate() {
            let call = async |kind: Arc<dyn Kind>| kind.advance(&self.run, &item).await;
            let advance = self.replays().repeatedly(|| look.clone(), call).await;
            if let Some(before) = before {
                let call = async |kind: Arc<dyn Kind>| kind.advance(&self.run, &before).await;
                let previous = &looks[place - 1];
                let repeated = self.replays().after_a_loss(previous, previous.len() - 1, look, call);
                assert_eq!(repeated.await, advance);
            }
            let is_last = place + 1 == looks.len();
            let created = match advance {
                RestoreProgress::Restored { made: created, .. } if is_last => Some(created),
                RestoreProgress::InProgress { made: created, .. }
                | RestoreProgress::LacksCapacity { made: created, .. }
                    if !is_last =>
                {
                    created
                }
                RestoreProgress::Requested { made: created, .. } if !is_last => Some(created),
                advance => panic!("look {place}: {advance:?}"),
            };
            before = (place > 0).then(|| item.clone());
            item.created = created.or(item.created);
        }
        assert_eq!(item.created, self.created.created);
    }

    async fn compares_without_changing(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.compare(&self.run, &self.created, true).await;
        let checks = self.replays().repeatedly(self.compare, call).await;
        let is_same = checks.iter().all(|check| check.finding == Finding::Same);
        assert!(!checks.is_empty() && is_same, "{checks:?}");
        let (different, name) = self.compare_different;
        let checks = self.replays().repeatedly(different, call).await;
        let found = checks.iter().find(|check| check.name == format!("thing: {name}"));
        assert!(found.is_some_and(|check| check.finding != Finding::Same), "{checks:?}");
    }

    /// A kind that makes no call has no sample.
    async fn samples_the_same_twice(&self) {
        let (resource, configuration) = (&self.item.planned.resource, &self.item.configuration);
        let call = async |kind: Arc<dyn Kind>| kind.sample(resource, configuration).await;
        let sample = self.replays().repeatedly(self.sample, call).await;
        assert_eq!(sample.is_some(), !(self.sample)().is_empty());
    }

    async fn undoes_nothing_twice(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.undo(&self.run, &self.item).await;
        let undoing = self.replays().repeatedly(self.undo_nothing, call).await;
        assert_eq!(undoing, UndoProgress::Gone);
    }

    async fn undoes_its_own_only(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.undo(&self.run, &self.created).await;
        let check = |undoing: UndoProgress, after: &str| match undoing {
            UndoProgress::Gone | UndoProgress::Underway(_) => {}
            UndoProgress::Remains(why) => panic!("left after {after}: {why}"),
        };
        let (kind, replay) = self.replays().play(both(self.undo, self.undo_again));
        check(call(kind.clone()).await.unwrap(), "nothing");
        assert_eq!(call(kind).await.unwrap(), UndoProgress::Gone);
        replay.played();
        self.replays()
            .with_each_answer_lost_to(self.undo, self.undo_again, self.remove, call, check)
            .await;
        if let Some(foreign) = self.undo_foreign {
            let undoing = self.replays().repeatedly(foreign, call).await;
            assert_eq!(undoing, UndoProgress::Gone);
        }
    }

    /// Without any call to AWS.
    async fn refuses_other_kinds(&self, examples: &[Example]) {
        let (kind, replay) = self.replays().play(Vec::new());
        let own = discriminant(&self.item.planned.source);
        for Example { resource, planned, .. } in examples {
            if discriminant(&planned.source) == own {
                continue;
            }
            let mut other = self.item.clone();
            (other.planned.source, other.planned.destination) = (planned.source.clone(), planned.destination.clone());
            assert_refused(kind.advance(&self.run, &other).await);
            assert_refused(kind.preflight(&self.run, &other).await);
            assert_refused(kind.undo(&self.run, &other).await);
            assert_refused(kind.compare(&self.run, &other, true).await);
            if !(self.sample)().is_empty() {
                assert_refused(kind.sample(resource, &other.configuration).await);
            }
        }
        replay.played();
    }
}
