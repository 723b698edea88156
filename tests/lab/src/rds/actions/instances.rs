//! CreateDBInstance, DescribeDBInstances and DeleteDBInstance.

use crate::rds::catalogue;
use crate::rds::cluster;
use crate::rds::fault::{Fault, Result};
use crate::rds::groups::SubnetGroup;
use crate::rds::instance::{Instance, Phase};
use crate::rds::job::{Job, after};
use crate::rds::names;
use crate::rds::paging::{Filters, Page};
use crate::rds::plane::{self, HOSTED_ZONE, Plane};
use crate::rds::query::Query;
use crate::rds::state::State;
use crate::rds::tags;
use crate::rds::xml::Xml;
use crate::service::Call;

/// Members of the call that belong to the cluster.
const CLUSTERS: &[&str] = &[
    "MasterUsername",
    "MasterUserPassword",
    "ManageMasterUserPassword",
    "StorageEncrypted",
    "KmsKeyId",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "DBName",
    "AllocatedStorage",
    "DeletionProtection",
    "Port",
];

/// CreateDBInstance, in a cluster that is available.
pub fn create(plane: &Plane, call: &Call, query: &Query) -> Result<Xml> {
    let id = names::new_identifier("DBInstanceIdentifier", query.required("DBInstanceIdentifier")?)?;
    let class = query.required("DBInstanceClass")?;
    catalogue::engine(query.required("Engine")?)?;
    let Some(cluster) = query.text("DBClusterIdentifier") else {
        return Err(Fault::combination(
            "DBClusterIdentifier must be specified: the lab has Aurora clusters only.",
        ));
    };
    if let Some(name) = CLUSTERS.iter().find(|name| query.text(name).is_some()) {
        return Err(Fault::combination(format!(
            "The requested DB Instance will be a member of a DB Cluster. Set {name} for the DB Cluster."
        )));
    }
    if !class.starts_with("db.") || class.matches('.').count() > 2 {
        return Err(Fault::value(format!("Invalid DB Instance class: {class}")));
    }
    if !catalogue::orderable(class) {
        return Err(Fault::combination(format!(
            "RDS does not support creating a DB instance with the following combination: DBInstanceClass={class}, \
             Engine={}. For supported combinations of instance class and database engine version, see the documentation.",
            catalogue::ENGINE
        )));
    }
    let mut state = plane.state();
    if state.instances.contains_key(&id) {
        return Err(Fault::new(
            "DBInstanceAlreadyExists",
            format!("DB instance already exists: {id}"),
        ));
    }
    if state.instances.len() >= catalogue::INSTANCES.1 {
        let message = format!("DB instance quota exceeded: {}", catalogue::INSTANCES.1);
        return Err(Fault::new("InstanceQuotaExceeded", message));
    }
    let cluster = state.available_cluster(cluster)?.clone();
    if class == "db.serverless" && cluster.settings.serverless.is_none() {
        return Err(Fault::new(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance.",
        ));
    }
    let zone = zone(&state, query, &id, &cluster)?;
    let instance = new(plane, call, query, (id, zone), &cluster)?;
    check_parameter_group(&state, &instance.parameter_group)?;
    let id = instance.id.clone();
    state.instances.insert(id.clone(), instance);
    one(&state, &id)
}

/// The requested zone, or one with a subnet of the cluster.
fn zone(state: &State, query: &Query, id: &str, cluster: &cluster::Cluster) -> Result<String> {
    let group = &cluster.settings.subnet_group;
    if let Some(zone) = query.text("AvailabilityZone") {
        return state.offers(group, zone).map(|()| zone.to_owned());
    }
    let offered = state
        .subnet_groups
        .get(group)
        .map(SubnetGroup::zones)
        .unwrap_or_default();
    let chosen = offered
        .into_iter()
        .min_by_key(|zone| state.order.rank(&format!("zone {id} {zone}")));
    Ok(chosen.unwrap_or(catalogue::ZONES[0]).to_owned())
}

