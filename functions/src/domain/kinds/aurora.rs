//! Aurora clusters.

mod cut_over;
mod infrastructure;
mod instances;
mod upkeep;

use jiff::Timestamp;
use serde_json::Value;

use super::database::{Database, IamLogins};
use super::pattern::Pattern;
use super::profile::{Counting, DestinationFacts, Metric, Profile, Stateful, SwitchObstacle, Use};
use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat};
use crate::domain::descriptor::{Fact, StackValue};
use crate::domain::message::words::time;
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::restore::infrastructure::place::{SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::naming::Overrides;
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::set::Point;

pub struct Aurora;

impl Profile for Aurora {
    fn name(&self) -> &'static str {
        "aurora"
    }

    fn noun(&self) -> &'static str {
        "cluster"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["cluster"]
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
        let cluster = object.text(faults, "cluster", &formats::CLUSTER)?;
        Some(Target::Aurora { cluster })
    }

    fn source(&self, point: &RecoveryPoint) -> Option<Source> {
        let RecoveryPoint::ClusterSnapshot { id, arn } = point else {
            return None;
        };
        Some(Source::ClusterSnapshot {
            id: id.clone(),
            arn: arn.clone(),
        })
    }

    fn point_words(&self, point: &RecoveryPoint) -> String {
        match point {
            RecoveryPoint::ClusterSnapshot { id, .. } => id.clone(),
            other => format!("{other:?}"),
        }
    }

    fn stack_values(&self) -> &'static [StackValue] {
        &[StackValue::Snapshot]
    }

    fn stack_value<'a>(&self, point: &'a RecoveryPoint, value: StackValue) -> Option<&'a str> {
        match (point, value) {
            (RecoveryPoint::ClusterSnapshot { id, .. }, StackValue::Snapshot) => Some(id),
            _ => None,
        }
    }

    fn source_words(&self, source: &Source) -> String {
        match source {
            Source::ClusterAt {
                cluster,
                resource_id,
                at,
            } => {
                let backup = match resource_id {
                    Some(id) => format!("the retained automated backup {id} of cluster {cluster}"),
                    None => format!("the continuous backup of cluster {cluster}"),
                };
                match at {
                    Some(at) => format!("{backup}, as of {}", time(*at)),
                    None => format!("{backup}, at its latest time"),
                }
            }
            Source::ClusterSnapshot { id, .. } => format!("cluster snapshot {id}"),
            other => format!("{other:?}"),
        }
    }

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        Some(&Self)
    }
}

impl Stateful for Aurora {
    fn counting(&self) -> Option<Counting> {
        Some(Counting::Rows)
    }

