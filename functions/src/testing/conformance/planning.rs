//! The suite of `Discovery`, `Dependents` and `Logins`: what plans ask about a kind, and the logins of its copies.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::{BackupAnswers, Example, Replays, RestoreAnswers, Script, assert_refused};
use crate::domain::kinds::{self, Counting, Stateful};
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::RestoreItem;
use crate::kinds::Kind;

/// AWS's responses to the methods of these traits for one resource of a kind. A script is empty if the kind makes no call.
pub struct PlanningAnswers {
    pub kind: fn(&SdkConfig) -> Arc<dyn Kind>,
    pub resource: Resource,
    /// The same item once its copy is created.
    pub created: RestoreItem,
    /// A pattern, and the responses to a search for what it matches and to one for copies: each finds the resource, and something
    /// else. `None` for a kind without patterns.
    pub pattern: Option<(Target, Script, Script)>,
    /// For a resource in which rows are counted, and once it is deleted; `None` for a kind in which none are.
    pub endpoint: Option<(Script, Script)>,
    /// With and without a quota; `None` for a kind whose backups AWS does not limit.
    pub backup_quota: Option<(Script, Script)>,
    /// For a search that finds something, and for one that is denied; `None` if the kind has no dependents of its own.
    pub dependents: Option<(Script, Script)>,
    /// For a copy, and for one of its name that is another's; `None` for a kind without logins.
    pub master_user: Option<(Script, Script)>,
    /// For a password that AWS accepts, and for one that it refuses.
    pub set_master_password: [Script; 2],
}

impl PlanningAnswers {
    /// The responses for a kind that has none of this: no patterns, rows, quotas, dependents of its own and logins.
    pub fn of_none(backup: BackupAnswers, restore: RestoreAnswers) -> Self {
        Self {
            kind: backup.kind,
            resource: backup.resource,
            created: restore.created,
            pattern: None,
            endpoint: None,
            backup_quota: None,
            dependents: None,
            master_user: None,
            set_master_password: [Vec::new, Vec::new],
        }
    }
}

/// Runs the suite. No kind accepts the `examples` of others.
pub async fn run_planning(answers: PlanningAnswers, examples: &[Example]) {
    answers.has_what_its_profile_says();
    answers.finds_what_a_pattern_matches().await;
    answers.finds_where_rows_are_counted().await;
    answers.reads_its_quota().await;
    answers.finds_what_depends_on_it().await;
    answers.sets_the_password_of_its_own_copy_only().await;
    answers.refuses_other_kinds(examples).await;
}

impl PlanningAnswers {
    fn replays(&self) -> Replays {
        Replays(self.kind)
    }

    /// The traits and the profile agree on what the kind has.
    fn has_what_its_profile_says(&self) {
        let target = &self.resource.target;
        let profile = kinds::stateful(target);
        let has = |what: fn(&dyn Stateful) -> bool| profile.is_some_and(what);
        assert_eq!(has(|kind| kind.patterns().is_some()), self.pattern.is_some());
        assert_eq!(
            has(|kind| kind.counting() == Some(Counting::Rows)),
            self.endpoint.is_some()
        );
        assert_eq!(
            has(|kind| kind.limited_backups().is_some()),
            self.backup_quota.is_some()
        );
        assert_eq!(has(|kind| kind.has_logins()), self.master_user.is_some());
        assert_eq!(kinds::database(&self.created).is_some(), self.endpoint.is_some());
        // Without hosts, the Route 53 records of a database would never be looked for.
        let has_hosts = profile.is_some_and(|kind| kind.hosts(&self.created.configuration).is_some());
        assert_eq!(has_hosts, has(|kind| kind.has_logins()));
        assert_eq!(kinds::directory(&self.created).is_some(), has(|kind| kind.is_mounted()));
    }

    async fn finds_what_a_pattern_matches(&self) {
        let Some((pattern, matching, copies)) = &self.pattern else {
            let copies = async |kind: Arc<dyn Kind>| kind.copies().await;
            assert!(self.replays().repeatedly(Vec::new, copies).await.is_empty());
            return;
        };
        assert!(kinds::is_pattern(pattern) && !kinds::is_pattern(&self.resource.target));
        let name = self.resource.target.identifier();
        let found = async |kind: Arc<dyn Kind>| kind.matching(pattern).await;
        let found = self.replays().repeatedly(*matching, found).await;
        assert!(found.iter().any(|found| found == name), "{found:?}");
        for found in &found {
            assert!(
                kinds::closeness(pattern, found).is_some(),
                "{found} is not of the pattern"
            );
        }
        assert_eq!(
            kinds::member_target(pattern, name).as_ref(),
            Some(&self.resource.target)
        );
        let copies_found = async |kind: Arc<dyn Kind>| kind.copies().await;
        assert!(!self.replays().repeatedly(*copies, copies_found).await.is_empty());
    }

