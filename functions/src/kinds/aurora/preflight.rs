//! Finds everything that would fail the restore of a cluster later, before anything is changed.

mod builder;
mod instance_options;
mod source;

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbEngineVersion, Filter};
use serde_json::Value;

use self::builder::PreflightBuilder;
use self::source::RestoreSource;
use super::captured::{members, text};
use super::clusters::{find_cluster, is_ours};
use super::plan::ClusterPlan;
use super::remarks::remarks;
use super::tags::tagged_by;
use super::unsupported::unsupported;
use super::{Aurora, instances};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::Source;
use crate::error::{Error, Result};
use crate::kinds::keys;
use crate::kinds::{Preflight, part};

/// RDS's names of its quotas (DescribeAccountAttributes).
const CLUSTERS: &str = "DBClusters";
const INSTANCES: &str = "DBInstances";

pub async fn check(aurora: &Aurora, run: &Run, item: &RestoreItem) -> Result<Preflight> {
    let plan = ClusterPlan::of(item)?;
    let mut preflight = PreflightBuilder {
        plan: &plan,
        found: Preflight::default(),
    };
    preflight.found.security_groups = plan.security_groups();
    let source = aurora.check_source(run, &mut preflight).await?;
    let captured = |name| plan.text(name);
    let engine = captured("Engine").or_else(|| source.as_ref().map(|source| source.engine.clone()));
    let of_source = source.as_ref().and_then(|source| source.mode.clone());
    let mode = captured("EngineMode")
        .filter(|mode| mode != "provisioned")
        .or(of_source);
    if let Some(why) = unsupported(
        engine.as_deref(),
        mode.as_deref(),
        captured("ClusterScalabilityType").as_deref(),
    ) {
        preflight.fault(
            "cluster",
            format!("{} ({})", plan.source, why.is),
            format!("{}: {}", why.allowed, why.by_hand),
        );
    }
    aurora.check_keys(run, &mut preflight, source.as_ref()).await?;
    if let Some(source) = &source {
        let version = aurora.find_offered_version(&source.engine, &source.version).await?;
        check_version(&mut preflight, source, version.as_ref());
        if let Some(version) = &version {
            aurora.check_instance_options(&mut preflight, version).await?;
        }
    }
    aurora.check_groups(&mut preflight).await?;
    aurora.check_names(run, &mut preflight).await?;
    aurora.check_quotas(&mut preflight).await?;
    let PreflightBuilder { mut found, .. } = preflight;
    let made = instances::words(&plan.instances());
    let of = format!("cluster {}", plan.copy);
    found
        .creates
        .extend(made.into_iter().map(|made| format!("instance {made} of {of}")));
    let endpoints = plan
        .endpoints()
        .into_iter()
        .map(|(name, _)| format!("custom endpoint {name} of {of}"));
    found.creates.extend(endpoints);
    let remarks = remarks(&plan).into_iter();
    found
        .remarks
        .extend(remarks.map(|remark| format!("{}: {remark}", plan.resource)));
    Ok(found)
}

/// For a snapshot; a point in time has its source's version. `given` is the version that the copy gets.
fn check_version(preflight: &mut PreflightBuilder<'_>, found: &RestoreSource, given: Option<&DbEngineVersion>) {
    if !matches!(preflight.plan.from, Source::ClusterSnapshot { .. }) {
        return;
    }
    let (engine, version) = (&found.engine, &found.version);
    match given.and_then(DbEngineVersion::engine_version) {
        Some(given) if given == version => {}
        Some(given) => preflight.remark(format!(
            "AWS does not offer {engine} {version} any more: the copy gets {given}, the nearest version it can be upgraded to"
        )),
        None => preflight.fault(
            "engine_version",
            format!("{engine} {version}"),
            "a version that AWS offers, or that can be upgraded within its major version: restore the snapshot by hand to a \
             newer major version",
        ),
    }
}

