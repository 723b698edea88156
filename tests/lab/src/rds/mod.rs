//! RDS: Aurora PostgreSQL clusters, each a real PostgreSQL server, behind the AWS Query protocol of API version
//! 2014-10-31. Every call signed for `rds` is handled here; none is passed to MiniStack, whose RDS has no data.

mod actions;
mod addresses;
mod automated;
pub(crate) mod catalogue;
mod clearing;
mod cluster;
mod endpoints;
mod fault;
mod groups;
mod initial_state;
mod instance;
mod job;
mod keys;
mod names;
mod paging;
mod plane;
mod query;
mod rules;
mod secret;
mod settings;
mod snapshot;
mod state;
mod tags;
mod timeline;
mod xml;

use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::service::{Answer, BoxedFuture, Call, Protocol, Service, Tagged};
use crate::world::World;
use plane::Plane;
use query::Query;

/// The RDS of a lab.
pub struct Rds {
    plane: Arc<Plane>,
    clock: JoinHandle<()>,
}

impl Rds {
    /// Prepares PostgreSQL and starts an empty region. The lab CA's certificate is in `ca.pem` of the lab's directory.
    ///
    /// # Errors
    /// If PostgreSQL's programs, a place for data directories or a user to run them is missing.
    pub async fn start(world: Arc<World>) -> anyhow::Result<Self> {
        let plane = Plane::new(world).await?;
        let clock = tokio::spawn(plane.clone().tick());
        Ok(Self { plane, clock })
    }
}

impl Service for Rds {
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>> {
        Box::pin(async move {
            if call.service != "rds" {
                return None;
            }
            // A task of its own: an accepted call continues if its client disconnects.
            let task = tokio::spawn(answer(self.plane.clone(), call.clone()));
            Some(task.await.unwrap_or_else(|error| {
                let message = format!("the lab's RDS broke: {error}");
                Answer::error(Protocol::Query, 500, "InternalFailure", &message)
            }))
        })
    }

    fn page(&self, name: &str) -> Option<Value> {
        (name == "rds").then(|| self.plane.page())
    }

    fn tagged(&self) -> Tagged {
        let state = self.plane.state();
        let clusters = state
            .clusters
            .values()
            .map(|cluster| (cluster.arn.clone(), cluster.tags.clone()));
        let instances = state
            .instances
            .values()
            .map(|instance| (instance.arn.clone(), instance.tags.clone()));
        let snapshots = state
            .snapshots
            .values()
            .map(|snapshot| (snapshot.arn.clone(), snapshot.tags.clone()));
        clusters.chain(instances).chain(snapshots).collect()
    }

    fn clear(&self) -> BoxedFuture<'_, ()> {
        Box::pin(self.plane.clear())
    }

    fn stop(&self) -> BoxedFuture<'_, ()> {
        Box::pin(async {
            self.clock.abort();
            self.plane.stop().await;
        })
    }
}

async fn answer(plane: Arc<Plane>, call: Call) -> Answer {
    let form = String::from_utf8_lossy(&call.body);
    let query = Query::read(&format!("{form}&{}", call.query));
    plane.settle().await;
    let result = actions::run(&plane, &call, &query).await;
    plane.settle().await;
    match result {
        Ok(xml) => xml.answer(&call.action),
        Err(fault) => Answer::error(Protocol::Query, fault.status, fault.code, &fault.message),
    }
}
