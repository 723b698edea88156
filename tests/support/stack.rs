//! The stack in a lab: the real template, deployed with the same command as in AWS.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::aws::{Aws, element};
use crate::inbox::Inbox;
use crate::lab::{Lab, program, repository};

/// A deployed stack.
pub struct Stack {
    pub name: String,
    pub outputs: BTreeMap<String, String>,
    /// The environment variables of a client of the lab.
    pub environment: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys the stack with `parameters` (`Name=value`) through the project's own deploy script.
    pub async fn deploy(lab: &Lab, name: &str, parameters: &[&str]) -> Result<Self> {
        Self::deploy_template(lab, "template", name, parameters).await
    }

    /// Deploys another template of `infra`, such as `efs-access`.
    pub async fn deploy_template(lab: &Lab, template: &str, name: &str, parameters: &[&str]) -> Result<Self> {
        // The functions that were built with this program, wherever that is.
        let built = program("functions");
        let target = built.ancestors().nth(2).context("no target directory")?;
        let output = Command::new(repository().join("infra/deploy.sh"))
            .arg(name)
            .env("CARGO_TARGET_DIR", target)
            .args(parameters)
            .current_dir(repository())
            .envs(&lab.environment)
            .env("TEMPLATE", template)
            .output()
            .await
            .context("run infra/deploy.sh")?;
        if !output.status.success() {
            bail!(
                "deploy failed:\n{}\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let outputs = outputs(&lab.aws()?, name).await?;
        Ok(Self {
            name: name.to_owned(),
            outputs,
            environment: lab.environment.clone(),
        })
    }

    /// Gives the stack access to a file system of the lab.
    pub async fn deploy_efs_access(lab: &Lab, file_system: &str) -> Result<()> {
        crate::access::deploy_efs_access(lab, file_system).await
    }

    /// An output of the stack.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("the stack has no output {name}: {:?}", self.outputs))
    }

    /// A new subscriber of the stack's on-call topic.
    pub async fn inbox(&self, aws: &Aws, queue: &str) -> Result<Inbox> {
        Inbox::subscribe(aws, self.output("OnCallTopicArn")?, queue).await
    }
}

async fn outputs(aws: &Aws, stack: &str) -> Result<BTreeMap<String, String>> {
    let xml = aws
        .query(
            "cloudformation",
            "2010-05-15",
            "DescribeStacks",
            &[("StackName", stack)],
        )
        .await?;
    let status = element(&xml, "StackStatus")?;
    if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
        bail!("stack {stack} is {status}");
    }
    let document = roxmltree::Document::parse(&xml)?;
    let text = |member: roxmltree::Node<'_, '_>, name: &str| {
        member
            .children()
            .find(|node| node.tag_name().name() == name)
            .and_then(|node| node.text())
            .map(str::to_owned)
    };
    let members = document
        .descendants()
        .filter(|node| node.children().any(|child| child.tag_name().name() == "OutputKey"));
    Ok(members
        .filter_map(|member| Some((text(member, "OutputKey")?, text(member, "OutputValue")?)))
        .collect())
}
