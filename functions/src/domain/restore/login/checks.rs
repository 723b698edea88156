//! One check for each login of a restore, and what to do if it was not accepted. A line of a message shows 500 characters.

use super::plans::{self, CopiedCluster, copies};
use super::{LoginJob, LoginOutcome, LoginOwner, LoginPlan, LoginResult};
use crate::domain::descriptor::Descriptor;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::verdict::{Check, Finding};

/// A check for each secret that the application or a hook will log in to a copy with, and for each login that cannot be tried. The
/// logins of probes show in their counts.
pub fn checks(descriptor: &Descriptor, items: &[RestoreItem], jobs: &[LoginJob]) -> Vec<Check> {
    let plans = plans::plans(descriptor, items);
    let of_logins = plans.iter().flat_map(|plan| {
        let job = jobs.iter().find(|job| job.plan.resource == plan.resource);
        let item = items.iter().find(|item| item.planned.resource.name == plan.resource);
        of_plan(plan, job, item)
    });
    let of_copies = copies(descriptor, items).filter(|copied| !copied.switches.is_empty());
    let of_copies = of_copies.flat_map(|copied| [unnamed(&copied), by_iam(&copied)]);
    of_logins.chain(of_copies.flatten()).collect()
}

fn of_plan<'a>(
    plan: &'a LoginPlan,
    job: Option<&'a LoginJob>,
    item: Option<&'a RestoreItem>,
) -> impl Iterator<Item = Check> + use<'a> {
    let checked = plan.logins.iter().filter(|login| login.of != LoginOwner::Probe);
    checked.map(move |login| {
        let tried = job.and_then(|job| job.logins.iter().find(|tried| tried.secret == login.secret));
        let (finding, detail) = match tried {
            Some(tried) if tried.outcome == LoginOutcome::Accepted => (Finding::Same, accepted(plan, tried, item)),
            Some(tried) => (Finding::Unproven, not_accepted(plan, tried, job)),
            None => (Finding::Unproven, untried(plan, job)),
        };
        Check::new(
            format!("{}: login with secret {}", plan.resource, login.secret),
            finding,
            detail,
        )
    })
}

fn accepted(plan: &LoginPlan, tried: &LoginResult, item: Option<&RestoreItem>) -> String {
    let version = tried.version.as_deref().unwrap_or_default();
    if let Some(hook) = &tried.closed_by {
        let (user, database) = (tried.user.as_deref(), tried.database.as_deref().unwrap_or_default());
        return format!(
            "{} accepts the password of user {} with its version {version}. Its database {database} is closed to that user, as it was when it \
             was backed up: hook {hook} opens it after a cut-over; without one, grant CONNECT on it as its owner",
            plan.cluster,
            user.unwrap_or_default()
        );
    }
    let accepted = format!(
        "with its version {version}, user {} is logged in to database {} of cluster {}",
        tried.user.as_deref().unwrap_or_default(),
        tried.database.as_deref().unwrap_or_default(),
        plan.cluster
    );
    let set = item.and_then(|item| item.password_from.as_ref());
    match set.filter(|set| set.secret == tried.secret && Some(set.version.as_str()) == tried.version.as_deref()) {
        Some(_) => {
            format!("{accepted}; the master password was set on the copy from it, since the backup's is an older one")
        }
        None => accepted,
    }
}

