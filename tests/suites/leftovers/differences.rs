//! `holdfast diff`: what has come and gone is named, and nothing else.

use anyhow::{Context, Result, ensure};
use holdfast_tests::dataset::{Sizes, create_table};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::command::{found, holdfast};
use crate::checks::Subject;
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("leftovers::differences::what_has_come_and_gone_is_named", |stage| {
            Box::pin(named(stage))
        }),
    ]
}

async fn named(stage: &Stage) -> Result<()> {
    let sizes = Sizes {
        items: vec![4, 4],
        ..Sizes::small()
    };
    let stacked = "archive-of-differs";
    create_stack(stage, "differs-archive", &[stacked, "journal-of-others"]).await?;
    let subject = Subject::create(stage, "differs", &sizes, |descriptor| {
        descriptor["resources"]["archive"] = json!({ "kind": "dynamodb", "table": stacked });
    })
    .await?;
    let kinds = differences(&subject, 1).await?;
    ensure!(
        kinds
            .iter()
            .any(|(kind, what)| kind == "in_no_set" && what.contains("No set was ever")),
        "{kinds:?}"
    );

    let ended = stage.back_up("differs").await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let other = "table journal-of-others is in no descriptor";
    let kinds = differences(&subject, 1).await?;
    let [(kind, what)] = kinds.as_slice() else {
        anyhow::bail!("only the stack's other table differs: {kinds:#?}");
    };
    ensure!(
        kind == "in_no_descriptor" && what.contains(other) && what.contains("differs-archive"),
        "{kinds:?}"
    );
    delete_table(stage, "journal-of-others").await?;

    create_table(&stage.aws, "differs-later").await?;
    create_table(&stage.aws, "differs_journal").await?;
    delete_table(stage, &subject.dataset.tables[1]).await?;
    delete_table(stage, stacked).await?;
    let kinds = differences(&subject, 1).await?;
    for (kind, part) in [
        ("in_no_set", "table differs-later"),
        ("in_no_descriptor", "table differs_journal"),
        ("gone", subject.dataset.tables[1].as_str()),
        ("gone", stacked),
    ] {
        ensure!(
            kinds.iter().any(|(of, what)| of == kind && what.contains(part)),
            "{kind} {part}: {kinds:#?}"
        );
    }

    let mut descriptor = subject.dataset.descriptor();
    descriptor["resources"]["journal"] = json!({ "kind": "dynamodb", "table": "differs_journal" });
    descriptor["resources"]["nothing"] = json!({ "kind": "dynamodb", "prefix": "no-such-table-" });
    subject.records.apply(&descriptor).await?;
    let kinds = differences(&subject, 1).await?;
    ensure!(
        kinds
            .iter()
            .any(|(kind, what)| kind == "matches_nothing" && what.contains("no-such-table-")),
        "{kinds:#?}"
    );
    descriptor["resources"]
        .as_object_mut()
        .context("no resources")?
        .remove("nothing");
    subject.records.apply(&descriptor).await?;
    let ended = stage.back_up("differs").await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    ensure!(differences(&subject, 0).await? == Vec::new());
    Ok(())
}

/// The kind and the text of each difference; `code` is the expected exit code.
async fn differences(subject: &Subject<'_>, code: i32) -> Result<Vec<(String, String)>> {
    let output = holdfast(subject, "diff", &[]).await?;
    ensure!(output.status.code() == Some(code), "{output:?}");
    let found = found(&output)?;
    ensure!(found["not_compared"] == json!([]), "{found:#}");
    let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let all = found["differences"].as_array().context("no differences")?;
    Ok(all.iter().map(|of| (text(&of["kind"]), text(&of["what"]))).collect())
}

async fn create_stack(stage: &Stage, name: &str, tables: &[&str]) -> Result<()> {
    let resource = |table: &&str| {
        let properties = json!({
            "TableName": table,
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        let logical = table.replace('-', "");
        (
            logical,
            json!({ "Type": "AWS::DynamoDB::Table", "Properties": properties }),
        )
    };
    let resources: serde_json::Map<String, Value> = tables.iter().map(resource).collect();
    let template = json!({ "Resources": resources }).to_string();
    let parameters = [("StackName", name), ("TemplateBody", template.as_str())];
    stage
        .aws
        .query("cloudformation", "2010-05-15", "CreateStack", &parameters)
        .await?;
    holdfast_tests::wait::until("the stack is created", std::time::Duration::from_secs(60), || async {
        let described = stage
            .aws
            .query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", name)])
            .await?;
        Ok(described.contains("CREATE_COMPLETE").then_some(()))
    })
    .await
}

async fn delete_table(stage: &Stage, table: &str) -> Result<()> {
    let request = json!({ "TableName": table });
    stage
        .aws
        .json("dynamodb", "DynamoDB_20120810.DeleteTable", request)
        .await?;
    Ok(())
}
