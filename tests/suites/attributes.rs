//! Every captured attribute: different from a new resource's at the source, and present after the restore. The values are
//! read from AWS, not from the product.

/// What AWS describes.
mod reading;
/// What is expected.
mod tables;

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{Sizes, add_instance, await_cluster};
use holdfast_tests::settings::with_settings;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use self::reading::{cluster_of, file_system_of, table_of};
use self::tables::{Attribute, of_cluster, of_file_system, of_table};
use crate::checks::Subject;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![stages.test("attributes::every_captured_attribute_comes_back", |stage| {
        Box::pin(all(stage))
    })]
}

async fn all(stage: &Stage) -> Result<()> {
    let aws = &stage.aws;
    let (dataset, groups) = with_settings(&stage.lab, "attributes", &Sizes::small()).await?;
    groups.set_up_file_system(aws, &dataset.file_system).await?;
    deploy_efs_access(&stage.lab, &dataset.file_system).await?;
    // From here on RDS manages its password, and our probes cannot log in.
    let managed = [
        ("DBClusterIdentifier", dataset.cluster.as_str()),
        ("ManageMasterUserPassword", "true"),
        ("MasterUserSecretKmsKeyId", &groups.key),
    ];
    aws.rds("ModifyDBCluster", &managed).await?;
    await_cluster(aws, &dataset.cluster).await?;
    let plain = Plain::create(stage).await?;
    let subject = Subject::over(stage, dataset, |descriptor| {
        if let Some(probes) = descriptor["probes"].as_object_mut() {
            probes.remove("users");
        }
    })
    .await?;
    let (end, _, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    let end = subject
        .restore(json!({ "cut_over": "no", "into": { "storage": "file_system" } }))
        .await?;
    let record = subject.newest_restore().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}\n{record:#}");
    let made = subject.made(text(&record, "/id")?).await?;
    let copy = |resource: &str, field: &str| -> Result<String> {
        let made = made
            .get(resource)
            .with_context(|| format!("no {resource} in {made:?}"))?;
        Ok(text(made, field)?.to_owned())
    };
    let table = &subject.dataset.tables[0];
    let (cluster, file_system) = (copy("database", "/cluster")?, copy("storage", "/file_system")?);
    let table_copy = copy(&format!("tables.{table}"), "/table")?;

    let mut wrong = Vec::new();
    let source = cluster_of(aws, &subject.dataset.cluster).await?;
    let (new, restored) = (cluster_of(aws, &plain.cluster).await?, cluster_of(aws, &cluster).await?);
    wrong.extend(check(&of_cluster(&groups), 25, &source, &new, &restored));
    let source = table_of(aws, table).await?;
    let (new, restored) = (table_of(aws, &plain.table).await?, table_of(aws, &table_copy).await?);
    wrong.extend(check(&of_table(), 10, &source, &new, &restored));
    let source = file_system_of(aws, &subject.dataset.file_system).await?;
    let (new, restored) = (
        file_system_of(aws, &plain.file_system).await?,
        file_system_of(aws, &file_system).await?,
    );
    wrong.extend(check(&of_file_system(&groups), 6, &source, &new, &restored));
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// The faults of at least `least` attributes of a source, a new resource of the kind, and the source's copy.
fn check(attributes: &[Attribute], least: usize, source: &Value, new: &Value, restored: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if attributes.len() < least {
        wrong.push(format!("{} attributes are less than {least}", attributes.len()));
    }
    for (name, path, expected) in attributes {
        let at = |of: &Value| of.pointer(path).cloned().unwrap_or_default();
        let (source, new, restored) = (at(source), at(new), at(restored));
        if source != *expected {
            wrong.push(format!("{name} ({path}) of the source is {source}, not {expected}"));
        } else if new == *expected {
            wrong.push(format!(
                "{name} ({path}) of any new resource is {new}, which proves nothing"
            ));
        } else if !is_same(&restored, expected) {
            wrong.push(format!("{name} ({path}) was {expected}, is {restored}"));
        }
    }
    wrong
}

/// New resources with default settings.
struct Plain {
    cluster: String,
    table: String,
    file_system: String,
}

impl Plain {
    async fn create(stage: &Stage) -> Result<Self> {
        let aws = &stage.aws;
        let cluster = "plain-db".to_owned();
        let parameters = [
            ("DBClusterIdentifier", cluster.as_str()),
            ("Engine", "aurora-postgresql"),
            ("MasterUsername", "postgres"),
            ("MasterUserPassword", "pw-plain-Vv7QxSecret"),
        ];
        aws.rds("CreateDBCluster", &parameters).await?;
        await_cluster(aws, &cluster).await?;
        add_instance(aws, &cluster).await?;
        let table = "plain-rooms".to_owned();
        holdfast_tests::dataset::create_table(aws, &table).await?;
        let request = json!({ "CreationToken": "plain" });
        let made = aws
            .rest(
                "elasticfilesystem",
                Method::POST,
                "/2015-02-01/file-systems",
                Some(request),
            )
            .await?;
        let file_system = text(&made, "/FileSystemId")?.to_owned();
        holdfast_tests::dataset::await_file_system(aws, &file_system).await?;
        Ok(Self {
            cluster,
            table,
            file_system,
        })
    }
}

/// Whether two values are equal: 35 and 35.0 are.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => one == other,
    }
}
