//! Retention of dumps: of an expired set nothing is left in the archive, and what is held, or is another deployment's, stays and is
//! reported.

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ObjectLockConfiguration, ObjectLockEnabled, ObjectLockLegalHold, ObjectLockLegalHoldStatus};
use holdfast_tests::aws::text;
use holdfast_tests::s3;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::shop::{folders, sealed, shop};
use crate::checks::Subject;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("postgres_dumps::expiry::of_an_expired_set_nothing_is_left", |stage| {
            Box::pin(nothing_left(stage))
        }),
        stages.test(
            "postgres_dumps::expiry::a_dump_on_hold_stays_and_is_reported",
            |stage| Box::pin(on_hold(stage)),
        ),
        stages.test(
            "postgres_dumps::expiry::a_dump_of_another_deployment_stays_and_is_reported",
            |stage| Box::pin(foreign(stage)),
        ),
    ]
}

/// A deployment that keeps its newest set.
async fn short_lived<'a>(stage: &'a Stage, name: &str) -> Result<Subject<'a>> {
    shop(stage, name, 3, |descriptor| descriptor["keep"] = json!({ "last": 1 })).await
}

fn folder(subject: &Subject<'_>, set: &Value) -> Result<String> {
    Ok(format!("dumps/{}/ledger/{}", subject.dataset.name, text(set, "/id")?))
}

async fn nothing_left(stage: &Stage) -> Result<()> {
    let subject = short_lived(stage, "expired").await?;
    let first = folder(&subject, &sealed(&subject).await?)?;
    let client = s3::client(&stage.lab);
    let bucket = stage.stack.output("ArchiveBucket")?;
    // What an attempt that was killed leaves: an upload that nobody completes, and an object that no manifest names.
    let upload = client.create_multipart_upload().bucket(bucket);
    upload.key(format!("{first}/killed.dump")).send().await?;
    let object = client.put_object().bucket(bucket).key(format!("{first}/killed.toc"));
    object.body(ByteStream::from_static(b"half")).send().await?;
    let second = folder(&subject, &sealed(&subject).await?)?;
    ensure!(
        folders(&subject).await? == [second],
        "only the kept set's dump is there"
    );
    Ok(())
}

/// The newest versions of a dump's objects: key and version.
async fn objects(client: &Client, bucket: &str, folder: &str) -> Result<Vec<(String, String)>> {
    let listed = client
        .list_object_versions()
        .bucket(bucket)
        .prefix(format!("{folder}/"));
    let listed = listed.send().await?;
    let versions = listed.versions().iter();
    let named = versions.filter_map(|version| Some((version.key()?.to_owned(), version.version_id()?.to_owned())));
    Ok(named.collect())
}

async fn on_hold(stage: &Stage) -> Result<()> {
    let subject = short_lived(stage, "held").await?;
    let first = folder(&subject, &sealed(&subject).await?)?;
    let client = s3::client(&stage.lab);
    let bucket = stage.stack.output("ArchiveBucket")?;
    let enabled = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled);
    let lock = client.put_object_lock_configuration().bucket(bucket);
    lock.object_lock_configuration(enabled.build()).send().await?;
    let held = objects(&client, bucket, &first).await?;
    hold(&client, bucket, &held, ObjectLockLegalHoldStatus::On).await?;

    let (ended, set, mail) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let second = folder(&subject, &set.context("no set")?)?;
    ensure!(
        folders(&subject).await? == [first.clone(), second],
        "the held dump stays"
    );
    ensure!(
        objects(&client, bucket, &first).await? == held,
        "with all of its objects"
    );
    ensure!(
        mail.body.contains("protected") && mail.body.contains(&first),
        "{}",
        mail.body
    );

    // The next run after the hold was lifted deletes it.
    hold(&client, bucket, &held, ObjectLockLegalHoldStatus::Off).await?;
    let third = folder(&subject, &sealed(&subject).await?)?;
    ensure!(folders(&subject).await? == [third]);
    Ok(())
}

async fn hold(
    client: &Client,
    bucket: &str,
    objects: &[(String, String)],
    status: ObjectLockLegalHoldStatus,
) -> Result<()> {
    for (key, version) in objects {
        let hold = ObjectLockLegalHold::builder().status(status.clone()).build();
        let call = client
            .put_object_legal_hold()
            .bucket(bucket)
            .key(key)
            .version_id(version);
        call.legal_hold(hold).send().await?;
    }
    Ok(())
}

/// Another deployment's dump lies where an expired set's was.
async fn foreign(stage: &Stage) -> Result<()> {
    let (subject, other) = (
        short_lived(stage, "expiring").await?,
        short_lived(stage, "other").await?,
    );
    let mine = folder(&subject, &sealed(&subject).await?)?;
    let theirs = folder(&other, &sealed(&other).await?)?;
    let client = s3::client(&stage.lab);
    let bucket = stage.stack.output("ArchiveBucket")?;
    for (key, version) in objects(&client, bucket, &mine).await? {
        let call = client.delete_object().bucket(bucket).key(key).version_id(version);
        call.send().await?;
    }
    for (key, _) in objects(&client, bucket, &theirs).await? {
        let copy = key.replacen(&theirs, &mine, 1);
        let call = client.copy_object().bucket(bucket).key(copy);
        call.copy_source(format!("{bucket}/{key}")).send().await?;
    }
    let planted = objects(&client, bucket, &mine).await?;
    ensure!(planted.len() >= 2, "a manifest and an archive: {planted:?}");

    let (ended, _, mail) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    ensure!(objects(&client, bucket, &mine).await? == planted, "it is not touched");
    ensure!(mail.body.contains(&mine), "{}", mail.body);
    Ok(())
}