fn new(
    plane: &Plane,
    call: &Call,
    query: &Query,
    (id, zone): (String, String),
    cluster: &cluster::Cluster,
) -> Result<Instance> {
    let settings = &cluster.settings;
    let text = |name: &str| query.text(name).map(str::to_owned);
    let ca = text("CACertificateIdentifier").unwrap_or_else(|| settings.ca.clone());
    if !catalogue::CAS.contains(&ca.as_str()) {
        return Err(Fault::new(
            "CertificateNotFound",
            format!("Certificate not found: {ca}"),
        ));
    }
    let tier: u32 = query.number("PromotionTier")?.unwrap_or(1);
    if tier > 15 {
        return Err(Fault::value(format!(
            "PromotionTier {tier} is out of range, 0 to 15 are valid"
        )));
    }
    let default_group = || catalogue::default_cluster_parameter_group(&settings.engine_version);
    Ok(Instance {
        arn: plane.world.arn("rds", &format!("db:{id}")),
        resource_id: plane::resource_id("db"),
        cluster: cluster.id.clone(),
        class: query.required("DBInstanceClass")?.to_owned(),
        created: plane.now(),
        zone,
        tier,
        parameter_group: text("DBParameterGroupName").map_or_else(default_group, |name| name.to_lowercase()),
        publicly_accessible: query.flag("PubliclyAccessible")?.unwrap_or(false),
        maintenance_window: text("PreferredMaintenanceWindow").unwrap_or_else(|| settings.maintenance_window.clone()),
        auto_minor_version_upgrade: query.flag("AutoMinorVersionUpgrade")?.unwrap_or(true),
        monitoring_interval: query.number("MonitoringInterval")?.unwrap_or(0),
        monitoring_role: text("MonitoringRoleArn"),
        performance_insights: query.flag("EnablePerformanceInsights")?.unwrap_or(false),
        insights_key: text("PerformanceInsightsKMSKeyId"),
        insights_retention_days: query.number("PerformanceInsightsRetentionPeriod")?.unwrap_or(7),
        ca,
        tags: tags::requested(query)?.unwrap_or_default(),
        phase: Phase::Creating(
            Job::start(&plane.world, call, plane.world.durations.of(|s| s.instance_create)).of_time_only(),
        ),
        id,
    })
}

/// Checks that an instance's parameter group exists.
pub fn check_parameter_group(state: &State, name: &str) -> Result<()> {
    if state.parameter_groups.contains_key(name) {
        return Ok(());
    }
    Err(Fault::new(
        "DBParameterGroupNotFound",
        format!("DBParameterGroup not found: {name}"),
    ))
}

const FILTERS: &[&str] = &["db-cluster-id", "db-instance-id", "dbi-resource-id", "engine", "domain"];

/// DescribeDBInstances.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    let filters = Filters::read(query, FILTERS)?;
    let mut state = plane.state();
    let asked = match query.text("DBInstanceIdentifier") {
        Some(name) => Some(state.instance_mut(name)?.id.clone()),
        None => None,
    };
    let passes = |instance: &&Instance| {
        asked.as_ref().is_none_or(|id| *id == instance.id)
            && filters.pass("db-cluster-id", "cluster", &instance.cluster)
            && filters.pass("db-instance-id", "db", &instance.id)
            && filters.pass("dbi-resource-id", "", &instance.resource_id)
            && filters.pass("engine", "", catalogue::ENGINE)
            && filters.pass("domain", "", "")
    };
    let found = state.instances.values().filter(passes).map(|i| (i.id.clone(), i));
    Ok(
        Page::of(query, found)?.write("DBInstances", "DBInstance", |xml, instance| {
            write(xml, &state, instance)
        }),
    )
}

/// DeleteDBInstance. The last instance may be deleted: the cluster remains, but accepts no connections.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let until = after(plane.now(), plane.world.durations.of(|s| s.delete));
    let mut state = plane.state();
    let instance = state.instance_mut(query.required("DBInstanceIdentifier")?)?;
    if query.text("FinalDBSnapshotIdentifier").is_some() {
        return Err(Fault::combination(
            "FinalDBSnapshotIdentifier can not be specified for an instance of a DB cluster.",
        ));
    }
    if matches!(instance.phase, Phase::Creating(_) | Phase::Deleting(_)) {
        let message = format!("Instance {} is in {} state.", instance.id, instance.status());
        return Err(Fault::new("InvalidDBInstanceState", message));
    }
    instance.phase = Phase::Deleting(until);
    let id = instance.id.clone();
    one(&state, &id)
}

fn write(xml: &mut Xml, state: &State, instance: &Instance) {
    if let Ok(cluster) = state.cluster(&instance.cluster) {
        let subnets = state.subnet_groups.get(&cluster.settings.subnet_group);
        let writer = cluster.writer.as_ref() == Some(&instance.id);
        instance.write(xml, cluster, subnets, writer, HOSTED_ZONE);
    }
}

/// A result of one `DBInstance`.
pub fn one(state: &State, id: &str) -> Result<Xml> {
    let mut xml = Xml::new();
    if let Some(instance) = state.instances.get(id) {
        xml.element("DBInstance", |xml| write(xml, state, instance));
    }
    Ok(xml)
}
