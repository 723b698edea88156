//! What a task definition mounts and gets.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>.

use std::collections::BTreeMap;

use holdfast::domain::kinds::Stateful;
use holdfast::domain::kinds::efs::Efs;
use holdfast::domain::resource::Target;
use serde_json::Value;

use crate::discover::clusters::Cluster;
use crate::discover::{Finding, FoundResource, classify};

/// The part of a volume that mounts an EFS file system.
const EFS: &str = "efsVolumeConfiguration";
/// How the parts of a volume end that mount anything.
const CONFIGURATION: &str = "VolumeConfiguration";
/// Number of parts of a secret's ARN; `valueFrom` may add a key, a stage and a version.
const PARTS: usize = 7;

/// A task definition, and what it mounts of EFS.
pub struct TaskDefinition<'a> {
    definition: &'a Value,
    /// Family and revision.
    name: String,
    pub mounts: Vec<Mount>,
}

/// A volume that mounts a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub volume: String,
    pub file_system: String,
    root: String,
    pub access_point: Option<String>,
}

impl<'a> TaskDefinition<'a> {
    pub fn of(definition: &'a Value) -> Self {
        let mount = |volume: &Value| {
            let efs = &volume[EFS];
            let given = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            Some(Mount {
                volume: text(&volume["name"]).to_owned(),
                file_system: given(&efs["fileSystemId"])?,
                root: given(&efs["rootDirectory"]).unwrap_or_else(|| "/".to_owned()),
                access_point: given(&efs["authorizationConfig"]["accessPointId"]),
            })
        };
        Self {
            definition,
            name: format!("{}:{}", text(&definition["family"]), definition["revision"]),
            mounts: items(&definition["volumes"]).filter_map(mount).collect(),
        }
    }

    /// Everything with state that it names.
    pub fn findings(&self, clusters: &BTreeMap<String, Cluster>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.mounts.iter().map(|mount| self.mounted(mount)).collect();
        findings.extend(self.clusters(clusters));
        // The secret that RDS manages belongs to its cluster: a copy gets one of its own.
        let is_master = |got: &Got<'_>| clusters.values().any(|cluster| cluster.has_master(parts(got.value).0));
        findings.extend(self.secrets().filter(|got| !is_master(got)).map(|got| finding(&got)));
        findings.extend(items(&self.definition["volumes"]).filter_map(|volume| self.other_volume(volume)));
        findings.extend(self.files());
        findings
    }

