//! `check-login`: logs in to one copy of a cluster as the application and the probes will, with what each secret holds now.
//! Returns each login's result, and the secret from which the copy's master password has to be set, if any.

use rustls::ClientConfig;
use serde::Deserialize;

use crate::domain::descriptor::Fact;
use crate::domain::job::{Failure, JobStatus};
use crate::domain::probe::Endpoint;
use crate::domain::restore::login::document::Credentials;
use crate::domain::restore::login::{
    Login, LoginAttempt, LoginJob, LoginOutcome, LoginPlan, LoginResult, master_password_from,
};
use crate::error::{Class, Error, Result};
use crate::runs::database::connection::{self, DatabaseAddress};
use crate::runs::database::{credentials, tls};
pub use crate::runs::needs::DatabaseNeeds as Needs;

#[derive(Debug, Deserialize)]
pub struct Input {
    pub plan: LoginPlan,
}

/// In progress if the master password has to be set first.
///
/// # Errors
/// `Unavailable` when the copy or Secrets Manager does not respond: that says nothing about a login.
pub async fn handle(needs: &Needs, Input { plan }: Input) -> Result<LoginJob> {
    let tls = tls::config(needs.authorities.as_deref())?;
    let mut passwords: Vec<String> = Vec::new();
    let mut attempts = Vec::new();
    for login in &plan.logins {
        let (tried, password) = attempt(needs, &plan, login, tls.clone()).await?;
        let password = password.unwrap_or_default();
        let known = passwords.iter().position(|other| *other == password);
        attempts.push(LoginAttempt {
            tried,
            password: known.unwrap_or(passwords.len()),
        });
        if known.is_none() {
            passwords.push(password);
        }
    }
    let set_from = master_password_from(&plan, &attempts);
    let logins: Vec<LoginResult> = attempts.into_iter().map(|attempt| attempt.tried).collect();
    for tried in &logins {
        tracing::info!(
            cluster = %plan.cluster,
            secret = %tried.secret,
            version = tried.version.as_deref().unwrap_or_default(),
            outcome = ?tried.outcome,
            "login tried"
        );
    }
    Ok(LoginJob {
        status: match set_from {
            Some(_) => JobStatus::InProgress,
            None => JobStatus::Succeeded,
        },
        wait_seconds: 0,
        set_from,
        logins,
        failure: None,
        plan,
    })
}

/// One login, and the password that was tried.
async fn attempt(
    needs: &Needs,
    plan: &LoginPlan,
    login: &Login,
    tls: ClientConfig,
) -> Result<(LoginResult, Option<String>)> {
    let mut tried = LoginResult {
        secret: login.secret.clone(),
        of: login.of,
        outcome: LoginOutcome::Unread,
        version: None,
        user: None,
        database: None,
        failure: None,
        closed_by: None,
    };
    let version = match credentials::read(&needs.secrets, &login.secret, None).await {
        Ok(version) => version,
        Err(error) if error.class() == Class::Final => {
            (tried.outcome, tried.failure) = (LoginOutcome::Failed, Some(failure(&error)));
            return Ok((tried, None));
        }
        Err(error) => return Err(error),
    };
    tried.version = Some(version.version.clone());
    let credentials = match version.login() {
        Ok(credentials) => credentials,
        Err(found) => {
            tried.failure = Some(Failure {
                error: "InvalidInput".to_owned(),
                cause: format!("found: {found}"),
            });
            return Ok((tried, None));
        }
    };
    let endpoint = endpoint(plan, login, &credentials);
    let database = credentials.database.clone().unwrap_or_else(|| login.database.clone());
    let place = DatabaseAddress {
        cluster: &plan.cluster,
        endpoint: &endpoint,
        database: &database,
    };
    let result = connection::log_in(&place, &credentials, tls).await?;
    tried.user = Some(credentials.username);
    let opened_by = login.opened_by(&database);
    tried.outcome = match &result {
        Ok(()) => LoginOutcome::Accepted,
        Err(refusal) if refusal.is_of_privilege && opened_by.is_some() => {
            tried.closed_by = opened_by.map(str::to_owned);
            LoginOutcome::Accepted
        }
        Err(refusal) if refusal.is_of_password => LoginOutcome::Refused,
        Err(_) => LoginOutcome::Failed,
    };
    let refused = result.err().filter(|_| tried.outcome != LoginOutcome::Accepted);
    tried.failure = refused.map(|refusal| Failure {
        error: "AccessDenied".to_owned(),
        cause: refusal.said,
    });
    tried.database = Some(database);
    Ok((tried, Some(credentials.password)))
}

/// Where the application will connect: to the copy, at the port that the secret will have.
fn endpoint(plan: &LoginPlan, login: &Login, credentials: &Credentials) -> Endpoint {
    let replaces = |fact: Fact| login.values.values().any(|value| *value == fact);
    let reads_only = replaces(Fact::ReaderHost) && !replaces(Fact::Host);
    let port = credentials.port.filter(|_| !replaces(Fact::Port));
    Endpoint {
        host: if reads_only { &plan.reader_host } else { &plan.host }.clone(),
        port: port.unwrap_or(plan.port),
    }
}

fn failure(error: &Error) -> Failure {
    Failure {
        error: error.name().to_owned(),
        cause: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::restore::login::{LoginOwner, document};

    fn connects_to(values: &[(&str, Fact)], secret: &str) -> (String, u16) {
        let plan = LoginPlan {
            resource: "database".into(),
            cluster: "hubs-db-r1".into(),
            host: "copy.example".into(),
            reader_host: "reader.copy.example".into(),
            port: 5433,
            master_username: None,
            managed: false,
            logins: Vec::new(),
        };
        let login = Login {
            secret: "hubs/app".into(),
            of: LoginOwner::Application,
            values: BTreeMap::from_iter(values.iter().map(|(key, fact)| ((*key).to_owned(), *fact))),
            database: "hubs".into(),
            closed_by: Vec::new(),
        };
        let endpoint = endpoint(&plan, &login, &document::credentials(secret).ok().unwrap());
        (endpoint.host, endpoint.port)
    }

    #[test]
    fn it_connects_to_where_the_secret_will_lead() {
        let secret = r#"{"username":"a","password":"b","host":"old","port":5432}"#;
        let both = [("host", Fact::Host), ("port", Fact::Port)];
        assert_eq!(connects_to(&both, secret), ("copy.example".into(), 5433));
        // A port that no switch replaces is the one that the application will use, correct or not.
        assert_eq!(connects_to(&both[..1], secret), ("copy.example".into(), 5432));
        let reader = [("host", Fact::ReaderHost)];
        let bare = r#"{"username":"a","password":"b"}"#;
        assert_eq!(connects_to(&reader, bare), ("reader.copy.example".into(), 5433));
    }
}
