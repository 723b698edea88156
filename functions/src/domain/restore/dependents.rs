//! What points at a resource from elsewhere and still does once an application uses its copy: what the plan says of each, with the
//! command that leads it to the copy. A switch leads what it names.

pub mod record;
pub mod selection;

use self::record::Record;
use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::error::Fault;

/// Something that names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependent {
    /// An RDS Proxy, by its name.
    Proxy { proxy: String },
    /// A custom endpoint of a cluster, beside which its copy gets one of its own.
    Endpoint { endpoint: String },
    /// An event subscription of RDS that names the cluster.
    Subscription { name: String },
    /// A CloudWatch alarm with the resource as a dimension.
    Alarm { name: String },
    /// A Lambda event source mapping that reads the table's stream.
    EventSource { function: String, id: String },
    /// A selection of a backup plan of AWS Backup that has the resource and not its copy; `named` is how it names it.
    Selection {
        plan: String,
        id: String,
        name: String,
        named: String,
    },
    /// A record of Route 53 that leads to an endpoint of the cluster; `host` is that of the copy.
    Record { record: Record, host: String },
    /// What was read only in part: there is too much of it for a plan.
    Unread { what: &'static str },
    /// What could not be looked for, and why.
    Untold { what: &'static str, why: String },
}

/// A resource, and what its copy is called.
#[derive(Debug, Clone, Copy)]
pub struct SwitchedResource<'a> {
    pub resource: &'a str,
    pub target: &'a Target,
    pub copy: &'a str,
    /// Its copy takes the name of a cluster: what goes by the name follows.
    pub renamed: bool,
    /// The proxies that are switched.
    pub proxies: &'a [&'a str],
}

impl SwitchedResource<'_> {
    fn words(&self) -> String {
        format!("{} {}", kinds::of(self.target).noun(), self.target.identifier())
    }

    /// A proxy in front of a cluster: whoever connects through it would stay where they are.
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
            true => "a switch of the proxy in the place of the rename, which the proxy would not follow",
            false => {
                "a switch that leads the proxy to the copy, too: who connects through it would stay with the old cluster"
            }
        };
        Some(Fault {
            path: format!("cut_over of {}", self.resource),
            value: format!("{}, to which RDS Proxy {proxy} leads,", self.words()),
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
                "custom endpoint {endpoint} stays with the old {old}; by hand: lead who uses it to the one that {copy} gets, as \
                 told under what is created"
            ),
            Dependent::Subscription { name } => format!(
                "event subscription {name} goes on telling of {old} alone; by hand: aws rds \
                 add-source-identifier-to-subscription --subscription-name {name} --source-identifier {copy}"
            ),
            Dependent::Alarm { name } => format!(
                "alarm {name} goes on watching {old}; by hand: take it from aws cloudwatch describe-alarms --alarm-names \
                 '{name}', and put it again with {copy} in its dimensions"
            ),
            Dependent::EventSource { function, id } => format!(
                "function {function} goes on reading the stream of {old}; by hand: take its settings, filters too, from aws lambda \
                 get-event-source-mapping --uuid {id}, and give them to aws lambda create-event-source-mapping \
                 --function-name {function} --starting-position TRIM_HORIZON --event-source-arn $(aws dynamodb describe-table \
                 --table-name {copy} --query Table.LatestStreamArn --output text)"
            ),
            Dependent::Selection { plan, id, name, named } => format!(
                "selection {name} of backup plan {plan} goes on backing up {old} alone, which it names {named}; by hand: take it \
                 from aws backup get-backup-selection --backup-plan-id {plan} --selection-id {id}, and put it again under \
                 another name with the ARN of {copy} in its Resources by aws backup create-backup-selection --backup-plan-id \
                 {plan}"
            ),
            Dependent::Record { record, host } => format!(
                "record {} of hosted zone {} goes on leading to {old}; by hand: {}",
                record.name,
                record.zone,
                record.command(host)
            ),
            Dependent::Unread { what } => {
                format!("there are more {what} than were looked at; by hand: see whether others name {old}")
            }
            Dependent::Untold { what, why } => format!("{what} that name {old} could not be looked for: {why}"),
        };
        Some(format!("{}: {words}", self.resource))
    }
}

/// What nothing lists by what it points at.
pub const NEVER_TOLD: &str = "not looked for, and still leading to what was there before: Route 53 records of other accounts, of custom endpoints and of single instances, and whatever else names a resource outside of this account";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn pointed(target: &Target, renamed: bool) -> SwitchedResource<'_> {
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
        let table = Target::DynamoDb { table: "rooms".into() };
        let named = |name: &str| name.to_owned();
        for (dependent, target, said) in [
            (
                Dependent::Endpoint {
                    endpoint: named("reports"),
                },
                &cluster,
                "data: custom endpoint reports stays with the old cluster hubs; by hand: lead who uses it to the one that hubs-r1 gets",
            ),
            (
                Dependent::Subscription { name: named("dba") },
                &cluster,
                "--subscription-name dba --source-identifier hubs-r1",
            ),
            (
                Dependent::Alarm { name: named("cpu") },
                &cluster,
                "alarm cpu goes on watching cluster hubs",
            ),
            (
                Dependent::EventSource {
                    function: named("index"),
                    id: named("1-2"),
                },
                &table,
                "function index goes on reading the stream of table rooms",
            ),
            (
                Dependent::Selection {
                    plan: named("1-2"),
                    id: named("3-4"),
                    name: named("nightly"),
                    named: named("arn:*:rooms"),
                },
                &table,
                "selection nightly of backup plan 1-2 goes on backing up table rooms alone, which it names arn:*:rooms",
            ),
            (
                record(),
                &cluster,
                "data: record db.example.org. of hosted zone Z1 goes on leading to cluster hubs; by hand: aws route53 \
                 change-resource-record-sets",
            ),
            (
                Dependent::Unread {
                    what: "Route 53 records",
                },
                &cluster,
                "data: there are more Route 53 records than were looked at",
            ),
        ] {
            let remark = pointed(target, false).remark(&dependent).unwrap();
            assert!(remark.contains(said), "{said} in {remark}");
            assert_eq!(pointed(target, false).fault(&dependent), None);
        }
    }

    #[test]
    fn what_goes_by_a_clusters_name_follows_a_rename() {
        let cluster = Target::Aurora { cluster: "hubs".into() };
        let alarm = Dependent::Alarm { name: "cpu".into() };
        let subscription = Dependent::Subscription { name: "dba".into() };
        assert_eq!(pointed(&cluster, true).remark(&alarm), None);
        assert_eq!(pointed(&cluster, true).remark(&subscription), None);
        assert_eq!(pointed(&cluster, true).remark(&record()), None);
    }

    #[test]
    fn a_proxy_in_front_of_a_cluster_is_a_fault_unless_it_is_switched() {
        let cluster = Target::Aurora { cluster: "hubs".into() };
        let proxy = |proxy: &str| Dependent::Proxy { proxy: proxy.into() };
        for (renamed, why) in [
            (false, "would stay with the old cluster"),
            (true, "in the place of the rename"),
        ] {
            let fault = pointed(&cluster, renamed).fault(&proxy("pool")).unwrap().to_string();
            for part in [
                "cut_over of data: cluster hubs, to which RDS Proxy pool leads",
                "{ name: proxy, kind: rds_proxy, resource: data, proxy: pool }",
                why,
            ] {
                assert!(fault.contains(part), "{part} in {fault}");
            }
            assert_eq!(pointed(&cluster, renamed).fault(&proxy("switched")), None);
        }
    }
}
