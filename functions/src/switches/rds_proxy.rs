//! `rds_proxy`: an RDS Proxy's target becomes the copy of a cluster. A proxy has one target group, and that one cluster: it lets go of
//! the old one first, and who connects through it reaches nothing until it has the other.

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

/// The only target group that a proxy has (RDS API, RegisterDBProxyTargets).
const GROUP: &str = "default";

pub struct RdsProxy {
    rds: Lazy<Client>,
}

/// What a proxy leads to.
#[derive(Debug, PartialEq)]
struct ProxyTarget {
    /// `DBClusterIdentifier`.
    cluster: Option<String>,
    /// Whether it reaches the cluster's writer.
    available: bool,
    /// Why it reaches none, where RDS says.
    reason: Option<String>,
}

impl RdsProxy {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            rds: Lazy::new(aws, Client::new),
        }
    }

    /// `None` where there is no such proxy.
    async fn describe_target(&self, proxy: &str) -> Result<Option<ProxyTarget>> {
        let targets = self
            .rds
            .describe_db_proxy_targets()
            .db_proxy_name(proxy)
            .into_paginator();
        match targets.items().send().collect::<Result<Vec<_>, _>>().await {
            Ok(targets) => Ok(Some(seen(&targets))),
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

    /// Leads a proxy from one cluster to another, a call a look.
    async fn retarget(&self, proxy: &str, from: &str, to: &str) -> Result<SwitchProgress> {
        let seen = self.existing(proxy).await?;
        let underway = |phase: String| {
            Ok(SwitchProgress::Underway {
                phase,
                noted: Value::Null,
            })
        };
        match seen.cluster.as_deref() {
            Some(cluster) if cluster == to && seen.available => Ok(SwitchProgress::Done(json!({ "cluster": to }))),
            // Not final at the first look: RDS may still tell what it found before.
            Some(cluster) if cluster == to => underway(match seen.reason.as_deref() {
                Some("AUTH_FAILURE") => format!(
                    "proxy {proxy} leads to cluster {to} and cannot log in to it: its secrets have other passwords than that cluster, where a \
                     copy has those of the backup. Set them in the cluster; they are not changed in the secrets"
                ),
                reason => format!(
                    "proxy {proxy} does not reach the writer of cluster {to} yet ({})",
                    reason.unwrap_or("it is not available to it")
                ),
            }),
            Some(cluster) if cluster == from => {
                let call = self.rds.deregister_db_proxy_targets().db_proxy_name(proxy);
                let asked = call.target_group_name(GROUP).db_cluster_identifiers(from).send().await;
                match asked {
                    Err(error) if code(&error) != Some("DBProxyTargetNotFoundFault") => waited(failure(
                        "leading proxy",
                        &format!("{proxy} away from cluster {from}"),
                        error,
                    )),
                    _ => underway(format!("proxy {proxy} lets go of cluster {from}")),
                }
            }
            Some(other) => Err(Error::Conflict(format!(
                "switching proxy {proxy}: somebody led it to cluster {other} meanwhile. It stays as it is: see who did, then lead it \
                 by hand to the cluster that it should have"
            ))),
            None => {
                let call = self.rds.register_db_proxy_targets().db_proxy_name(proxy);
                let asked = call.target_group_name(GROUP).db_cluster_identifiers(to).send().await;
                match asked {
                    Err(error) if code(&error) != Some("DBProxyTargetAlreadyRegisteredFault") => {
                        waited(failure("leading proxy", &format!("{proxy} to cluster {to}"), error))
                    }
                    _ => underway(format!("proxy {proxy} is being led to cluster {to}")),
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
                "a cluster: a proxy leads to nothing else",
            )]);
        };
        let leads_to = match self.describe_target(proxy).await? {
            Some(ProxyTarget { cluster: Some(led), .. }) if led == *cluster => return Ok(Vec::new()),
            Some(ProxyTarget { cluster: Some(led), .. }) => format!("{proxy}, which leads to cluster {led},"),
            Some(_) => format!("{proxy}, which leads to no cluster,"),
            None => format!("{proxy} (gone)"),
        };
        let allowed = format!("a proxy that leads to cluster {cluster}: correct the descriptor, or lead it there");
        Ok(vec![fault(switch, "proxy", leads_to, allowed)])
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let proxy = of(switch)?;
        let Target::Aurora { cluster } = target else {
            return Ok(Reference::Unrelated);
        };
        Ok(match self.describe_target(proxy).await?.map(|seen| seen.cluster) {
            Some(Some(led)) if led == *cluster => Reference::Matches,
            Some(Some(led)) => Reference::Elsewhere(format!("cluster {led}")),
            Some(None) => Reference::Unknown(format!("proxy {proxy} leads to no cluster")),
            None => Reference::Unknown(format!("there is no proxy {proxy}")),
        })
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let proxy = of(switch)?;
        let seen = self.existing(proxy).await?;
        let cluster = seen.cluster.ok_or_else(|| {
            Error::NotFound(format!(
                "switching proxy {proxy}: it leads to no cluster. Lead it by hand to the one that it should have"
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
    ) -> Result<SwitchProgress> {
        self.retarget(of(switch)?, copy(switch, item)?, previous_cluster(before)?)
            .await
    }
}

/// Of a cluster, a proxy shows itself and each of its instances.
fn seen(targets: &[DbProxyTarget]) -> ProxyTarget {
    let of_cluster = |target: &DbProxyTarget| match target.r#type() {
        Some(TargetType::TrackedCluster) => target
            .rds_resource_id()
            .or(target.tracked_cluster_id())
            .map(str::to_owned),
        _ => target.tracked_cluster_id().map(str::to_owned),
    };
    // Through a reader alone an application cannot write.
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

/// Whatever the cluster or the proxy is at ends by itself.
fn waited(error: Error) -> Result<SwitchProgress> {
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
            "reading to which cluster a proxy led: it was not recorded. Lead the proxy by hand".to_owned(),
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
