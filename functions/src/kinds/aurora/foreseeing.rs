//! Everything that would make the restore of a cluster fail later, found before anything is touched.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbEngineVersion, Filter};
use serde_json::Value;

use super::restore::is_ours;
use super::source::{Found, account_and_region};
use super::unsupported::unsupported;
use super::wanted::{Wanted, members, tagged_by, text};
use super::{Aurora, KIND, instances};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::Item;
use crate::domain::restore::members::lost;
use crate::domain::restore::plan::Source;
use crate::error::{Error, Fault, Result};
use crate::kinds::keys;
use crate::kinds::rescaling;
use crate::kinds::{Foreseen, part};

/// What RDS calls its quotas (DescribeAccountAttributes).
const CLUSTERS: &str = "DBClusters";
const INSTANCES: &str = "DBInstances";

/// A look ahead, with what it has found so far.
pub(super) struct Looking<'a> {
    pub wanted: &'a Wanted<'a>,
    pub foreseen: Foreseen,
}

impl Looking<'_> {
    pub fn fault(&mut self, field: &str, value: impl Into<String>, allowed: impl Into<String>) {
        self.foreseen.faults.push(Fault {
            path: format!("resources.{}.{field}", self.wanted.resource),
            value: value.into(),
            allowed: allowed.into(),
        });
    }

    pub fn remark(&mut self, remark: impl Into<String>) {
        let remark = format!("{}: {}", self.wanted.resource, remark.into());
        self.foreseen.remarks.push(remark);
    }
}

pub async fn foresee(aurora: &Aurora, run: &Run, item: &Item) -> Result<Foreseen> {
    let wanted = Wanted::of(item)?;
    let mut looking = Looking {
        wanted: &wanted,
        foreseen: Foreseen::default(),
    };
    looking.foreseen.security_groups = wanted.security_groups();
    let found = aurora.see_source(run, &mut looking).await?;
    let captured = |name| wanted.text(name);
    let engine = captured("Engine").or_else(|| found.as_ref().map(|found| found.engine.clone()));
    let of_source = found.as_ref().and_then(|found| found.mode.clone());
    let mode = captured("EngineMode")
        .filter(|mode| mode != "provisioned")
        .or(of_source);
    if let Some(why) = unsupported(
        engine.as_deref(),
        mode.as_deref(),
        captured("ClusterScalabilityType").as_deref(),
    ) {
        looking.fault(
            "cluster",
            format!("{} ({})", wanted.source, why.is),
            format!("{}: {}", why.allowed, why.by_hand),
        );
    }
    aurora.see_keys(run, &mut looking, found.as_ref()).await?;
    if let Some(found) = &found {
        let version = aurora.offered_version(&found.engine, &found.version).await?;
        see_version(&mut looking, found, version.as_ref());
        if let Some(version) = &version {
            aurora.see_orderable(&mut looking, version).await?;
        }
    }
    aurora.see_groups(&mut looking).await?;
    aurora.see_names_free(run, &mut looking).await?;
    aurora.see_quotas(&mut looking).await?;
    let Looking { mut foreseen, .. } = looking;
    let made = instances::words(&wanted.instances());
    let of = format!("cluster {}", wanted.target);
    foreseen
        .creates
        .extend(made.into_iter().map(|made| format!("instance {made} of {of}")));
    let endpoints = wanted
        .endpoints()
        .into_iter()
        .map(|(name, _)| format!("custom endpoint {name} of {of}"));
    foreseen.creates.extend(endpoints);
    let remarks = remarks(&wanted).into_iter();
    foreseen
        .remarks
        .extend(remarks.map(|remark| format!("{}: {remark}", wanted.resource)));
    Ok(foreseen)
}

