//! `rds_proxy`: an RDS Proxy's target becomes the copy of a cluster. A proxy has one target group with one cluster: it deregisters
//! the old one first, and its clients reach nothing until the new one is registered.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbProxyTarget, TargetRole, TargetState, TargetType};
use serde_json::{Value, json};

use super::switch::{SwitchDriver, fault, wrong_action};
use crate::aws::lazy::Lazy;
use crate::aws::{code, failure};
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::error::{Error, Fault, Result};

#[cfg(test)]
mod tests;

/// The only target group of a proxy (RDS API, RegisterDBProxyTargets).
const GROUP: &str = "default";

pub struct RdsProxy {
    rds: Lazy<Client>,
}

/// The target of a proxy.
#[derive(Debug, PartialEq)]
struct ProxyTarget {
    /// `DBClusterIdentifier`.
    cluster: Option<String>,
    /// Whether it reaches the cluster's writer.
    available: bool,
    /// Why it does not, if RDS reports a reason.
    reason: Option<String>,
}

impl RdsProxy {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            rds: Lazy::new(aws, Client::new),
        }
    }

    /// `None` if there is no such proxy.
    async fn describe_target(&self, proxy: &str) -> Result<Option<ProxyTarget>> {
        let targets = self
            .rds
            .describe_db_proxy_targets()
            .db_proxy_name(proxy)
            .into_paginator();
        match targets.items().send().collect::<Result<Vec<_>, _>>().await {
            Ok(targets) => Ok(Some(proxy_target(&targets))),
            Err(error) if code(&error) == Some("DBProxyNotFoundFault") => Ok(None),
            Err(error) => Err(failure("describing the targets of proxy", proxy, error)),
        }
    }

    async fn existing(&self, proxy: &str) -> Result<ProxyTarget> {
        self.describe_target(proxy).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "switching proxy {proxy}: there is none of that name. Create it again, or switch by hand"
            ))
        })
    }

    /// Changes a proxy's target from one cluster to another, with one RDS call at a time.
    async fn retarget(&self, proxy: &str, from: &str, to: &str) -> Result<SwitchProgress> {
        let target = self.existing(proxy).await?;
        let underway = |phase: String| {
            Ok(SwitchProgress::Underway {
                phase,
                noted: Value::Null,
            })
        };
        match target.cluster.as_deref() {
            Some(cluster) if cluster == to && target.available => Ok(SwitchProgress::Done(json!({ "cluster": to }))),
            // Not final at the first poll: RDS may still report its earlier finding.
            Some(cluster) if cluster == to => underway(match target.reason.as_deref() {
                Some("AUTH_FAILURE") => format!(
                    "the target of proxy {proxy} is cluster {to}, and the proxy cannot log in to it: its secrets have other \
                     passwords than that cluster; a copy has those of the backup. Set them in the cluster; they are not \
                     changed in the secrets"
                ),
                reason => format!(
                    "proxy {proxy} does not reach the writer of cluster {to} yet ({})",
                    reason.unwrap_or("the writer is not available")
                ),
            }),
            Some(cluster) if cluster == from => {
                let call = self.rds.deregister_db_proxy_targets().db_proxy_name(proxy);
                let result = call.target_group_name(GROUP).db_cluster_identifiers(from).send().await;
                match result {
                    Err(error) if code(&error) != Some("DBProxyTargetNotFoundFault") => retry_later(failure(
                        "switching proxy",
                        &format!("{proxy} away from cluster {from}"),
                        error,
                    )),
                    _ => underway(format!("proxy {proxy} is deregistering cluster {from}")),
                }
            }
            Some(other) => Err(Error::Conflict(format!(
                "switching proxy {proxy}: someone changed its target to cluster {other} meanwhile. It stays as it is: check \
                 who did, then register the right cluster by hand"
            ))),
            None => {
                let call = self.rds.register_db_proxy_targets().db_proxy_name(proxy);
                let result = call.target_group_name(GROUP).db_cluster_identifiers(to).send().await;
                match result {
                    Err(error) if code(&error) != Some("DBProxyTargetAlreadyRegisteredFault") => {
                        retry_later(failure("switching proxy", &format!("{proxy} to cluster {to}"), error))
                    }
                    _ => underway(format!("proxy {proxy} is registering cluster {to}")),
                }
            }
        }
    }
}

