//! The whole deployment as of one moment, while an application keeps writing.

mod protection;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::data::Data;
use holdfast_tests::wait::until;
use jiff::Timestamp;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::{backed_up, nothing_written};
use crate::stage::{Stage, Stages};

const PATIENCE: Duration = Duration::from_secs(60);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = vec![
        stages.test("point_in_time::holds_exactly_what_was_committed_by_then", |stage| {
            Box::pin(exactly(stage))
        }),
        stages.test("point_in_time::outside_a_window_is_refused_and_nothing_made", |stage| {
            Box::pin(refused(stage))
        }),
    ];
    tests.extend(protection::tests(stages));
    tests
}

async fn exactly(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "moment").await?;
    subject.recover_tables().await?;
    let before = subject.data().await?;
    let (writes, at) = written(&subject).await?;
    let by_then = writes.iter().filter(|write| write.after < at).count();
    ensure!(
        (3..=writes.len() - 3).contains(&by_then),
        "{by_then} of {} writes prove nothing about {at}",
        writes.len()
    );

    let ended = subject
        .restore(json!({ "at": at.to_string(), "cut_over": "no" }))
        .await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    ensure!(record["plan"]["at"] == at.to_string(), "{record:#}");
    ensure!(
        record["verification"]["outcome"] == "unproven",
        "the counts of a set prove nothing about another moment: {record:#}"
    );
    let (copied, wanted) = (
        subject.copied(text(&record, "/id")?).await?,
        with(before, &subject, &writes[..by_then]),
    );
    ensure!(copied == wanted, "as of {at}: {copied:#?}\nnot {wanted:#?}");
    Ok(())
}

async fn refused(stage: &Stage) -> Result<()> {
    let (subject, _) = backed_up(stage, "window").await?;
    // A whole second after all captures of the set; the cluster's window includes it, the tables' windows begin later.
    let at = Timestamp::from_second(now(stage).await?.as_second() + 1)?;
    until("the second can be restored", PATIENCE, || async {
        Ok((now(stage).await?.as_second() >= at.as_second() + 2).then_some(()))
    })
    .await?;
    subject.recover_tables().await?;
    let table = format!("tables.{}", subject.dataset.tables[0]);
    let window = |resource: &str| format!("window of point-in-time recovery of {resource}");

    let cause = refusal(&subject, at).await?;
    ensure!(cause.contains(&window(&table)), "{cause}");
    ensure!(!cause.contains(&window("database")), "it reaches there: {cause}");

    let cause = refusal(&subject, "2020-01-01T00:00:00Z".parse()?).await?;
    // A cause is truncated after a few faults.
    ensure!(cause.contains(&window("database")), "{cause}");
    ensure!(
        cause.contains("storage, without point-in-time recovery"),
        "its earliest recovery point is named: {cause}"
    );
    Ok(())
}

/// Checks that a restore as of `at` is refused and creates nothing; returns why.
async fn refusal(subject: &Subject<'_>, at: Timestamp) -> Result<String> {
    let mark = subject.stage.lab.ledger_position().await?;
    let ended = subject.restore(json!({ "at": at.to_string() })).await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(ended.cause.contains("InvalidInput"), "{}", ended.cause);
    nothing_written(subject.stage, mark).await?;
    Ok(ended.cause)
}

/// One row and one item, and an item that every write overwrites.
struct Write {
    number: u32,
    before: Timestamp,
    after: Timestamp,
}

/// Writes several times a second until there is a whole second at which nothing was being written, and well after it; returns
/// all writes, and that second.
async fn written(subject: &Subject<'_>) -> Result<(Vec<Write>, Timestamp)> {
    let mut writes: Vec<Write> = Vec::new();
    while writes.len() < 300 {
        let write = write(subject, u32::try_from(writes.len())? + 1).await?;
        writes.push(write);
        let moment = writes.windows(2).skip(3).find_map(|pair| quiet(&pair[0], &pair[1]));
        let now = now(subject.stage).await?;
        // The latest restorable moment is a second ago; and a write may be slow on a busy machine.
        let since = |at: &Timestamp| writes.iter().filter(|write| write.before > *at).count();
        if let Some(at) = moment.filter(|at| now.duration_since(*at).as_secs() >= 3 && since(at) >= 3) {
            return Ok((writes, at));
        }
        // The writer's pace.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("{} writes, and no whole second without one", writes.len())
}

/// A whole second between two writes, close to neither.
fn quiet(one: &Write, next: &Write) -> Option<Timestamp> {
    let at = Timestamp::from_second(next.before.as_second()).ok()?;
    let far = |from: Timestamp, to: Timestamp| to.duration_since(from).as_millis() >= 20;
    (far(one.after, at) && far(at, next.before)).then_some(at)
}

async fn write(subject: &Subject<'_>, number: u32) -> Result<Write> {
    let before = now(subject.stage).await?;
    let sql = format!("insert into users values ({}, '{}')", row(number), name(number));
    subject.dataset.execute(&sql).await?;
    for id in [name(number), LAST.to_owned()] {
        let put = json!({ "TableName": subject.dataset.tables[0], "Item": item(&id, number) });
        subject
            .stage
            .aws
            .json("dynamodb", "DynamoDB_20120810.PutItem", put)
            .await?;
    }
    let after = now(subject.stage).await?;
    Ok(Write { number, before, after })
}

/// The item that every write overwrites.
const LAST: &str = "last";

fn row(number: u32) -> u32 {
    1_000 + number
}

fn name(number: u32) -> String {
    format!("written-{number:04}")
}

fn item(id: &str, number: u32) -> Value {
    json!({ "id": { "S": id }, "value": { "N": number.to_string() } })
}

/// The data after some writes.
fn with(mut data: Data, subject: &Subject<'_>, writes: &[Write]) -> Data {
    let items: &mut BTreeMap<String, Value> = data.tables.entry(subject.dataset.tables[0].clone()).or_default();
    for write in writes {
        let name = name(write.number);
        data.users.push(format!("{}:{name}", row(write.number)));
        items.insert(name.clone(), item(&name, write.number));
        items.insert(LAST.to_owned(), item(LAST, write.number));
    }
    data
}

async fn now(stage: &Stage) -> Result<Timestamp> {
    stage.lab.now().await?.parse().context("the lab's time")
}

impl Subject<'_> {
    /// Turns point-in-time recovery of the tables on.
    pub async fn recover_tables(&self) -> Result<()> {
        for table in &self.dataset.tables {
            let request = json!({
                "TableName": table, "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
            });
            self.stage
                .aws
                .json("dynamodb", "DynamoDB_20120810.UpdateContinuousBackups", request)
                .await?;
        }
        Ok(())
    }
}
