//! What is found before anything is changed.

use serde_json::{Value, json};

use super::copies::*;
use super::source::retained;
use super::*;
use crate::domain::restore::item::RestoreItem;
use crate::kinds::{Preflight, Restore};

/// RDS's and KMS's responses if nothing is wrong, in the order of the calls.
pub struct Answers {
    pub source: Exchange,
    pub keys: Vec<Exchange>,
    pub versions: Vec<Exchange>,
    pub orderable: Vec<Exchange>,
    pub groups: Vec<Exchange>,
    pub target: Exchange,
    pub instances: Exchange,
    pub quotas: Exchange,
}

impl Answers {
    pub fn good() -> Self {
        let configuration = configuration();
        Self {
            source: snapshot(&[]),
            keys: vec![key("Enabled")],
            versions: vec![versions("available")],
            orderable: vec![orderable(true), orderable(true)],
            groups: vec![
                list(
                    "DescribeDBSubnetGroups",
                    "DBSubnetGroups",
                    &json!([configuration["DBSubnetGroup"]]),
                ),
                cluster_group_answer(&configuration["DBClusterParameterGroup"]),
                instance_group_answer(&configuration["DBParameterGroups"][0]),
            ],
            target: no_cluster(),
            instances: instances_answer(&json!([])),
            quotas: quotas(3, 7),
        }
    }

    /// Without a source, nothing that its copy needs is checked.
    pub fn without_source() -> Self {
        Self {
            versions: vec![],
            orderable: vec![],
            ..Self::good()
        }
    }

    pub fn script(self) -> Vec<Exchange> {
        let mut script = vec![self.source];
        script.extend(self.keys);
        script.extend(self.versions);
        script.extend(self.orderable);
        script.extend(self.groups);
        script.extend([self.target, self.instances, self.quotas]);
        script
    }

    pub async fn preflight(self, item: &RestoreItem) -> Preflight {
        let (aurora, replay) = aurora(self.script());
        let preflight = aurora.preflight(&restore(), item).await.unwrap();
        replay.played();
        preflight
    }

