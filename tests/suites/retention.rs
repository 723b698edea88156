//! Nights pass, and exactly the sets that the policy keeps are there, in the catalog and in AWS.

use anyhow::{Result, ensure};
use holdfast_tests::dataset::Sizes;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::json;

use crate::checks::Subject;
use crate::stage::{Stage, Stages};

const NIGHTS: usize = 14;
const DAY: u64 = 24 * 3600;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("retention::fourteen_nights_leave_what_the_policy_says", |stage| {
            Box::pin(fourteen_nights(stage))
        }),
    ]
}

/// `last: 2, daily: 5, weekly: 2, monthly: 0`: the last five nights, and the newest of the week before them.
async fn fourteen_nights(stage: &Stage) -> Result<()> {
    let subject = Subject::create(stage, "nights", &Sizes::small(), |descriptor| {
        descriptor["keep"] = json!({ "last": 2, "daily": 5, "weekly": 2, "monthly": 0 })
    })
    .await?;
    // Deletions that take a while are finished by the next run; here each night is checked by itself.
    stage
        .lab
        .control(Method::PUT, "durations", Some(json!({ "delete": 0.0 })))
        .await?;
    let mut all = Vec::new();
    for night in 0..NIGHTS {
        // The fifth night fails; a failed set is kept for `failed_days`, and does not count.
        if night == 4 {
            stage
                .lab
                .inject(json!({ "service": "backup", "action": "StartBackupJob", "kind": "job_failed" }))
                .await?;
        }
        let (ended, set, _) = subject.back_up().await?;
        ensure!(
            (ended.status == "SUCCEEDED") == (night != 4),
            "night {night}: {ended:?}"
        );
        stage.lab.heal().await?;
        all.extend(set.and_then(|set| Some(set["id"].as_str()?.to_owned())));
        stage.lab.advance_clock(DAY).await?;
    }
    let kept: Vec<String> = subject
        .records
        .sets(&subject.dataset.name)
        .await?
        .iter()
        .filter_map(|set| set["id"].as_str().map(str::to_owned))
        .collect();
    ensure!(
        kept.len() >= 5 && kept[kept.len() - 5..] == all[NIGHTS - 5..],
        "the last five nights are kept: {kept:?} of {all:?}"
    );
    let expected = expected(&all);
    ensure!(kept == expected, "kept {kept:?}, the policy says {expected:?}");
    for id in &all {
        let existing = subject.recovery_points(id).await?.values().sum::<usize>();
        ensure!(
            (existing > 0) == kept.contains(id),
            "{existing} recovery points of {id}, kept: {kept:?}"
        );
    }
    Ok(())
}

/// The sets that the policy keeps, calculated by hand from the dates in the ids: the last five nights; and the newest sealed
/// night of each of the newest two ISO weeks.
fn expected(all: &[String]) -> Vec<String> {
    let week = |id: &str| -> Option<(i16, i8)> {
        let stamp = id.rsplit('-').nth(2)?;
        let date = jiff::civil::Date::strptime("%Y%m%d", stamp).ok()?.iso_week_date();
        Some((date.year(), date.week()))
    };
    let sealed: Vec<&String> = all
        .iter()
        .enumerate()
        .filter(|(night, _)| *night != 4)
        .map(|(_, id)| id)
        .collect();
    let mut weeks = Vec::new();
    let mut kept: Vec<String> = sealed[sealed.len() - 5..].iter().map(|id| (*id).clone()).collect();
    for id in sealed.iter().rev() {
        let this = week(id);
        if !weeks.contains(&this) && weeks.len() < 2 {
            weeks.push(this);
            kept.push((*id).clone());
        }
    }
    kept.sort();
    kept.dedup();
    kept
}
