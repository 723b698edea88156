//! The suite of `Restore`.

use std::mem::discriminant;
use std::sync::Arc;

use aws_config::SdkConfig;

use super::{Example, Replays, Script, assert_refused, both};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{Advance, Item, Undoing};
use crate::domain::restore::plan::{Beside, Source};
use crate::kinds::Kind;
use crate::testing::samples::{restoring, run};

/// What AWS answers to the methods of `Restore` for one resource of a kind. A script is empty where the kind asks nothing.
pub struct RestoreAnswers {
    pub kind: fn(&SdkConfig) -> Arc<dyn Kind>,
    pub run: Run,
    /// As planned: nothing is created, nothing is recorded.
    pub item: Item,
    /// To the first look, which begins the restore.
    pub begin: Script,
    /// The call that begins it; `None` for guards, which make nothing.
    pub create: Option<&'static str>,
    /// To a look while the copy is being made.
    pub in_progress: Script,
    /// To a look where something else has the copy's name or token; `None` where nothing can have it.
    pub conflict: Option<Script>,
    /// To an undo before anything was created.
    pub undo_nothing: Script,
    /// The same item once its copy is created.
    pub created: Item,
    /// To an undo of the copy.
    pub undo: Script,
    /// The call that deletes the copy.
    pub remove: Option<&'static str>,
    /// To an undo once the copy is gone.
    pub undo_again: Script,
    /// To an undo where something else has the copy's name; `None` where nothing can have it. It holds no call that changes
    /// anything.
    pub undo_foreign: Option<Script>,
}

impl RestoreAnswers {
    /// Those of a guard, which restores nothing.
    pub fn of_guard(kind: fn(&SdkConfig) -> Arc<dyn Kind>, resource: Resource) -> Self {
        let source = Source::Versions { versions: Vec::new() };
        let item = restoring(resource, source, Beside::Nothing);
        Self {
            kind,
            run: run(),
            created: item.clone(),
            item,
            begin: Vec::new,
            create: None,
            in_progress: Vec::new,
            conflict: None,
            undo_nothing: Vec::new,
            undo: Vec::new,
            remove: None,
            undo_again: Vec::new,
            undo_foreign: None,
        }
    }
}

/// Runs the suite. No kind takes what the `examples` of others are.
pub async fn run_restore(answers: RestoreAnswers, examples: &[Example]) {
    answers.begins_once().await;
    answers.undoes_nothing_twice().await;
    answers.undoes_its_own_only().await;
    answers.refuses_other_kinds(examples).await;
}

impl RestoreAnswers {
    fn replays(&self) -> Replays {
        Replays(self.kind)
    }

    async fn begins_once(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.advance(&self.run, &self.item).await;
        let check = |advance: Advance, after: &str| match (self.create, advance) {
            (Some(_), Advance::InProgress { .. }) | (None, Advance::Restored { .. }) => {}
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

    async fn undoes_nothing_twice(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.undo(&self.run, &self.item).await;
        let undoing = self.replays().twice(self.undo_nothing, self.undo_nothing, call).await;
        assert_eq!(undoing, Undoing::Gone);
    }

    async fn undoes_its_own_only(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.undo(&self.run, &self.created).await;
        let check = |undoing: Undoing, after: &str| match undoing {
            Undoing::Gone | Undoing::Underway(_) => {}
            Undoing::Left(why) => panic!("left after {after}: {why}"),
        };
        let (kind, replay) = self.replays().play(both(self.undo, self.undo_again));
        check(call(kind.clone()).await.unwrap(), "nothing");
        assert_eq!(call(kind).await.unwrap(), Undoing::Gone);
        replay.played();
        self.replays()
            .with_each_answer_lost_to(self.undo, self.undo_again, self.remove, call, check)
            .await;
        if let Some(foreign) = self.undo_foreign {
            let undoing = self.replays().twice(foreign, foreign, call).await;
            assert_eq!(undoing, Undoing::Gone);
        }
    }

    /// Without asking AWS for anything.
    async fn refuses_other_kinds(&self, examples: &[Example]) {
        let (kind, replay) = self.replays().play(Vec::new());
        let own = discriminant(&self.item.planned.source);
        for Example { planned, .. } in examples {
            if discriminant(&planned.source) == own {
                continue;
            }
            let mut other = self.item.clone();
            (other.planned.source, other.planned.beside) = (planned.source.clone(), planned.beside.clone());
            assert_refused(kind.advance(&self.run, &other).await);
        }
        replay.played();
    }
}
