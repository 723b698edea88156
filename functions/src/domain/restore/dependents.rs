//! Dependents: what refers to a resource, is no switch, and still refers to the old resource after a cut-over. The plan lists each
//! with the command that points it at the copy.

pub mod record;
pub mod selection;

use self::record::Record;
use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::error::{Class, Fault, Result};

/// Something that names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependent {
    /// An RDS Proxy, by its name.
    Proxy { proxy: String },
    /// A custom endpoint of a cluster; the copy gets its own.
    Endpoint { endpoint: String },
    /// An RDS event subscription that names the cluster.
    Subscription { name: String },
    /// A CloudWatch alarm with the resource as a dimension.
    Alarm { name: String },
    /// A Lambda event source mapping that reads the table's stream.
    EventSource { function: String, id: String },
    /// A resource selection of an AWS Backup plan that includes the resource but not its copy; `named` is the matching ARN pattern.
    Selection {
        plan: String,
        id: String,
        name: String,
        named: String,
    },
    /// A Route 53 record that points to an endpoint of the cluster; `host` is the copy's endpoint.
    Record { record: Record, host: String },
    /// Dependents of which only a part was read, because there are too many.
    Unread { what: &'static str },
    /// Dependents that could not be looked for, and why.
    Unknown { what: &'static str, why: String },
}

/// What AWS lists, or why the list could not be read.
pub type Listing<T> = std::result::Result<Vec<T>, String>;

/// A list that cannot be read fails no plan, and is reported.
///
/// # Errors
/// Only transient ones.
pub fn listing<T>(list: Result<Vec<T>>) -> Result<Listing<T>> {
    match list {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.class() == Class::Final => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

impl Dependent {
    /// Each entry of a list as a dependent; a list that could not be read becomes one that says why.
    pub fn each<T>(list: Listing<T>, what: &'static str, dependent: impl FnMut(T) -> Dependent) -> Vec<Dependent> {
        match list {
            Ok(found) => found.into_iter().map(dependent).collect(),
            Err(why) => vec![Dependent::Unknown { what, why }],
        }
    }
}

/// A resource, and what its copy is called.
#[derive(Debug, Clone, Copy)]
pub struct SwitchedResource<'a> {
    pub resource: &'a str,
    pub target: &'a Target,
    pub copy: &'a str,
    /// The copy takes the name of the cluster: what refers to it by name follows.
    pub renamed: bool,
    /// The proxies that are switched.
    pub proxies: &'a [&'a str],
}

impl SwitchedResource<'_> {
    fn words(&self) -> String {
        format!("{} {}", kinds::of(self.target).noun(), self.target.identifier())
    }

    /// A proxy in front of a cluster that is not switched: connections through it would stay with the old cluster.
    pub fn fault(&self, dependent: &Dependent) -> Option<Fault> {
        let Dependent::Proxy { proxy } = dependent else {
            return None;
        };
        if self.proxies.contains(&proxy.as_str()) {
            return None;
        }
        let switch = format!(
            "{{ name: proxy, kind: rds_proxy, resource: {}, proxy: {proxy} }}",
            self.resource
        );
        let why = match self.renamed {
            true => "a switch of the proxy in place of the rename, which the proxy would not follow",
            false => {
                "a switch that points the proxy to the copy, too: connections through it would stay with the old cluster"
            }
        };
        Some(Fault {
            path: format!("cut_over of {}", self.resource),
            value: format!("{}, the target of RDS Proxy {proxy},", self.words()),
            allowed: format!(
                "{why}. Add {switch} to cut_over and apply the descriptor again, or restore with \"cut_over\": \"no\""
            ),
        })
    }

    /// `None` for what follows by itself, and for what is a fault.
    pub fn remark(&self, dependent: &Dependent) -> Option<String> {
        let (old, copy) = (self.words(), self.copy);
        let words = match dependent {
            Dependent::Proxy { .. } => return None,
            Dependent::Subscription { .. }
            | Dependent::Alarm { .. }
            | Dependent::Selection { .. }
            | Dependent::Record { .. }
                if self.renamed =>
            {
                return None;
            }
            Dependent::Endpoint { endpoint } => format!(
                "custom endpoint {endpoint} stays with the old {old}; by hand: point its users to the endpoint of {copy} that \
                 is listed under what is created"
            ),
            Dependent::Subscription { name } => format!(
                "event subscription {name} keeps reporting only on {old}; by hand: aws rds \
                 add-source-identifier-to-subscription --subscription-name {name} --source-identifier {copy}"
            ),
            Dependent::Alarm { name } => format!(
                "alarm {name} keeps watching {old}; by hand: read it with aws cloudwatch describe-alarms --alarm-names \
                 '{name}', and put it again with {copy} in its dimensions"
            ),
            Dependent::EventSource { function, id } => format!(
                "function {function} keeps reading the stream of {old}; by hand: read its settings, including filters, with aws lambda \
                 get-event-source-mapping --uuid {id}, and pass them to aws lambda create-event-source-mapping \
                 --function-name {function} --starting-position TRIM_HORIZON --event-source-arn $(aws dynamodb describe-table \
                 --table-name {copy} --query Table.LatestStreamArn --output text)"
            ),
            Dependent::Selection { plan, id, name, named } => format!(
                "selection {name} of backup plan {plan} keeps backing up only {old}, which it names {named}; by hand: read it \
                 with aws backup get-backup-selection --backup-plan-id {plan} --selection-id {id}, and create it again under \
                 another name with the ARN of {copy} in its Resources by aws backup create-backup-selection --backup-plan-id \
                 {plan}"
            ),
            Dependent::Record { record, host } => format!(
                "record {} of hosted zone {} keeps pointing to {old}; by hand: {}",
                record.name,
                record.zone,
                record.command(host)
            ),
            Dependent::Unread { what } => {
                format!("there are more {what} than were read; by hand: check whether others name {old}")
            }
            Dependent::Unknown { what, why } => format!("{what} that name {old} could not be looked for: {why}"),
        };
        Some(format!("{}: {words}", self.resource))
    }
}

