//! The owner's Terraform: its state, and what it makes of the blocks that a restore prints.

use anyhow::{Result, ensure};
use holdfast_tests::aws::elements;
use serde_json::{Value, json};

use super::deployment::Cumulus;
use crate::systems::terraform::planned;

/// Terraform's state of the cluster, its instance, and something else.
pub fn state_file(cumulus: &Cumulus<'_>) -> Result<String> {
    let cluster = &cumulus.dataset.cluster;
    let resource = |kind: &str, name: &str, instance: Value| {
        json!({
            "mode": "managed", "module": "module.rds_cluster", "type": kind, "name": name,
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [instance],
        })
    };
    let attributes = |id: &str| json!({ "attributes": { "id": id } });
    let mut instance = attributes(&format!("{cluster}-1"));
    instance["index_key"] = json!(0);
    let state = json!({ "version": 4, "resources": [
        resource("aws_rds_cluster", "cumulus", attributes(cluster)),
        resource("aws_rds_cluster_instance", "cumulus", instance),
        resource("aws_db_subnet_group", "default", attributes("cumulus-subnets")),
    ] });
    let file = cumulus.system.stage.lab.directory().join("terraform.tfstate");
    std::fs::write(&file, state.to_string())?;
    Ok(file.to_string_lossy().into_owned())
}

/// Of these blocks, `terraform plan` says that it imports the copy and forgets what it replaced, and nothing else.
pub async fn imports(cumulus: &Cumulus<'_>, copy: &str, state: &str, blocks: &str) -> Result<()> {
    let stage = cumulus.system.stage;
    let lines = planned(stage, state, blocks, None).await?;
    let plan = lines.join("\n");
    let old = &cumulus.dataset.cluster;
    let address = "module.rds_cluster.aws_rds_cluster";
    let [forgotten, forgotten_instance, imported, imported_instance] = &lines[..] else {
        anyhow::bail!("four resources change: {plan}");
    };
    ensure!(*forgotten == format!("forget {address}.cumulus {old}"), "{plan}");
    ensure!(
        *forgotten_instance == format!("forget {address}_instance.cumulus[0] {old}-1"),
        "{plan}"
    );
    ensure!(imported.starts_with(&format!("import {address}.cumulus_r")), "{plan}");
    ensure!(imported.ends_with(&format!(" {copy}")), "{plan}");
    let instance = imported_instance.rsplit(' ').next().unwrap_or_default();
    let asked = [("DBInstanceIdentifier", instance)];
    let xml = stage.aws.rds("DescribeDBInstances", &asked).await?;
    ensure!(elements(&xml, "DBClusterIdentifier")? == [copy], "{plan}: {xml}");
    // With any other name in the source, Terraform would replace it.
    for argument in [
        format!("cluster_identifier = \"{copy}\""),
        format!("identifier = \"{instance}\""),
    ] {
        ensure!(blocks.contains(&argument), "{argument}: {blocks}");
    }
    Ok(())
}