fn not_accepted(plan: &LoginPlan, tried: &LoginResult, job: Option<&LoginJob>) -> String {
    let why = tried.failure.as_ref().map(crate::domain::job::Failure::message);
    let why = why.unwrap_or_default();
    let cluster = &plan.cluster;
    let version = tried.version.as_deref().unwrap_or_default();
    let user = tried.user.as_deref().unwrap_or_default();
    let is_master = plan.master_username.as_deref() == Some(user);
    match tried.outcome {
        LoginOutcome::Refused if is_master && plan.managed => format!(
            "{cluster} refuses master user {user} with its version {version}: RDS manages that user's password in a secret of \
             the copy's own. Use that one in a switch (the fact master_secret), and start a new restore"
        ),
        LoginOutcome::Refused if is_master => {
            let set = job.and_then(|job| job.failure.as_ref());
            let set = set.map_or(
                "another secret logs in as the same user with another password".to_owned(),
                |failure| format!("it could not be set from there: {}", failure.message()),
            );
            format!(
                "{cluster} refuses master user {user} with its version {version}, and {set}. Before you say yes, give the copy \
                 the password that the secret holds (RDS console, Modify)"
            )
        }
        LoginOutcome::Refused => format!(
            "{cluster} refuses user {user} with its version {version}: the copy has the passwords of its backup. Before you say \
             yes, connect to it as the master user with psql, type \\password {user}, and give what the secret holds; psql sends \
             and logs no clear text"
        ),
        LoginOutcome::Unread => format!(
            "there is no login in it ({why}), so the application's login was not tried. Try {cluster} yourself before you say \
             yes. To have it tried: put username and password in its JSON object, or the name of the secret that has them in `login` \
             of the switch"
        ),
        LoginOutcome::Failed | LoginOutcome::Accepted => {
            format!("there was no login to {cluster} with it: {why}. Try it yourself before you say yes")
        }
    }
}

fn untried(plan: &LoginPlan, job: Option<&LoginJob>) -> String {
    let failure = job.and_then(|job| job.failure.as_ref());
    let why = failure.map_or("it was not tried".to_owned(), |failure| {
        format!("{}: {}", failure.error, failure.message())
    });
    format!(
        "there was no login to cluster {} with it. Try it yourself before you say yes. {why}",
        plan.cluster
    )
}

/// A check for a copy to which the application is switched, but whose login no switch names.
fn unnamed(copied: &CopiedCluster<'_>) -> Option<Check> {
    let cluster = copied.copy.identifier;
    let detail = match copied.switches.first() {
        Some(_) if copied.is_mysql() => format!(
            "logins are tried in PostgreSQL alone, and {cluster} is MySQL. It has the passwords of its backup: log in as the \
             application will before you say yes"
        ),
        Some(first) if !copied.is_logged_in_to() => format!(
            "no switch names the secret that the application logs in to {cluster} with, which has the passwords of its backup: log in \
             as the application will before you say yes. To have it tried, give switch {} a `login` with the secret's name",
            first.name
        ),
        _ => return None,
    };
    let name = format!("{}: login", copied.item.planned.resource.name);
    Some(Check::new(name, Finding::Unproven, detail))
}

