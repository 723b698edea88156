//! A managed node: a directory in which scripts run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

/// A directory `nodes/<id>`, with the tags in its `tags.json`.
#[derive(Clone, Debug)]
pub struct Node {
    pub id: String,
    pub tags: BTreeMap<String, String>,
    directory: PathBuf,
}

/// Every node of a lab, by id.
pub fn all(lab: &Path) -> Vec<Node> {
    let entries = std::fs::read_dir(lab.join("nodes")).into_iter().flatten().flatten();
    let mut nodes: Vec<Node> = entries.filter_map(|entry| read(&entry.path())).collect();
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    nodes
}

fn read(directory: &Path) -> Option<Node> {
    let tags = std::fs::read(directory.join("tags.json")).ok()?;
    Some(Node {
        id: directory.file_name()?.to_str()?.to_owned(),
        tags: serde_json::from_slice(&tags).ok()?,
        directory: directory.to_owned(),
    })
}

/// The nodes that all filters match: `InstanceIds`, or `tag:<key>`, each with its possible values.
pub fn matching(nodes: Vec<Node>, filters: &Value) -> Vec<Node> {
    let matches = |node: &Node, filter: &Value| {
        let key = filter["Key"].as_str().unwrap_or_default();
        let value = match key.strip_prefix("tag:") {
            Some(tag) => node.tags.get(tag).map(String::as_str),
            None => Some(node.id.as_str()),
        };
        let values = filter["Values"].as_array().into_iter().flatten();
        value.is_some_and(|value| values.into_iter().any(|allowed| allowed == value))
    };
    let filters: Vec<&Value> = filters.as_array().into_iter().flatten().collect();
    let all = |node: &Node| filters.iter().all(|filter| matches(node, filter));
    nodes.into_iter().filter(all).collect()
}

impl Node {
    /// Runs a script to its end; returns its exit code, 1 if it could not be started. What is installed on the node is in its `bin`.
    pub async fn run(&self, script: &str) -> i32 {
        let path = format!("{}/bin:/usr/local/bin:/usr/bin:/bin", self.directory.display());
        let status = tokio::process::Command::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await;
        status.ok().and_then(|status| status.code()).unwrap_or(1)
    }
}
