//! How often each resource's job was polled, and how late each end was noticed: the functions' responses about the resource,
//! compared with the calls that started AWS's jobs, all by the lab's clock.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::history::History;

/// The calls that start a job of AWS, and the job's kind of resource.
const JOBS: [(&str, &str); 9] = [
    ("CreateDBClusterSnapshot", "aurora"),
    ("RestoreDBClusterFromSnapshot", "aurora"),
    ("RestoreDBClusterToPointInTime", "aurora"),
    ("CreateDBInstance", "aurora"),
    ("StartBackupJob", "efs"),
    ("StartRestoreJob", "efs"),
    ("CreateBackup", "dynamodb"),
    ("RestoreTableFromBackup", "dynamodb"),
    ("RestoreTableToPointInTime", "dynamodb"),
];

/// One resource's jobs, watched to their end.
#[derive(Debug, PartialEq)]
pub struct Watched {
    pub resource: String,
    /// Its polls, including the call that started the first job.
    pub looks: usize,
    /// For each of its jobs, one after the other: from its end to the poll that noticed it, in seconds.
    pub lags: Vec<f64>,
}

/// A job of AWS: one call, or several at once, such as a cluster's instances.
struct Job {
    action: String,
    kind: &'static str,
    started: Timestamp,
}

/// The observations of one resource.
struct Chain {
    resource: String,
    kind: String,
    looks: Vec<Timestamp>,
    jobs: Vec<Job>,
}

/// Reads it from an execution's history and from the lab's ledger since the execution began. Every job takes `lasts`.
///
/// # Errors
/// If a job was started for no resource, or its end was never noticed.
pub fn watched(history: &History, ledger: &[Value], lasts: SignedDuration) -> Result<Vec<Watched>> {
    let mut chains = chains(history);
    for job in jobs(ledger)? {
        give(&mut chains, job)?;
    }
    let jobs = chains.into_iter().filter(|chain| !chain.jobs.is_empty());
    jobs.map(|chain| chain.watched(lasts)).collect()
}

fn chains(history: &History) -> Vec<Chain> {
    let mut chains: BTreeMap<String, Chain> = BTreeMap::new();
    for answer in history.answers() {
        for Report { resource, kind, look } in reported(&answer.payload, answer.at) {
            let chain = chains.entry(resource.clone()).or_insert_with(|| Chain {
                resource,
                kind,
                looks: Vec::new(),
                jobs: Vec::new(),
            });
            if let Some(look) = look.filter(|look| !chain.looks.contains(look)) {
                chain.looks.push(look);
            }
        }
    }
    chains.into_values().collect()
}

/// A response's report on a resource.
struct Report {
    resource: String,
    kind: String,
    /// When it was polled; `None` if it was not yet.
    look: Option<Timestamp>,
}

/// The resources on whose jobs a response to a call at `at` reports. A response about a single job has polled it; one about all
/// jobs of a run has the last poll of each.
fn reported(payload: &Value, at: Timestamp) -> Vec<Report> {
    let of = |job: &Value, look: Option<Timestamp>| {
        job["status"].as_str()?;
        Some(Report {
            resource: job["resource"]["name"].as_str()?.to_owned(),
            kind: job["resource"]["kind"].as_str()?.to_owned(),
            look,
        })
    };
    let looked = |job: &Value| job["looked_at"].as_str()?.parse().ok();
    let jobs = payload["jobs"].as_array().into_iter().flatten();
    let all = jobs.filter_map(|job| of(job, looked(job)));
    of(payload, Some(at)).into_iter().chain(all).collect()
}

/// The calls that started jobs, in the order of time.
fn jobs(ledger: &[Value]) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for call in ledger {
        let started = JOBS.iter().find(|(action, _)| call["action"] == *action);
        let Some((action, kind)) = started.filter(|_| call["status"] == 200) else {
            continue;
        };
        let time = call["time"].as_str().context("a call without time")?;
        jobs.push(Job {
            action: (*action).to_owned(),
            kind,
            started: time.parse()?,
        });
    }
    jobs.sort_by_key(|job| job.started);
    Ok(jobs)
}

/// A job belongs to the resource of its kind that was polled last when it was started, and that has no such job yet; a
/// further call of an action that all of them have is part of the last one's job.
fn give(chains: &mut [Chain], job: Job) -> Result<()> {
    let mut of_kind: Vec<&mut Chain> = chains.iter_mut().filter(|chain| chain.kind == job.kind).collect();
    ensure!(
        !of_kind.is_empty(),
        "{} was called, but nothing was reported on {}",
        job.action,
        job.kind
    );
    of_kind.retain(|chain| chain.jobs.iter().all(|other| other.action != job.action));
    if of_kind.is_empty() {
        return Ok(());
    }
    let chain = of_kind.into_iter().max_by_key(|chain| chain.last_look(job.started));
    let chain = chain.filter(|chain| chain.last_look(job.started).is_some());
    let chain = chain.with_context(|| format!("{} was called before any poll", job.action))?;
    chain.jobs.push(job);
    Ok(())
}