/// A check for logins by IAM: policies identify a cluster by its resource id, and the copy has another.
fn by_iam(copied: &CopiedCluster<'_>) -> Option<Check> {
    let iam = copied.copy.iam.as_ref()?;
    let detail = format!(
        "logins by IAM are refused by {} as long as their policies for {} name {}. Before you say yes, allow {} in each such policy; \
         if nothing logs in by IAM, or policies name no cluster, there is nothing to do",
        copied.copy.identifier,
        iam.action,
        iam.source.unwrap_or("the old one"),
        iam.resource
    );
    let name = format!("{}: IAM database authentication", copied.item.planned.resource.name);
    Some(Check::new(name, Finding::Unproven, detail))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::job::{Failure, JobStatus};
    use crate::domain::restore::item::{CreatedResource, PasswordSource};
    use crate::testing::logins::{copied, descriptor};

    fn switches() -> Value {
        json!([{"name": "app", "kind": "secret", "resource": "database", "secret": "hubs/app"}])
    }

    fn jobs(item: &RestoreItem, tried: Option<(LoginOutcome, &str)>) -> Vec<LoginJob> {
        let plan = plans::plans(&descriptor(switches()), std::slice::from_ref(item)).remove(0);
        let failure = |cause: &str| Failure {
            error: "AccessDenied".into(),
            cause: cause.into(),
        };
        let tried = tried.map(|(outcome, user)| LoginResult {
            secret: "hubs/app".into(),
            of: LoginOwner::Application,
            outcome,
            version: Some("v2".into()),
            user: Some(user.into()),
            database: Some("hubs".into()),
            failure: Some(failure("28P01")),
            closed_by: None,
        });
        vec![LoginJob {
            plan,
            status: JobStatus::Succeeded,
            wait_seconds: 0,
            set_from: None,
            logins: tried.into_iter().collect(),
            failure: None,
        }]
    }

    fn one(item: RestoreItem, tried: Option<(LoginOutcome, &str)>) -> Check {
        let jobs = jobs(&item, tried);
        let mut checks = checks(&descriptor(switches()), &[item], &jobs);
        assert_eq!(checks.len(), 1, "{checks:?}");
        checks.remove(0)
    }

    #[test]
    fn a_login_that_is_accepted_is_the_same_and_all_else_says_what_to_do() {
        let item = || copied(Value::Null);
        let check = one(item(), Some((LoginOutcome::Accepted, "app")));
        assert_eq!(
            (check.name.as_str(), check.finding),
            ("database: login with secret hubs/app", Finding::Same)
        );
        for (tried, expected) in [
            (Some((LoginOutcome::Refused, "app")), "\\password app"),
            (Some((LoginOutcome::Unread, "")), "`login` of the switch"),
            (Some((LoginOutcome::Failed, "app")), "28P01"),
            (None, "it was not tried"),
        ] {
            let check = one(item(), tried);
            assert_eq!(check.finding, Finding::Unproven);
            assert!(check.detail.contains(expected), "{}", check.detail);
            assert!(check.detail.len() < 430, "{}: {}", check.detail.len(), check.detail);
        }
    }

    #[test]
    fn a_master_password_that_was_set_is_said() {
        let mut item = copied(Value::Null);
        item.password_from = Some(PasswordSource {
            secret: "hubs/app".into(),
            version: "v2".into(),
            at: "2026-11-20T02:15:00Z".parse().unwrap(),
        });
        let check = one(item.clone(), Some((LoginOutcome::Accepted, "postgres")));
        assert!(check.detail.contains("was set on the copy"), "{}", check.detail);
        // It was set from an earlier version.
        item.password_from.as_mut().unwrap().version = "v1".into();
        let check = one(item, Some((LoginOutcome::Accepted, "postgres")));
        assert!(!check.detail.contains("was set"), "{}", check.detail);
    }

    #[test]
    fn an_application_whose_login_nobody_names_is_not_proven() {
        let renamed = json!([{"name": "name", "kind": "rename", "resource": "database"}]);
        let checks = checks(&descriptor(renamed), &[copied(Value::Null)], &[]);
        assert_eq!(
            (checks.len(), checks[0].name.as_str(), checks[0].finding),
            (1, "database: login", Finding::Unproven)
        );
        assert!(
            checks[0].detail.contains("switch name a `login`"),
            "{}",
            checks[0].detail
        );
        assert_eq!(super::checks(&descriptor(json!([])), &[copied(Value::Null)], &[]), []);
    }

    #[test]
    fn a_cluster_with_logins_by_iam_names_the_new_id_and_the_old() {
        let mut item = copied(json!({"DBCluster": {"DbClusterResourceId": "cluster-OLD"}}));
        let Some(CreatedResource::Cluster { iam_authentication, .. }) = &mut item.created else {
            panic!("{:?}", item.created)
        };
        *iam_authentication = true;
        let jobs = jobs(&item, Some((LoginOutcome::Accepted, "app")));
        let found = checks(&descriptor(switches()), &[item.clone()], &jobs);
        let check = found
            .iter()
            .find(|check| check.name.ends_with("IAM database authentication"));
        let check = check.unwrap();
        assert_eq!(check.finding, Finding::Unproven);
        let allowed = "arn:aws:rds-db:us-east-1:000000000000:dbuser:cluster-NEW/<user>";
        assert!(
            check.detail.contains(allowed) && check.detail.contains("cluster-OLD"),
            "{}",
            check.detail
        );
        // The application is not switched to it.
        assert_eq!(checks(&descriptor(json!([])), &[item], &[]), []);
    }
}