/// What a restore does not bring back, or brings back otherwise, and no check can tell.
pub(super) fn remarks(wanted: &Wanted<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if !wanted.captured() {
        remarks.push(format!(
            "no configuration was captured: cluster {} gets the default subnet group, security group and parameter group, and \
             one instance of class {}",
            wanted.target,
            wanted.only_class()
        ));
        return remarks;
    }
    let source = wanted.source;
    if part(wanted.cluster(), "MasterUserSecret").is_object() {
        remarks.push(format!(
            "RDS manages the master password of {source} in a secret: {} gets a secret of its own, under another ARN and with a new \
             password; who logs in with it is led there by a switch to master_secret",
            wanted.target
        ));
    }
    if wanted.flag("IAMDatabaseAuthenticationEnabled") == Some(true) {
        remarks.push(format!(
            "{source} takes logins by IAM: {} gets a DbClusterResourceId of its own, and policies for rds-db:connect that name {} \
             refuse the application there until they name the new one, which is told when it is made",
            wanted.target,
            wanted.text("DbClusterResourceId").unwrap_or_else(|| "the old one".to_owned())
        ));
    }
    let roles: Vec<_> = members(wanted.cluster(), "AssociatedRoles")
        .filter_map(|role| text(role, "RoleArn"))
        .collect();
    if !roles.is_empty() {
        remarks.push(format!(
            "it needs these roles, and IAM was not asked whether they are there: {}",
            roles.join(", ")
        ));
    }
    remarks.extend(lost(KIND, wanted.configuration, source, wanted.target));
    if wanted.number("MonitoringInterval").is_some_and(|seconds| seconds > 0) {
        remarks.push(format!(
            "enhanced monitoring was set for cluster {source} itself: it is asked for, and AWS is not known to take it there \
             after a restore; that of each instance is put back"
        ));
    }
    let autoscaled = wanted.autoscaled();
    if !autoscaled.is_empty() {
        remarks.push(format!(
            "Application Auto Scaling had added {}, and adds instances to the copy by itself",
            autoscaled.join(", ")
        ));
    }
    remarks.extend(rescaling::alarms_to_point(wanted.configuration));
    if wanted.instances().is_empty() {
        remarks.push(format!("{source} had no instance, so nothing can connect to the copy"));
    }
    remarks
}

/// By what a snapshot is asked for: its name, or its ARN where it is another account's.
pub(super) fn reference<'a>(run: &Run, id: &'a str, arn: &'a str) -> &'a str {
    match (account_and_region(arn), account_and_region(&run.execution)) {
        (Some((theirs, _)), Some((ours, _))) if theirs != ours => arn,
        _ => id,
    }
}

/// Of a snapshot; a point in time has its source's version. `given` is the version that the copy gets.
fn see_version(looking: &mut Looking<'_>, found: &Found, given: Option<&DbEngineVersion>) {
    if !matches!(looking.wanted.from, Source::ClusterSnapshot { .. }) {
        return;
    }
    let (engine, version) = (&found.engine, &found.version);
    match given.and_then(DbEngineVersion::engine_version) {
        Some(given) if given == version => {}
        Some(given) => looking.remark(format!(
            "AWS does not offer {engine} {version} any more: the copy gets {given}, the nearest version it can be upgraded to"
        )),
        None => looking.fault(
            "engine_version",
            format!("{engine} {version}"),
            "a version that AWS offers, or that can be upgraded within its major version: restore the snapshot by hand to a \
             newer major version",
        ),
    }
}