#[async_trait]
impl SwitchDriver for RdsProxy {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let proxy = of(switch)?;
        let Target::Aurora { cluster } = &item.planned.resource.target else {
            let kind = item.planned.resource.target.kind();
            let value = format!("{} of kind {kind}", item.planned.resource.name);
            return Ok(vec![fault(
                switch,
                "resource",
                value,
                "a cluster: a proxy has no other targets",
            )]);
        };
        let leads_to = match self.describe_target(proxy).await? {
            Some(ProxyTarget {
                cluster: Some(other), ..
            }) if other == *cluster => return Ok(Vec::new()),
            Some(ProxyTarget {
                cluster: Some(other), ..
            }) => format!("{proxy}, whose target is cluster {other},"),
            Some(_) => format!("{proxy}, which has no target cluster,"),
            None => format!("{proxy} (gone)"),
        };
        let allowed =
            format!("a proxy whose target is cluster {cluster}: correct the descriptor, or change its target");
        Ok(vec![fault(switch, "proxy", leads_to, allowed)])
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let proxy = of(switch)?;
        let Target::Aurora { cluster } = target else {
            return Ok(Reference::Unrelated);
        };
        Ok(match self.describe_target(proxy).await?.map(|seen| seen.cluster) {
            Some(Some(other)) if other == *cluster => Reference::Matches,
            Some(Some(other)) => Reference::Elsewhere(format!("cluster {other}")),
            Some(None) => Reference::Unknown(format!("proxy {proxy} has no target cluster")),
            None => Reference::Unknown(format!("there is no proxy {proxy}")),
        })
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let proxy = of(switch)?;
        let seen = self.existing(proxy).await?;
        let cluster = seen.cluster.ok_or_else(|| {
            Error::NotFound(format!(
                "switching proxy {proxy}: it has no target cluster. Register the right one by hand"
            ))
        })?;
        Ok(json!({ "cluster": cluster }))
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        self.retarget(of(switch)?, previous_cluster(before)?, copy(switch, item)?)
            .await
    }

    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        _: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        self.retarget(of(switch)?, copy(switch, item)?, previous_cluster(before)?)
            .await
    }
}

/// For a cluster, a proxy lists the cluster itself and each of its instances.
fn proxy_target(targets: &[DbProxyTarget]) -> ProxyTarget {
    let of_cluster = |target: &DbProxyTarget| match target.r#type() {
        Some(TargetType::TrackedCluster) => target
            .rds_resource_id()
            .or(target.tracked_cluster_id())
            .map(str::to_owned),
        _ => target.tracked_cluster_id().map(str::to_owned),
    };
    // An application cannot write through a reader alone.
    let mut writers = targets.iter().filter(|target| {
        target.r#type() == Some(&TargetType::RdsInstance) && target.role() == Some(&TargetRole::ReadWrite)
    });
    let health = |target: &DbProxyTarget| target.target_health().cloned();
    let reason = targets.iter().filter_map(health).find_map(|health| health.reason);
    ProxyTarget {
        cluster: targets.iter().find_map(of_cluster),
        available: writers
            .any(|target| health(target).is_some_and(|health| health.state == Some(TargetState::Available))),
        reason: reason.map(|reason| reason.as_str().to_owned()),
    }
}

/// Any other operation on the cluster or the proxy ends by itself.
fn retry_later(error: Error) -> Result<SwitchProgress> {
    match error {
        Error::NotReady(why) => Ok(SwitchProgress::Underway {
            phase: why,
            noted: Value::Null,
        }),
        error => Err(error),
    }
}

fn of(switch: &Switch) -> Result<&str> {
    match &switch.action {
        SwitchAction::RdsProxy { proxy } => Ok(proxy),
        _ => Err(wrong_action("rds_proxy", switch)),
    }
}

fn previous_cluster(before: &Value) -> Result<&str> {
    before["cluster"].as_str().ok_or_else(|| {
        Error::VerificationFailed(
            "reading the previous target cluster of a proxy: it was not recorded. Switch the proxy by hand".to_owned(),
        )
    })
}

fn copy<'a>(switch: &Switch, item: &'a RestoreItem) -> Result<&'a str> {
    let Some(CreatedResource::Cluster { cluster, .. }) = &item.created else {
        return Err(Error::invalid(
            format!("cut_over.{}.resource", switch.name),
            &item.planned.resource.name,
            "a cluster that was restored",
        ));
    };
    Ok(cluster)
}