    /// ARNs of the secrets that its containers get in the current version.
    pub fn current_secrets(&self) -> impl Iterator<Item = &'a str> {
        items(&self.definition["containerDefinitions"])
            .flat_map(|container| items(&container["secrets"]))
            .map(|secret| parts(text(&secret["valueFrom"])))
            .filter(|(_, rest)| rest.splitn(3, ':').nth(2).is_none_or(str::is_empty))
            .map(|(secret, _)| secret)
    }

    fn mounted(&self, mount: &Mount) -> Finding {
        let place = match &mount.access_point {
            Some(id) => format!("by access point {id}"),
            None => format!("directory {}", mount.root),
        };
        let comment = format!(
            "Volume {} of task definition {} mounts it, {place}.",
            mount.volume, self.name
        );
        let target = Efs.target_of(mount.file_system.clone());
        Finding::new(FoundResource::protected(target, mount.volume.clone()), comment)
    }

    /// The clusters whose endpoint a variable has, or whose master secret a container gets. Values of variables are not shown: they
    /// may be secrets.
    fn clusters(&self, clusters: &BTreeMap<String, Cluster>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for container in items(&self.definition["containerDefinitions"]) {
            let of = |what: &str, name: &Value| {
                format!(
                    "{what} {} of container {} leads to it.",
                    text(name),
                    text(&container["name"])
                )
            };
            for (id, cluster) in clusters {
                let variables = items(&container["environment"]);
                let variables = variables.filter(|variable| cluster.is_reached_by(text(&variable["value"])));
                let secrets = items(&container["secrets"]);
                let secrets = secrets.filter(|secret| cluster.has_master(parts(text(&secret["valueFrom"])).0));
                let comments = variables
                    .map(|variable| of("Variable", &variable["name"]))
                    .chain(secrets.map(|secret| of("Secret", &secret["name"])));
                findings.extend(comments.map(|comment| {
                    let cluster = id.clone();
                    Finding::new(
                        FoundResource::protected(Target::Aurora { cluster }, "database"),
                        comment,
                    )
                }));
            }
        }
        findings
    }

    /// Every secret and parameter, and what gets it.
    fn secrets(&self) -> impl Iterator<Item = Got<'a>> {
        items(&self.definition["containerDefinitions"]).flat_map(|container| {
            let name = text(&container["name"]);
            let variables = items(&container["secrets"]).map(move |secret| Got {
                value: text(&secret["valueFrom"]),
                by: format!("Container {name} gets it as {}.", text(&secret["name"])),
                is_secret: false,
            });
            let options = items(&container["logConfiguration"]["secretOptions"]).map(move |secret| Got {
                value: text(&secret["valueFrom"]),
                by: format!(
                    "The log driver of container {name} gets it as {}.",
                    text(&secret["name"])
                ),
                is_secret: false,
            });
            let registry = container["repositoryCredentials"]["credentialsParameter"]
                .as_str()
                .map(|value| Got {
                    value,
                    by: format!("The image of container {name} is pulled with it."),
                    is_secret: true,
                });
            variables.chain(options).chain(registry)
        })
    }

    /// A volume with data in something other than EFS. One that is created for each task, and deleted with it, is none.
    fn other_volume(&self, volume: &Value) -> Option<Finding> {
        let name = text(&volume["name"]);
        let unprotected = |what: &str, next: &str| {
            let found = FoundResource::Unprotected {
                what: what.to_owned(),
                id: format!("{name} of task definition {}", self.name),
                next: next.to_owned(),
            };
            Some(Finding {
                found,
                address: None,
                comments: Vec::new(),
            })
        };
        if !text(&volume["host"]["sourcePath"]).is_empty() {
            return unprotected(
                "Bind mount",
                "its data is on the container instances; move what has to last to EFS",
            );
        }
        let docker = &volume["dockerVolumeConfiguration"];
        if docker["scope"] == "shared" {
            return unprotected(
                "Docker volume",
                "its data outlives the task, where its driver stores it; move what has to last to EFS",
            );
        }
        let mut mounted = volume.as_object().into_iter().flatten();
        let (kind, _) = mounted.find(|(member, value)| {
            let is_known = *member == EFS || *member == "dockerVolumeConfiguration";
            member.ends_with(CONFIGURATION) && !is_known && !value.is_null()
        })?;
        unprotected(&format!("Volume ({kind})"), "turn on backups of what it mounts")
    }

    /// Files with variables, which are objects in S3.
    fn files(&self) -> impl Iterator<Item = Finding> {
        let containers = items(&self.definition["containerDefinitions"]);
        let files = containers.flat_map(|container| items(&container["environmentFiles"]));
        files.map(|file| Finding {
            found: FoundResource::Unprotected {
                what: "Environment file".to_owned(),
                id: text(&file["value"]).to_owned(),
                next: "turn versioning on in its bucket".to_owned(),
            },
            address: None,
            comments: Vec::new(),
        })
    }
}

/// What a container gets from Secrets Manager or Parameter Store.
struct Got<'a> {
    /// `valueFrom`, which names it.
    value: &'a str,
    by: String,
    /// Whether a name without an ARN is a secret's.
    is_secret: bool,
}

/// A secret by its ARN without key, stage and version; a parameter by its ARN, or by its name in the same Region.
fn finding(got: &Got<'_>) -> Finding {
    let found = match classify::arn(parts(got.value).0) {
        Some(found) => found,
        None if got.is_secret => FoundResource::protected(
            Target::Secret {
                secret: got.value.to_owned(),
            },
            got.value,
        ),
        None => FoundResource::Parameter {
            name: got.value.to_owned(),
        },
    };
    Finding::new(found, got.by.clone())
}

/// The secret's ARN, and the key, stage and version after it.
fn parts(value: &str) -> (&str, &str) {
    let is_secret = value.contains(":secretsmanager:");
    let end = value.match_indices(':').nth(PARTS - 1).filter(|_| is_secret);
    end.map_or((value, ""), |(end, _)| (&value[..end], &value[end + 1..]))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