    async fn finds_where_rows_are_counted(&self) {
        let Some((there, gone)) = self.endpoint else {
            return;
        };
        let call = async |kind: Arc<dyn Kind>| kind.endpoint(&self.resource.target).await;
        let endpoint = self.replays().repeatedly(there, call).await;
        assert!(!endpoint.host.is_empty() && endpoint.port > 0, "{endpoint:?}");
        let (kind, replay) = self.replays().play(gone());
        assert_eq!(call(kind).await.unwrap_err().name(), "NotFound");
        replay.played();
    }

    async fn reads_its_quota(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.backup_quota().await;
        let (some, none): (Script, Script) = self.backup_quota.unwrap_or((Vec::new, Vec::new));
        let quota = self.replays().repeatedly(some, call).await;
        assert_eq!(quota.is_some(), self.backup_quota.is_some());
        assert!(quota.is_none_or(|quota| quota.used <= quota.most), "{quota:?}");
        assert_eq!(self.replays().repeatedly(none, call).await, None);
    }

    /// A list that may not be read is a dependent that says why, and no error.
    async fn finds_what_depends_on_it(&self) {
        let call = async |kind: Arc<dyn Kind>| kind.dependents(&self.created).await;
        let Some((found, denied)) = self.dependents else {
            assert_eq!(self.replays().repeatedly(Vec::new, call).await, []);
            return;
        };
        let is_unknown = |dependent: &Dependent| matches!(dependent, Dependent::Unknown { .. });
        let found = self.replays().repeatedly(found, call).await;
        assert!(!found.is_empty() && !found.iter().any(is_unknown), "{found:?}");
        let denied = self.replays().repeatedly(denied, call).await;
        assert!(denied.iter().any(is_unknown), "{denied:?}");
    }

    async fn sets_the_password_of_its_own_copy_only(&self) {
        const PASSWORD: &str = "s3cret-of-the-master";
        let Some((ours, anothers)) = self.master_user else {
            return;
        };
        let call = async |kind: Arc<dyn Kind>| kind.master_user(&self.created).await;
        let master = self.replays().repeatedly(ours, call).await.unwrap();
        assert!(master.is_available && master.name.is_some(), "{master:?}");
        assert_eq!(self.replays().repeatedly(anothers, call).await, None);
        let set = async |kind: Arc<dyn Kind>| kind.set_master_password(&self.created, PASSWORD).await;
        let [accepted, refused] = self.set_master_password;
        self.replays().repeatedly(accepted, set).await;
        let (kind, replay) = self.replays().play(refused());
        let error = set(kind).await.unwrap_err();
        assert!(
            error.name() == "JobFailed" && !error.to_string().contains(PASSWORD),
            "{error}"
        );
        replay.played();
    }

    /// Without any call to AWS. A result that is the same for every resource is also returned for another kind's.
    async fn refuses_other_kinds(&self, examples: &[Example]) {
        let (kind, replay) = self.replays().play(Vec::new());
        let own = self.resource.target.kind();
        assert_refused(kind.matching(&self.resource.target).await);
        if self.endpoint.is_none() {
            assert_refused(kind.endpoint(&self.resource.target).await);
        }
        if self.master_user.is_none() {
            assert_refused(kind.master_user(&self.created).await);
            assert_refused(kind.set_master_password(&self.created, "password").await);
        }
        for Example { resource, planned, .. } in examples.iter().filter(|other| other.resource.target.kind() != own) {
            let item = RestoreItem {
                planned: planned.clone(),
                created: None,
                ..self.created.clone()
            };
            assert_refused(kind.matching(&resource.target).await);
            assert_refused(kind.endpoint(&resource.target).await);
            assert_refused(kind.master_user(&item).await);
            assert_refused(kind.set_master_password(&item, "password").await);
            if self.dependents.is_some() {
                assert_refused(kind.dependents(&item).await);
            }
        }
        replay.played();
    }
}
