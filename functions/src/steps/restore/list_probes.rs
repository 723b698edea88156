//! `list-probes`: lists the probes of the set to repeat in the copies, and the logins to try before that.

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::descriptor::{self, Descriptor};
use crate::domain::job::{Failure, Run};
use crate::domain::kinds;
use crate::domain::probe::{Count, PlannedProbe, Sql};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::login::{LoginPlan, plans};
use crate::error::Result;
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    pub probes: Vec<PlannedProbe>,
    /// One entry for each copy of a cluster.
    pub logins: Vec<LoginPlan>,
}

/// The probes of resources that were created. If a copy is missing, the verification reports its probes as missing.
pub async fn handle(needs: &Needs, Input { run, .. }: Input) -> Result<Output> {
    let descriptor = needs.catalog.planned_by(&run).await?;
    let items = needs.catalog.items(&run.deployment, &run.id).await?;
    Ok(Output {
        probes: probes(&descriptor, &items),
        logins: plans::plans(&descriptor, &items),
    })
}

fn probes(descriptor: &Descriptor, items: &[RestoreItem]) -> Vec<PlannedProbe> {
    let planned = |(name, probe): (&String, &descriptor::Probe)| {
        let item = counted_in(probe, items)?;
        let count = match &probe.count {
            descriptor::Count::Sql {
                sql,
                secret,
                database,
                timeout_seconds,
            } => {
                let copy = kinds::database(item)?;
                let endpoint = copy.endpoint();
                Count::Sql(Sql {
                    cluster: copy.identifier.to_owned(),
                    failure: endpoint.as_ref().err().map(Failure::of),
                    endpoint: endpoint.ok(),
                    database: copy.counted_database(database).to_owned(),
                    secret: plans::of_copy(secret, copy.master_secret).to_owned(),
                    sql: sql.clone(),
                    timeout_seconds: *timeout_seconds,
                })
            }
            descriptor::Count::Items { .. } => Count::Items {
                table: kinds::copy_identifier(item)?.to_owned(),
            },
        };
        Some(PlannedProbe {
            name: name.clone(),
            count,
        })
    };
    descriptor.probes.iter().filter_map(planned).collect()
}

/// The item in which a probe counts; for a prefix, its table's.
fn counted_in<'a>(probe: &descriptor::Probe, items: &'a [RestoreItem]) -> Option<&'a RestoreItem> {
    let name = probe.item_name();
    items.iter().find(|item| item.planned.resource.name == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::domain::restore::item::CreatedResource;
    use crate::testing::restores::{cluster, item, table};

    fn descriptor() -> Descriptor {
        Descriptor::parse(&json!({
            "deployment": "hubs-prod",
            "resources": {
                "database": {"kind": "aurora", "cluster": "hubs-db"},
                "rooms": {"kind": "dynamodb", "table": "hubs-rooms"},
                "more": {"kind": "dynamodb", "prefix": "hubs-more-"},
            },
            "probes": {
                "users": {"resource": "database", "sql": "SELECT count(*) FROM users", "secret": "hubs/db", "database": "hubs"},
                "rooms": {"resource": "rooms"},
                "others": {"resource": "more", "table": "hubs-more-others"},
            },
        }))
        .unwrap()
    }

    fn made(name: &str, created: CreatedResource) -> RestoreItem {
        RestoreItem {
            created: Some(created),
            ..item(name)
        }
    }

    #[test]
    fn counts_are_taken_in_the_copies() {
        let items = [
            made("database", cluster()),
            made("rooms", table("hubs-rooms-r1")),
            made("more.hubs-more-others", table("hubs-more-others-r1")),
        ];
        let probes = probes(&descriptor(), &items);
        let names: Vec<_> = probes.iter().map(|probe| probe.name.as_str()).collect();
        assert_eq!(names, ["others", "rooms", "users"]);
        assert_eq!(
            probes[0].count,
            Count::Items {
                table: "hubs-more-others-r1".into()
            }
        );
        let Count::Sql(sql) = &probes[2].count else {
            panic!("{probes:?}")
        };
        assert_eq!(
            (sql.endpoint.as_ref().unwrap().host.as_str(), sql.secret.as_str()),
            ("copy.example", "hubs/db")
        );
    }

    /// MySQL uses another protocol: without this check, it would look like a network that blocks the connection.
    #[test]
    fn a_probe_of_a_mysql_cluster_fails_by_its_reason() {
        let mut copy = made("database", cluster());
        copy.configuration = json!({"DBCluster": {"Engine": "aurora-mysql"}});
        let probes = probes(&descriptor(), &[copy]);
        let Count::Sql(sql) = &probes[0].count else {
            panic!("{probes:?}")
        };
        assert_eq!(sql.endpoint, None);
        let failure = sql.failure.as_ref().unwrap();
        assert_eq!(failure.error, "InvalidInput");
        assert!(failure.cause.contains("engine aurora-mysql"), "{}", failure.cause);
    }

    #[test]
    fn what_was_not_made_is_not_counted_in() {
        assert_eq!(probes(&descriptor(), &[item("database"), item("rooms")]), []);
    }
}
