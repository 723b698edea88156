//! Whether the application will be able to log in to the copy of a cluster: with the content of each secret that it reads after
//! the cut-over. A restored cluster has the passwords of its snapshot.
//!
//! Only [`document`] holds passwords, and its values are not stored.

pub mod checks;
pub mod document;
pub mod plans;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::descriptor::Fact;
use crate::domain::job::{Failure, JobStatus};
use crate::domain::resource::Version;

/// The logins of one copy of a cluster. Part of the machine's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginPlan {
    /// Name of the resource.
    pub resource: String,
    /// Identifier of the copy.
    pub cluster: String,
    /// Its writer endpoint.
    pub host: String,
    pub reader_host: String,
    pub port: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_username: Option<String>,
    /// RDS manages the master user's password: no one else can set it.
    #[serde(default)]
    pub managed: bool,
    pub logins: Vec<Login>,
}

/// One login: a secret, and the cut-over's changes to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Name or ARN of the secret that contains it.
    pub secret: String,
    pub of: LoginOwner,
    /// The keys that a cut-over replaces, and the facts of the copy that replace their values.
    #[serde(default)]
    pub values: BTreeMap<String, Fact>,
    /// The database, if the secret names none.
    pub database: String,
    /// The hooks that close the application's databases: a copy of one from such a moment is closed, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_by: Vec<ClosedBy>,
}

impl Login {
    /// The hook that opens a database to it; what it lacks in any other, no hook gives.
    pub fn opened_by(&self, database: &str) -> Option<&str> {
        let closed = self.closed_by.iter().find(|closed| closed.database == database);
        closed.map(|closed| closed.hook.as_str())
    }
}

/// A hook, and the database that it closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedBy {
    pub hook: String,
    pub database: String,
}

/// Who uses a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginOwner {
    /// The application, by the descriptor's `cut_over`.
    Application,
    /// Only probes.
    Probe,
    /// Only hooks, which have to log in to the copy after a cut-over.
    Hook,
}

/// The result of one login attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginResult {
    pub secret: String,
    pub of: LoginOwner,
    pub outcome: LoginOutcome,
    /// The secret's version that was tried: the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Why it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Its password was accepted, and this hook still has to open the database to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginOutcome {
    Accepted,
    /// The copy has another password.
    Refused,
    /// No login could be read from the secret.
    Unread,
    /// It failed for another reason.
    Failed,
}

/// The logins of one copy, from their plan to their end. Part of the machine's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginJob {
    pub plan: LoginPlan,
    /// In progress while the copy's master password is being set.
    pub status: JobStatus,
    /// Seconds until the next poll; only while in progress.
    #[serde(default)]
    pub wait_seconds: u64,
    /// The secret, and the version of it, from which the copy's master password is to be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_from: Option<Version>,
    #[serde(default)]
    pub logins: Vec<LoginResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A login attempt, with a number for its password: whether the master user's password is outdated is found by comparing
/// passwords without revealing them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    pub tried: LoginResult,
    /// Attempts with the same password have the same number.
    pub password: usize,
}

/// The secret from which to set the copy's master password: one whose login as the master user is refused, if no other such login
/// is accepted or has another password. The application's logins take precedence over a probe's.
pub fn master_password_from(plan: &LoginPlan, attempts: &[LoginAttempt]) -> Option<Version> {
    if plan.managed {
        return None;
    }
    let master = plan.master_username.as_deref()?;
    for of in [LoginOwner::Application, LoginOwner::Probe, LoginOwner::Hook] {
        let as_master: Vec<&LoginAttempt> = attempts
            .iter()
            .filter(|attempt| attempt.tried.of == of && attempt.tried.user.as_deref() == Some(master))
            .collect();
        if as_master
            .iter()
            .any(|attempt| attempt.tried.outcome == LoginOutcome::Accepted)
        {
            return None;
        }
        let mut refused = as_master
            .into_iter()
            .filter(|attempt| attempt.tried.outcome == LoginOutcome::Refused);
        let Some(first) = refused.next() else { continue };
        if refused.any(|other| other.password != first.password) {
            return None;
        }
        return Some(Version {
            name: first.tried.secret.clone(),
            version: first.tried.version.clone()?,
        });
    }
    None
}

/// Whether RDS manages a cluster's master password in this secret, by name or ARN.
pub fn is_managed(secret: &str) -> bool {
    let name = secret.split_once(":secret:").map_or(secret, |(_, name)| name);
    name.starts_with("rds!cluster-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(managed: bool) -> LoginPlan {
        LoginPlan {
            resource: "database".into(),
            cluster: "hubs-db-r1".into(),
            host: "copy.example".into(),
            reader_host: "reader.copy.example".into(),
            port: 5432,
            master_username: Some("postgres".into()),
            managed,
            logins: Vec::new(),
        }
    }

    fn attempt(secret: &str, of: LoginOwner, user: &str, outcome: LoginOutcome, password: usize) -> LoginAttempt {
        LoginAttempt {
            tried: LoginResult {
                secret: secret.into(),
                of,
                outcome,
                version: Some("v2".into()),
                user: Some(user.into()),
                database: Some("app".into()),
                failure: None,
                closed_by: None,
            },
            password,
        }
    }

    #[test]
    fn the_master_password_is_set_from_the_secret_that_is_ahead() {
        use LoginOutcome::{Accepted, Failed, Refused};
        use LoginOwner::{Application, Probe};
        let of = |attempts: &[LoginAttempt]| master_password_from(&plan(false), attempts).map(|version| version.name);
        let one = |secret, of, outcome, password| attempt(secret, of, "postgres", outcome, password);
        assert_eq!(of(&[one("a", Application, Refused, 0)]), Some("a".into()));
        assert_eq!(of(&[one("p", Probe, Refused, 0)]), Some("p".into()));
        // The application's login decides, even if a probe's is outdated.
        let both = [one("p", Probe, Refused, 0), one("a", Application, Refused, 1)];
        assert_eq!(of(&both), Some("a".into()));
        let same = [one("a", Application, Refused, 0), one("b", Application, Refused, 0)];
        assert_eq!(of(&same), Some("a".into()));
        // A login that works is never broken, and contradicting logins are not resolved.
        for none in [
            vec![one("a", Application, Accepted, 0), one("b", Application, Refused, 1)],
            vec![one("a", Application, Accepted, 0), one("p", Probe, Refused, 1)],
            vec![one("a", Application, Refused, 0), one("b", Application, Refused, 1)],
            vec![one("a", Application, Failed, 0)],
            vec![attempt("a", Application, "app", Refused, 0)],
            vec![],
        ] {
            assert_eq!(of(&none), None, "{none:?}");
        }
    }

    #[test]
    fn a_managed_master_password_is_never_set() {
        let refused = [attempt(
            "a",
            LoginOwner::Application,
            "postgres",
            LoginOutcome::Refused,
            0,
        )];
        assert_eq!(master_password_from(&plan(true), &refused), None);
    }
}