    /// The faults as an operator reads them.
    pub async fn faults(self, item: &RestoreItem) -> Vec<String> {
        self.preflight(item)
            .await
            .faults
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

pub fn snapshot(changes: &[(&str, &str)]) -> Exchange {
    let mut snapshot = json!({
        "DBClusterSnapshotIdentifier": "hf-snap", "DBClusterSnapshotArn": SNAPSHOT, "Status": "available",
        "Engine": "aurora-postgresql", "EngineVersion": "16.4", "EngineMode": "provisioned",
        "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
    });
    for (name, value) in changes {
        snapshot[*name] = (*value).into();
    }
    list("DescribeDBClusterSnapshots", "DBClusterSnapshots", &json!([snapshot]))
}

pub fn key(state: &str) -> Exchange {
    let described = json!({ "KeyMetadata": { "KeyId": "k", "KeyState": state } });
    answers("DescribeKey", described.to_string())
}

pub fn versions(status: &str) -> Exchange {
    let version = |version: &str, status: &str| {
        json!({
            "Engine": "aurora-postgresql", "EngineVersion": version, "Status": status,
            "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1", "rds-ca-ecc384-g1"],
        })
    };
    let listed = json!([version("16.4", status), version("16.6", "available")]);
    list("DescribeDBEngineVersions", "DBEngineVersions", &listed)
}

/// Whether a class is offered.
pub fn orderable(offered: bool) -> Exchange {
    let offers = match offered {
        true => json!([{ "Engine": "aurora-postgresql" }]),
        false => json!([]),
    };
    list(
        "DescribeOrderableDBInstanceOptions",
        "OrderableDBInstanceOptions",
        &offers,
    )
}

pub fn quotas(clusters: u32, instances: u32) -> Exchange {
    let quota = |name: &str, used: u32| json!({ "AccountQuotaName": name, "Used": used, "Max": 40 });
    let quotas = json!([
        quota("DBClusters", clusters),
        quota("DBInstances", instances),
        quota("DBParameterGroups", 50)
    ]);
    list("DescribeAccountAttributes", "AccountQuotas", &quotas)
}

pub fn planned() -> RestoreItem {
    item(from_snapshot(), configuration())
}

#[tokio::test]
async fn a_restore_that_can_be_is_told_what_it_makes() {
    let preflight = Answers::good().preflight(&planned()).await;
    assert!(preflight.faults.is_empty(), "{:?}", preflight.faults);
    assert_eq!(preflight.security_groups, ["sg-2", "sg-1"]);
    assert_eq!(
        preflight.creates,
        [
            "instance hubs-db-2-r1 (db.r6g.large) of cluster hubs-db-r1",
            "instance hubs-db-1-r1 (db.serverless) of cluster hubs-db-r1",
            "custom endpoint reports-r1 of cluster hubs-db-r1",
        ]
    );
    assert_eq!(
        preflight.remarks,
        [
            "thing: RDS manages the master password of hubs-db in a secret: hubs-db-r1 gets a secret of its own, under another ARN \
             and with a new password; applications that log in with it need a switch to master_secret",
            "thing: hubs-db accepts IAM logins: hubs-db-r1 gets a DbClusterResourceId of its own, and policies for \
             rds-db:connect that name cluster-SOURCE refuse the application there until they name the new one, which is \
             reported when it is created",
            "thing: it needs these roles, and IAM was not asked whether they are there: \
             arn:aws:iam::111122223333:role/import",
        ]
    );
}

#[tokio::test]
async fn an_engine_version_that_is_not_offered_is_upgraded_or_a_fault() {
    let answers = Answers {
        versions: vec![versions("deprecated")],
        ..Answers::good()
    };
    let preflight = answers.preflight(&planned()).await;
    assert!(preflight.faults.is_empty());
    assert_eq!(
        preflight.remarks[0],
        "thing: AWS does not offer aurora-postgresql 16.4 any more: the copy gets 16.6, the nearest version it can be upgraded \
         to"
    );
    let answers = Answers {
        source: snapshot(&[("EngineVersion", "15.2")]),
        orderable: vec![],
        ..Answers::good()
    };
    let faults = answers.faults(&planned()).await;
    assert!(
        faults[0].starts_with("resources.thing.engine_version: aurora-postgresql 15.2 is not allowed"),
        "{faults:?}"
    );
}

#[tokio::test]
async fn groups_that_are_gone_are_made_anew_or_a_fault() {
    let gone = || {
        vec![
            refuses("DescribeDBSubnetGroups", 404, "DBSubnetGroupNotFoundFault"),
            refuses("DescribeDBClusterParameterGroups", 404, "DBParameterGroupNotFound"),
            refuses("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound"),
        ]
    };
    let answers = Answers {
        groups: gone(),
        ..Answers::good()
    };
    let preflight = answers.preflight(&planned()).await;
    assert_eq!(
        preflight.creates[..2],
        [
            "cluster parameter group tuned (family aurora-postgresql16, 2 changed parameters), which is gone",
            "parameter group one (family aurora-postgresql16, 1 changed parameters), which is gone",
        ]
    );
    assert_eq!(
        preflight.faults[0].to_string(),
        "resources.thing.subnet_group: private (gone) is not allowed; expected a DB subnet group of that name: aws rds \
         create-db-subnet-group --db-subnet-group-name private --db-subnet-group-description private --subnet-ids subnet-1 \
         subnet-2"
    );
    let mut bare = planned();
    bare.configuration["DBClusterParameterGroup"] = Value::Null;
    let answers = Answers {
        groups: gone(),
        ..Answers::good()
    };
    let faults = answers.faults(&bare).await;
    assert_eq!(
        faults[1],
        "resources.thing.parameter_group: tuned (gone, and not captured) is not allowed; expected a parameter group of that \
         name: create it"
    );
}

#[tokio::test]
async fn names_that_are_taken_are_faults_and_ours_are_not() {
    const FREE: &str =
        "is not allowed; expected a name that is free: choose another suffix, or another name for this resource";
    let owned = |owner: &str| {
        let mut copy = faithful();
        copy["DBCluster"]["TagList"] = tag_list(&[], owner);
        copy["DBInstances"][0]["TagList"] = tag_list(&[], owner);
        (
            cluster_answer(&copy["DBCluster"], "available"),
            instances_answer(&json!([copy["DBInstances"][0]])),
        )
    };
    let (target, instances) = owned("another-restore");
    let answers = Answers {
        target,
        instances,
        ..Answers::good()
    };
    assert_eq!(
        answers.faults(&planned()).await,
        [
            format!("resources.thing.name: cluster hubs-db-r1 (taken) {FREE}"),
            format!("resources.thing.name: instance hubs-db-1-r1 (taken) {FREE}"),
        ]
    );
    let (target, instances) = owned(&restore().id);
    let answers = Answers {
        target,
        instances,
        ..Answers::good()
    };
    assert_eq!(answers.faults(&planned()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_rds_does_not_take_is_a_fault() {
    for name in ["Hubs", "hubs--db", "1hubs", &"h".repeat(64)] {
        let mut other = planned();
        other.planned.destination = crate::domain::restore::plan::Destination::Cluster { cluster: name.into() };
        let good = Answers::good();
        let mut script = vec![good.source];
        script.extend(good.keys);
        script.extend(good.versions);
        script.extend(good.orderable);
        script.extend(good.groups);
        script.push(good.quotas);
        let (kind, replay) = aurora(script);
        let preflight = kind.preflight(&restore(), &other).await.unwrap();
        replay.played();
        assert!(
            preflight.faults[0]
                .to_string()
                .starts_with(&format!("resources.thing.name: {name} is not allowed"))
        );
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_a_fault() {
    for (clusters, instances, fault) in [
        (39, 38, None),
        (
            40,
            38,
            Some("resources.thing.quota: 40 of 40 DB clusters in use is not allowed; expected room for 1 more"),
        ),
        (
            39,
            39,
            Some("resources.thing.quota: 39 of 40 DB instances in use is not allowed; expected room for 2 more"),
        ),
    ] {
        let answers = Answers {
            quotas: quotas(clusters, instances),
            ..Answers::good()
        };
        let faults = answers.faults(&planned()).await;
        match fault {
            None => assert!(faults.is_empty(), "{faults:?}"),
            Some(fault) => assert!(faults[0].starts_with(fault), "{faults:?}"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_brought_back_is_refused() {
    let answers = Answers {
        source: snapshot(&[("EngineMode", "serverless")]),
        ..Answers::good()
    };
    let mut limitless = planned();
    limitless.configuration["DBCluster"]["ClusterScalabilityType"] = "limitless".into();
    let faults = Answers::good().faults(&limitless).await;
    assert!(faults[0].contains("hubs-db (Aurora Limitless Database)"), "{faults:?}");
    assert_eq!(
        answers.faults(&planned()).await,
        [
            "resources.thing.cluster: hubs-db (Aurora Serverless v1) is not allowed; expected a provisioned cluster, which may \
             have Serverless v2 instances: restore its snapshot by hand and migrate it"
        ]
    );
}

/// RDS retires classes and certificate authorities; the request may name others.
#[tokio::test]
async fn what_can_be_had_no_more_is_a_fault_that_says_how_to_get_another() {
    let answers = Answers {
        orderable: vec![orderable(false), orderable(true)],
        ..Answers::good()
    };
    let faults = answers.faults(&planned()).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    for part in [
        "resources.thing.instance_class: db.r6g.large of instance hubs-db-2",
        r#""instance_classes": {"thing": "db.…"}"#,
    ] {
        assert!(faults[0].contains(part), "{part} in {faults:?}");
    }
    let mut old = planned();
    for instance in old.configuration["DBInstances"].as_array_mut().unwrap() {
        instance["CACertificateIdentifier"] = "rds-ca-2019".into();
    }
    let faults = Answers::good().faults(&old).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    for part in [
        "resources.thing.ca_certificate: rds-ca-2019",
        r#""ca_certificates": {"thing": "rds-ca-rsa2048-g1"}"#,
    ] {
        assert!(faults[0].contains(part), "{part} in {faults:?}");
    }
}

#[tokio::test]
async fn what_no_restore_brings_back_is_said() {
    let mut other = planned();
    let cluster = &mut other.configuration["DBCluster"];
    cluster["GlobalClusterIdentifier"] = "world".into();
    cluster["ActivityStreamStatus"] = "started".into();
    other.configuration["ScalingPolicies"][0]["PolicyType"] = "StepScaling".into();
    let remarks = Answers::good().preflight(&other).await.remarks.join("\n");
    for said in [
        "global cluster world",
        "activity stream",
        "alarms trigger scaling policy readers at the source: a",
    ] {
        assert!(remarks.contains(said), "{said} in {remarks}");
    }
    // A source without a catalog entry.
    let bare = item(at(Some("cluster-GONE"), None), Value::Null);
    let answers = Answers {
        source: retained(),
        keys: vec![],
        orderable: vec![orderable(true)],
        groups: vec![],
        ..Answers::good()
    };
    let preflight = answers.preflight(&bare).await;
    assert!(preflight.faults.is_empty(), "{:?}", preflight.faults);
    assert_eq!(
        preflight.creates,
        ["instance hubs-db-r1-1 (db.t4g.medium) of cluster hubs-db-r1"]
    );
    assert!(
        preflight.remarks[0].contains("no configuration was captured"),
        "{:?}",
        preflight.remarks
    );
}