    fn switches(&self) -> &'static [&'static str] {
        cut_over::SWITCHES
    }

    fn facts(&self) -> &'static [(&'static str, Fact)] {
        cut_over::FACTS
    }

    /// A rename changes all facts after the cluster was created.
    fn fact<'a>(&self, _: &'a CreatedResource, _: Fact) -> Option<&'a str> {
        None
    }

    fn has_logins(&self) -> bool {
        true
    }

    fn is_mounted(&self) -> bool {
        false
    }

    fn copy_name(&self) -> Result<&'static TextFormat, &'static str> {
        Ok(&formats::CLUSTER)
    }

    fn options(&self) -> &'static [&'static str] {
        &["instance_classes", "ca_certificates"]
    }

    /// If nothing was captured, the single instance of the copy gets the instance class and nothing else.
    fn override_remarks(&self, captured: &Value, overrides: &Overrides<'_>) -> Vec<String> {
        let given = |what| format!("every instance of the copy gets {what}, as requested, regardless of its source");
        let authority = overrides
            .ca_certificate
            .map(|authority| match captured["DBInstances"].is_array() {
                true => given(authority),
                false => {
                    format!("{authority} IS NOT GIVEN: the instances of its source were not captured; set it by hand")
                }
            });
        overrides
            .instance_class
            .map(given)
            .into_iter()
            .chain(authority)
            .collect()
    }

    /// A snapshot is taken when it is accepted.
    fn is_read_while_backed_up(&self) -> bool {
        false
    }

    fn data_expires(&self, _: &Value) -> bool {
        false
    }

    fn arn(&self) -> Option<(&'static str, &'static str)> {
        Some(("rds", "cluster:"))
    }

    fn cloudformation(&self) -> &'static [&'static str] {
        &[infrastructure::CLUSTER.cloudformation]
    }

    fn target_of(&self, cluster: String) -> Target {
        Target::Aurora { cluster }
    }

    fn alarm_dimension(&self) -> Option<&'static str> {
        Some("DBClusterIdentifier")
    }

    fn terraform(&self) -> (&'static str, &'static TextFormat) {
        (infrastructure::CLUSTER.terraform, &infrastructure::TERRAFORM)
    }

    fn replaced(&self, place: &SourceLocation, item: &RestoreItem, renamed: bool) -> Vec<SourceReplacement> {
        infrastructure::replaced(place, item, renamed)
    }

    fn destination<'a>(&self, destination: &'a Destination) -> Option<DestinationFacts<'a>> {
        let Destination::Cluster { cluster } = destination else {
            return None;
        };
        Some(DestinationFacts {
            words: format!("cluster {cluster}"),
            name: cluster,
            identity: Some(cluster.to_lowercase()),
            is_resource: true,
        })
    }

    fn copy_identifier<'a>(&self, created: &'a CreatedResource) -> Option<&'a str> {
        let CreatedResource::Cluster { cluster, .. } = created else {
            return None;
        };
        Some(cluster)
    }

    fn copy(&self, created: &CreatedResource, _: &Target) -> Option<Target> {
        let cluster = self.copy_identifier(created)?.to_owned();
        Some(Target::Aurora { cluster })
    }

    fn copy_words(&self, created: &CreatedResource) -> String {
        match created {
            CreatedResource::Cluster {
                cluster, host, port, ..
            } => format!("cluster {cluster} at {host}:{port}"),
            other => format!("{other:?}"),
        }
    }

    /// Its host names, and the ARN of its managed master secret, which is deleted with it.
    fn other_names(&self, created: &CreatedResource) -> Vec<String> {
        let CreatedResource::Cluster {
            host,
            reader_host,
            master_secret,
            ..
        } = created
        else {
            return Vec::new();
        };
        let names = [Some(host), Some(reader_host), master_secret.as_ref()];
        names
            .into_iter()
            .flatten()
            .filter(|name| !name.is_empty())
            .cloned()
            .collect()
    }

    /// By its identifier, or by a host name within a URL.
    fn is_named(&self, target: &Target, others: &[String], value: &str) -> bool {
        let value = value.to_ascii_lowercase();
        value == target.identifier().to_ascii_lowercase()
            || others.iter().any(|name| value.contains(&name.to_ascii_lowercase()))
    }

    fn starts_per_second(&self) -> Option<u64> {
        None
    }

    fn database<'a>(&self, item: &'a RestoreItem) -> Option<Database<'a>> {
        let Some(CreatedResource::Cluster {
            cluster,
            arn,
            host,
            reader_host,
            port,
            master_secret,
            master_username,
            resource_id,
            iam_authentication,
        }) = &item.created
        else {
            return None;
        };
        let captured = |name: &str| item.configuration["DBCluster"][name].as_str();
        Some(Database {
            identifier: cluster,
            is_one_database: false,
            host,
            reader_host,
            port: *port,
            master_secret: master_secret.as_deref(),
            master_username: master_username.as_deref(),
            engine: captured("Engine"),
            database: captured("DatabaseName"),
            iam: iam_authentication.then(|| IamLogins {
                action: "rds-db:connect",
                resource: cut_over::iam_users(arn, resource_id.as_deref()),
                source: captured("DbClusterResourceId"),
            }),
        })
    }

    fn directory<'a>(&self, _: &'a CreatedResource) -> Option<(&'a str, Option<&'a str>)> {
        None
    }

    fn hosts<'a>(&self, configuration: &'a Value) -> Option<Vec<&'a str>> {
        let captured = &configuration["DBCluster"];
        let hosts = ["Endpoint", "ReaderEndpoint"].into_iter();
        Some(hosts.filter_map(|name| captured[name].as_str()).collect())
    }

    fn stream(&self, _: &Target) -> Option<String> {
        None
    }

    fn lacks(&self, _: &Point) -> Option<String> {
        None
    }

    fn limited_backups(&self) -> Option<&'static str> {
        Some("manual cluster snapshots")
    }

    fn switch_obstacle(&self, _: &str, _: &Destination) -> Option<SwitchObstacle> {
        None
    }

    fn patterns(&self) -> Option<&'static dyn Pattern> {
        None
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            namespace: "AWS/RDS",
            name: "DatabaseConnections",
            statistic: "Maximum",
            counts: Use::Connections,
            done: "connected to",
        }]
    }

    fn as_of(&self, source: Source, moment: Timestamp) -> Source {
        match source {
            Source::ClusterAt {
                cluster, resource_id, ..
            } => Source::ClusterAt {
                cluster,
                resource_id,
                at: Some(moment),
            },
            fixed => fixed,
        }
    }
}

/// Name of the cluster; `None` for another kind.
pub fn cluster(target: &Target) -> Option<&str> {
    match target {
        Target::Aurora { cluster } => Some(cluster),
        _ => None,
    }
}