impl Aurora {
    async fn see_keys(&self, run: &Run, looking: &mut Looking<'_>, found: Option<&Found>) -> Result<()> {
        let wanted = looking.wanted;
        let mut keys: BTreeMap<String, String> = BTreeMap::new();
        let cluster = wanted.cluster();
        if let Some((key, of)) = found.and_then(|found| Some((found.key.clone()?, &found.words))) {
            keys.insert(key, of.clone());
        }
        let mut add = |key: Option<String>, of: String| {
            if let Some(key) = key {
                keys.entry(key).or_insert(of);
            }
        };
        add(
            wanted.text("KmsKeyId"),
            format!("the storage of cluster {}", wanted.source),
        );
        add(
            text(part(cluster, "MasterUserSecret"), "KmsKeyId"),
            format!("the master secret of cluster {}", wanted.source),
        );
        let insights = |of: &Value| {
            let on = part(of, "PerformanceInsightsEnabled") == &Value::Bool(true);
            text(of, "PerformanceInsightsKMSKeyId").filter(|_| on)
        };
        add(
            insights(cluster),
            format!("the Performance Insights of cluster {}", wanted.source),
        );
        for instance in wanted.instances() {
            let of = format!(
                "the Performance Insights of instance {}",
                instance.source.unwrap_or_default()
            );
            add(insights(&instance.captured), of);
        }
        for (key, of) in keys {
            match keys::see_usable(&self.kms, run, &key, &of).await {
                Ok(()) => {}
                Err(Error::JobFailed(why) | Error::NotReady(why) | Error::NotFound(why)) => {
                    looking.fault("kms_key", key, format!("a key that can be used ({why})"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn see_groups(&self, looking: &mut Looking<'_>) -> Result<()> {
        let wanted = looking.wanted;
        if let Some(name) = wanted.text("DBSubnetGroup") {
            let found = self
                .rds
                .describe_db_subnet_groups()
                .db_subnet_group_name(&name)
                .send()
                .await;
            match found {
                Ok(_) => {}
                Err(error) if code(&error) == Some("DBSubnetGroupNotFoundFault") => {
                    let captured = wanted.part("DBSubnetGroup");
                    let subnets: Vec<_> = members(captured, "Subnets")
                        .filter_map(|subnet| text(subnet, "SubnetIdentifier"))
                        .collect();
                    looking.fault(
                        "subnet_group",
                        format!("{name} (gone)"),
                        format!(
                            "a DB subnet group of that name: aws rds create-db-subnet-group --db-subnet-group-name {name} \
                             --db-subnet-group-description {name} --subnet-ids {}",
                            subnets.join(" ")
                        ),
                    );
                }
                Err(error) => return Err(failure("describing subnet group", &name, error)),
            }
        }
        for group in wanted.groups() {
            if self.group_arn(&group).await?.is_some() {
                continue;
            }
            match &group.family {
                Some(family) => looking.foreseen.creates.push(format!(
                    "{} (family {family}, {} changed parameters), which is gone",
                    group.words(),
                    group.parameters.len()
                )),
                None => looking.fault(
                    "parameter_group",
                    format!("{} (gone, and not captured)", group.name),
                    "a parameter group of that name: create it",
                ),
            }
        }
        Ok(())
    }

    async fn see_names_free(&self, run: &Run, looking: &mut Looking<'_>) -> Result<()> {
        const FREE: &str = "a name that is free: choose another suffix, or another name for this resource";
        let wanted = looking.wanted;
        if !names::is_hyphenated(wanted.target) || wanted.target.len() > 63 {
            looking.fault(
                "name",
                wanted.target,
                "1 to 63 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen",
            );
            return Ok(());
        }
        if let Some(cluster) = self.described(wanted.target).await?
            && !is_ours(&cluster, run, wanted)
        {
            looking.fault("name", format!("cluster {} (taken)", wanted.target), FREE);
        }
        let names: Vec<String> = wanted.instances().into_iter().map(|instance| instance.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let named = Filter::builder().name("db-instance-id").set_values(Some(names)).build();
        let found = self.rds.describe_db_instances().filters(named).send().await;
        let found = found.map_err(|error| failure("describing the instances of", wanted.target, error))?;
        for instance in found.db_instances() {
            if !tagged_by(instance.tag_list(), run, wanted.resource) {
                let name = instance.db_instance_identifier().unwrap_or_default();
                looking.fault("name", format!("instance {name} (taken)"), FREE);
            }
        }
        Ok(())
    }

    async fn see_quotas(&self, looking: &mut Looking<'_>) -> Result<()> {
        let answer = self.rds.describe_account_attributes().send().await;
        let answer = answer.map_err(|error| failure("describing the quotas of", "the account", error))?;
        let instances = looking.wanted.instances().len();
        for (name, what, more) in [(CLUSTERS, "DB clusters", 1), (INSTANCES, "DB instances", instances)] {
            let quota = answer
                .account_quotas()
                .iter()
                .find(|quota| quota.account_quota_name() == Some(name));
            let Some((used, most)) = quota.and_then(|quota| Some((quota.used()?, quota.max()?))) else {
                continue;
            };
            let more = i64::try_from(more).unwrap_or(i64::MAX);
            if used.saturating_add(more) > most {
                looking.fault(
                    "quota",
                    format!("{used} of {most} {what} in use"),
                    format!(
                        "room for {more} more: delete what is no longer needed, or raise the quota in Service Quotas"
                    ),
                );
            }
        }
        Ok(())
    }
}