impl Chain {
    fn last_look(&self, before: Timestamp) -> Option<Timestamp> {
        self.looks.iter().rev().find(|look| **look <= before).copied()
    }

    fn watched(self, lasts: SignedDuration) -> Result<Watched> {
        let mut lags = Vec::new();
        for (nth, job) in self.jobs.iter().enumerate() {
            let end = job.started + lasts;
            // The next job is started by the poll that notices the end of the previous one.
            let seen = match self.jobs.get(nth + 1) {
                Some(next) => self.last_look(next.started).filter(|look| *look >= end),
                None => self.looks.iter().find(|look| **look >= end).copied(),
            };
            let seen =
                seen.with_context(|| format!("{}: the end was never noticed of {}", self.resource, job.action))?;
            lags.push(seen.duration_since(end).as_secs_f64());
        }
        Ok(Watched {
            resource: self.resource,
            looks: self.looks.len(),
            lags,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    fn chain(resource: &str, kind: &str, looks: &[i64]) -> Chain {
        Chain {
            resource: resource.to_owned(),
            kind: kind.to_owned(),
            looks: looks.iter().map(|minutes| at(*minutes)).collect(),
            jobs: Vec::new(),
        }
    }

    fn call(action: &str, minutes: i64, status: u16) -> Value {
        json!({ "action": action, "time": at(minutes).to_string(), "status": status })
    }

    #[test]
    fn a_copy_made_by_two_jobs_has_the_lag_of_each() {
        let mut chains = vec![chain("database", "aurora", &[0, 54, 63, 117, 126])];
        let ledger = [
            call("RestoreDBClusterFromSnapshot", 0, 200),
            call("CreateDBInstance", 63, 200),
            call("CreateDBInstance", 63, 200),
        ];
        for job in jobs(&ledger).unwrap() {
            give(&mut chains, job).unwrap();
        }
        let watched = chains.remove(0).watched(HOUR).unwrap();
        assert_eq!((watched.looks, watched.lags), (5, vec![180.0, 180.0]));
    }

    #[test]
    fn calls_that_failed_start_nothing_and_each_table_has_a_job_of_its_own() {
        let mut chains = vec![
            chain("tables.a", "dynamodb", &[0, 62]),
            chain("tables.b", "dynamodb", &[1, 61]),
        ];
        let ledger = [
            call("CreateBackup", 0, 400),
            call("CreateBackup", 0, 200),
            call("CreateBackup", 1, 200),
        ];
        for job in jobs(&ledger).unwrap() {
            give(&mut chains, job).unwrap();
        }
        let lags: Vec<Vec<f64>> = chains
            .into_iter()
            .map(|chain| chain.watched(HOUR).unwrap().lags)
            .collect();
        assert_eq!(lags, [vec![120.0], vec![0.0]]);
    }

    #[test]
    fn an_end_that_nobody_saw_is_an_error() {
        let mut chains = vec![chain("storage", "efs", &[0, 30])];
        for job in jobs(&[call("StartRestoreJob", 0, 200)]).unwrap() {
            give(&mut chains, job).unwrap();
        }
        let error = chains.remove(0).watched(HOUR).unwrap_err();
        assert_eq!(
            error.to_string(),
            "storage: the end was never noticed of StartRestoreJob"
        );
    }

    #[test]
    fn an_answer_reports_on_one_resource_that_it_looked_at_or_on_all_and_when_each_was() {
        let job = |name: &str, looked: Option<Timestamp>| {
            let resource = json!({ "name": name, "kind": "efs" });
            json!({ "resource": resource, "status": "in_progress", "looked_at": looked })
        };
        let looks = |payload: &Value| -> Vec<(String, Option<Timestamp>)> {
            let reports = reported(payload, at(9)).into_iter();
            reports.map(|report| (report.resource, report.look)).collect()
        };
        assert_eq!(looks(&job("storage", None)), [("storage".to_owned(), Some(at(9)))]);
        let all = json!({ "jobs": [job("a", None), job("b", Some(at(7)))], "status": "in_progress", "resume": false });
        assert_eq!(looks(&all), [("a".to_owned(), None), ("b".to_owned(), Some(at(7)))]);
        assert_eq!(looks(&json!({ "resource": "storage", "checks": 3 })), []);
    }
}