impl Aurora {
    async fn check_keys(
        &self,
        run: &Run,
        preflight: &mut PreflightBuilder<'_>,
        source: Option<&RestoreSource>,
    ) -> Result<()> {
        let plan = preflight.plan;
        let mut keys: BTreeMap<String, String> = BTreeMap::new();
        let cluster = plan.cluster();
        if let Some((key, of)) = source.and_then(|source| Some((source.key.clone()?, &source.words))) {
            keys.insert(key, of.clone());
        }
        let mut add = |key: Option<String>, of: String| {
            if let Some(key) = key {
                keys.entry(key).or_insert(of);
            }
        };
        add(plan.text("KmsKeyId"), format!("the storage of cluster {}", plan.source));
        add(
            text(part(cluster, "MasterUserSecret"), "KmsKeyId"),
            format!("the master secret of cluster {}", plan.source),
        );
        let insights = |of: &Value| {
            let on = part(of, "PerformanceInsightsEnabled") == &Value::Bool(true);
            text(of, "PerformanceInsightsKMSKeyId").filter(|_| on)
        };
        add(
            insights(cluster),
            format!("the Performance Insights of cluster {}", plan.source),
        );
        for instance in plan.instances() {
            let of = format!(
                "the Performance Insights of instance {}",
                instance.source.unwrap_or_default()
            );
            add(insights(&instance.captured), of);
        }
        for (key, of) in keys {
            match keys::ensure_usable(&self.kms, run, &key, &of).await {
                Ok(()) => {}
                Err(Error::JobFailed(why) | Error::NotReady(why) | Error::NotFound(why)) => {
                    preflight.fault("kms_key", key, format!("a key that can be used ({why})"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn check_groups(&self, preflight: &mut PreflightBuilder<'_>) -> Result<()> {
        let plan = preflight.plan;
        if let Some(name) = plan.text("DBSubnetGroup") {
            let found = self
                .rds
                .describe_db_subnet_groups()
                .db_subnet_group_name(&name)
                .send()
                .await;
            match found {
                Ok(_) => {}
                Err(error) if code(&error) == Some("DBSubnetGroupNotFoundFault") => {
                    let captured = plan.part("DBSubnetGroup");
                    let subnets: Vec<_> = members(captured, "Subnets")
                        .filter_map(|subnet| text(subnet, "SubnetIdentifier"))
                        .collect();
                    preflight.fault(
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
        for group in plan.groups() {
            if self.parameter_group_arn(&group).await?.is_some() {
                continue;
            }
            match &group.family {
                Some(family) => preflight.found.creates.push(format!(
                    "{} (family {family}, {} changed parameters), which is gone",
                    group.words(),
                    group.parameters.len()
                )),
                None => preflight.fault(
                    "parameter_group",
                    format!("{} (gone, and not captured)", group.name),
                    "a parameter group of that name: create it",
                ),
            }
        }
        Ok(())
    }

    async fn check_names(&self, run: &Run, preflight: &mut PreflightBuilder<'_>) -> Result<()> {
        const FREE: &str = "a name that is free: choose another suffix, or another name for this resource";
        let plan = preflight.plan;
        if !names::is_hyphenated(plan.copy) || plan.copy.len() > 63 {
            preflight.fault(
                "name",
                plan.copy,
                "1 to 63 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen",
            );
            return Ok(());
        }
        if let Some(cluster) = find_cluster(&self.rds, plan.copy).await?
            && !is_ours(&cluster, run, plan)
        {
            preflight.fault("name", format!("cluster {} (taken)", plan.copy), FREE);
        }
        let names: Vec<String> = plan.instances().into_iter().map(|instance| instance.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let named = Filter::builder().name("db-instance-id").set_values(Some(names)).build();
        let found = self.rds.describe_db_instances().filters(named).send().await;
        let found = found.map_err(|error| failure("describing the instances of", plan.copy, error))?;
        for instance in found.db_instances() {
            if !tagged_by(instance.tag_list(), run, plan.resource) {
                let name = instance.db_instance_identifier().unwrap_or_default();
                preflight.fault("name", format!("instance {name} (taken)"), FREE);
            }
        }
        Ok(())
    }

    async fn check_quotas(&self, preflight: &mut PreflightBuilder<'_>) -> Result<()> {
        let answer = self.rds.describe_account_attributes().send().await;
        let answer = answer.map_err(|error| failure("describing the quotas of", "the account", error))?;
        let instances = preflight.plan.instances().len();
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
                preflight.fault(
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