/// Dependents that AWS cannot list by what they refer to.
pub const NOT_SEARCHED: &str = "not looked for, and still pointing to the old resources: Route 53 records of other accounts, of custom endpoints and of single instances, and anything else outside of this account that names a resource";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn switched(target: &Target, renamed: bool) -> SwitchedResource<'_> {
        SwitchedResource {
            resource: "data",
            target,
            copy: "hubs-r1",
            renamed,
            proxies: &["switched"],
        }
    }

    fn record() -> Dependent {
        Dependent::Record {
            record: Record {
                zone: "Z1".into(),
                name: "db.example.org.".into(),
                kind: "CNAME".into(),
                ttl: Some(60),
                one_of_several: false,
                host: "hubs.cluster-x".into(),
            },
            host: "hubs-r1.cluster-x".into(),
        }
    }

    #[test]
    fn each_is_said_with_the_command_that_leads_it_to_the_copy() {
        let cluster = Target::Aurora { cluster: "hubs".into() };
        let table = Target::DynamoDb {
            table: "rooms".into(),
            archive: None,
        };
        let named = |name: &str| name.to_owned();
        for (dependent, target, expected) in [
            (
                Dependent::Endpoint {
                    endpoint: named("reports"),
                },
                &cluster,
                "data: custom endpoint reports stays with the old cluster hubs; by hand: point its users to the endpoint of hubs-r1",
            ),
            (
                Dependent::Subscription { name: named("dba") },
                &cluster,
                "--subscription-name dba --source-identifier hubs-r1",
            ),
            (
                Dependent::Alarm { name: named("cpu") },
                &cluster,
                "alarm cpu keeps watching cluster hubs",
            ),
            (
                Dependent::EventSource {
                    function: named("index"),
                    id: named("1-2"),
                },
                &table,
                "function index keeps reading the stream of table rooms",
            ),
            (
                Dependent::Selection {
                    plan: named("1-2"),
                    id: named("3-4"),
                    name: named("nightly"),
                    named: named("arn:*:rooms"),
                },
                &table,
                "selection nightly of backup plan 1-2 keeps backing up only table rooms, which it names arn:*:rooms",
            ),
            (
                record(),
                &cluster,
                "data: record db.example.org. of hosted zone Z1 keeps pointing to cluster hubs; by hand: aws route53 \
                 change-resource-record-sets",
            ),
            (
                Dependent::Unread {
                    what: "Route 53 records",
                },
                &cluster,
                "data: there are more Route 53 records than were read",
            ),
        ] {
            let remark = switched(target, false).remark(&dependent).unwrap();
            assert!(remark.contains(expected), "{expected} in {remark}");
            assert_eq!(switched(target, false).fault(&dependent), None);
        }
    }

    #[test]
    fn what_goes_by_a_clusters_name_follows_a_rename() {
        let cluster = Target::Aurora { cluster: "hubs".into() };
        let alarm = Dependent::Alarm { name: "cpu".into() };
        let subscription = Dependent::Subscription { name: "dba".into() };
        assert_eq!(switched(&cluster, true).remark(&alarm), None);
        assert_eq!(switched(&cluster, true).remark(&subscription), None);
        assert_eq!(switched(&cluster, true).remark(&record()), None);
    }

    #[test]
    fn a_proxy_in_front_of_a_cluster_is_a_fault_unless_it_is_switched() {
        let cluster = Target::Aurora { cluster: "hubs".into() };
        let proxy = |proxy: &str| Dependent::Proxy { proxy: proxy.into() };
        for (renamed, why) in [
            (false, "would stay with the old cluster"),
            (true, "in place of the rename"),
        ] {
            let fault = switched(&cluster, renamed).fault(&proxy("pool")).unwrap().to_string();
            for part in [
                "cut_over of data: cluster hubs, the target of RDS Proxy pool",
                "{ name: proxy, kind: rds_proxy, resource: data, proxy: pool }",
                why,
            ] {
                assert!(fault.contains(part), "{part} in {fault}");
            }
            assert_eq!(switched(&cluster, renamed).fault(&proxy("switched")), None);
        }
    }
}
