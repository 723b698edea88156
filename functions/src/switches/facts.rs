//! What an application needs to reach a copy, read on demand: a rename changes a cluster's endpoint after its creation.

use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbCluster;
use serde_json::Value;

use crate::aws::clusters;
use crate::aws::lazy::Lazy;
use crate::domain::descriptor::{Fact, Switch};
use crate::domain::kinds::{self, aurora};
use crate::domain::names::TAG_RESTORE;
use crate::domain::resource::Target;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::error::{Error, Fault, Result};
use crate::switches::switch::fault;

/// Reads facts.
pub struct Facts {
    clusters: Lazy<Client>,
}

impl Facts {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            clusters: Lazy::new(aws, Client::new),
        }
    }

    /// A text, or (a port) a number.
    ///
    /// # Errors
    /// `InvalidInput` for a fact that this kind of copy does not have; `NotReady` while its cluster has no endpoint.
    pub async fn read(&self, fact: Fact, item: &RestoreItem) -> Result<Value> {
        if let Some(CreatedResource::Cluster { cluster, .. }) = &item.created
            && of_cluster(fact)
        {
            return self.of_cluster(fact, cluster, item).await;
        }
        let kind = kinds::stateful(&item.planned.resource.target);
        let known = kind
            .zip(item.created.as_ref())
            .and_then(|(kind, created)| kind.fact(created, fact));
        known.map(Value::from).ok_or_else(|| {
            Error::invalid(
                format!("cut_over of {}", item.planned.resource.name),
                word(fact),
                "a fact that this resource's copy has: see the table of facts in docs/descriptor.md",
            )
        })
    }

    /// The fact of a resource as it is now; `None` if it does not exist, or has no such fact.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    pub async fn present(&self, fact: Fact, target: &Target) -> Result<Option<Value>> {
        if !kinds::stateful(target).is_some_and(|kind| kind.has_fact(fact)) || fact == Fact::Directory {
            return Ok(None);
        }
        let Some(cluster) = aurora::cluster(target) else {
            return Ok(Some(Value::from(target.identifier())));
        };
        let found = clusters::find(&self.clusters, cluster).await?;
        Ok(found.and_then(|found| fact_of(fact, &found)))
    }

    async fn of_cluster(&self, fact: Fact, made: &str, item: &RestoreItem) -> Result<Value> {
        let found = self.cluster(made, item).await?;
        fact_of(fact, &found).ok_or_else(|| {
            Error::NotReady(format!(
                "reading {} of the copy of {}: its cluster has none yet. Trying again may help; check in RDS that it has an \
                 instance, and whether RDS manages its master password",
                word(fact),
                item.planned.resource.name
            ))
        })
    }

    /// The copy's cluster, under its original name or the name that a rename gave it.
    async fn cluster(&self, made: &str, item: &RestoreItem) -> Result<DbCluster> {
        let renamed = aurora::cluster(&item.planned.resource.target);
        for name in [Some(made), renamed].into_iter().flatten() {
            if let Some(found) = clusters::find(&self.clusters, name).await?
                && is_ours(&found, item)
            {
                return Ok(found);
            }
        }
        Err(Error::NotFound(format!(
            "reading the endpoint of the copy of {}: no cluster {made} carries {TAG_RESTORE} = {}. Switch by hand to the \
             cluster that has the data",
            item.planned.resource.name, item.restore
        )))
    }
}

/// ARN of the secret in which RDS manages a cluster's master password.
pub fn master_secret(cluster: &DbCluster) -> Option<&str> {
    cluster.master_user_secret()?.secret_arn()
}

fn fact_of(fact: Fact, cluster: &DbCluster) -> Option<Value> {
    match fact {
        Fact::Host => cluster.endpoint().map(Value::from),
        Fact::ReaderHost => cluster.reader_endpoint().map(Value::from),
        Fact::Port => cluster.port().map(Value::from),
        Fact::MasterSecret => master_secret(cluster).map(Value::from),
        Fact::Cluster | Fact::Table | Fact::FileSystem | Fact::Directory => {
            cluster.db_cluster_identifier().map(Value::from)
        }
    }
}

fn of_cluster(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::Host | Fact::ReaderHost | Fact::Port | Fact::Cluster | Fact::MasterSecret
    )
}

/// What would prevent a fact of the copy from existing: a master secret, if RDS managed none when the set was created.
pub fn check(switch: &Switch, field: &str, fact: Fact, item: &RestoreItem) -> Option<Fault> {
    let captured = item.configuration.pointer("/DBCluster/MasterUserSecret");
    (fact == Fact::MasterSecret && !captured.is_some_and(Value::is_object)).then(|| {
        fault(
            switch,
            field,
            format!("master_secret of {}", item.planned.resource.name),
            "another fact: RDS did not manage the master password of this cluster when the set was made, so its copy has no \
             secret of its own",
        )
    })
}

/// Whether the item's restore created a cluster.
pub fn is_ours(cluster: &DbCluster, item: &RestoreItem) -> bool {
    clusters::has_tag(cluster, TAG_RESTORE, &item.restore)
}

fn word(fact: Fact) -> String {
    let word = serde_json::to_value(fact).ok();
    word.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}
