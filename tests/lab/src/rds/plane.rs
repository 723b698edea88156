//! The control plane: the region's state, the servers behind it, and the clock that moves both.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::automated::AutomatedBackup;
use super::cluster::{Cluster, latest_restorable};
use super::initial_state;
use super::snapshot::{Kind, Phase, Snapshot};
use super::state::{Discard, State};
use super::tags::Tags;
use crate::postgres::{Authority, Listener, Postgres, Server};
use crate::world::World;

/// An open port and its target.
pub struct OpenPort {
    pub(super) socket: PathBuf,
    pub(super) listener: Listener,
}

/// The state that the operations work on.
pub struct Plane {
    /// The state that the lab's services share.
    pub world: Arc<World>,
    /// Creates servers.
    pub postgres: Arc<Postgres>,
    pub(super) authority: Authority,
    state: Mutex<State>,
    pub(super) doors: tokio::sync::Mutex<BTreeMap<SocketAddr, OpenPort>>,
}

impl Plane {
    /// An empty region with the account's default groups.
    ///
    /// # Errors
    /// If PostgreSQL can't be prepared or the lab CA can't be written.
    pub async fn new(world: Arc<World>) -> anyhow::Result<Arc<Self>> {
        let postgres = Postgres::prepare(&world).await?;
        let authority = Authority::create(&world.dir.join("ca.pem")).context("making the lab's CA")?;
        let state = Mutex::new(initial_state::empty(&world));
        let plane = Self {
            world,
            postgres,
            authority,
            state,
            doors: tokio::sync::Mutex::default(),
        };
        plane.observe();
        Ok(Arc::new(plane))
    }

    /// The state; must not be held across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The lab's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Records how far the lab's clock is ahead of the machine's.
    fn observe(&self) {
        let clock = &self.world.clock;
        self.state().timeline.observe(Timestamp::now(), clock.offset());
    }

    /// The machine's time when the lab's clock showed `lab`.
    #[must_use]
    pub fn machine_time(&self, lab: Timestamp) -> Timestamp {
        let clock = &self.world.clock;
        let offset = SignedDuration::try_from(clock.offset()).unwrap_or_default();
        // The lab's clock is based on the monotonic clock, PostgreSQL's on the wall clock.
        let drift = Timestamp::now().duration_since(clock.now()) + offset;
        let real = self.state().timeline.real(lab);
        real.checked_add(drift).unwrap_or(real)
    }

    /// Applies everything that is due: statuses, deletions, open ports.
    pub async fn settle(&self) {
        self.observe();
        let discards = self.state().advance(self.now());
        self.open_ports().await;
        // Removing a data directory takes seconds on some file systems: nobody waits for it here.
        self.throw_away_all(discards);
    }

    /// Stops and removes in the background; each task ends when that is done.
    fn throw_away_all(&self, discards: Vec<Discard>) -> Vec<JoinHandle<()>> {
        let throw_away = |discard| {
            let postgres = self.postgres.clone();
            tokio::spawn(async move { throw_away(&postgres, discard).await })
        };
        discards.into_iter().map(throw_away).collect()
    }

    /// Settles forever, several times a second and whenever the clock is moved.
    pub async fn tick(self: Arc<Self>) {
        loop {
            self.settle().await;
            self.world.clock.sleep(Duration::from_millis(100)).await;
        }
    }

    /// Runs the work behind a new cluster, which starts its server, and records the result in the cluster. The cluster's
    /// automated backups begin with it.
    pub fn work<F>(self: &Arc<Self>, resource_id: String, start: F)
    where
        F: Future<Output = anyhow::Result<Server>> + Send + 'static,
    {
        let plane = self.clone();
        let running = self.world.work.begin();
        tokio::spawn(async move {
            let started = async {
                let server = Arc::new(start.await?);
                server.start_backups().await?;
                anyhow::Ok(server)
            };
            let outcome = started.await;
            if let Err(error) = &outcome {
                tracing::error!(resource_id, "a cluster can't be started: {error:#}");
            }
            let unclaimed = plane.arrived(&resource_id, outcome.ok());
            if let Some(server) = unclaimed {
                server.stop().await;
                let _ = plane.postgres.remove(server.home()).await;
            }
            drop(running);
        });
    }

    /// Assigns a started server to its cluster; returns it if the cluster was deleted.
    fn arrived(&self, resource_id: &str, server: Option<Arc<Server>>) -> Option<Arc<Server>> {
        let now = self.now();
        let mut state = self.state();
        let Some(cluster) = state.clusters.values_mut().find(|c| c.resource_id == resource_id) else {
            return server;
        };
        if let super::cluster::Phase::Creating(job) = &mut cluster.phase {
            job.worked = Some(server.is_some());
        }
        let server = server?;
        let home = server.home().to_owned();
        cluster.server = Some(server);
        cluster.backed_up_since = Some(now);
        let cluster = cluster.clone();
        let snapshot = self.first_automated_snapshot(&state, &cluster, &home, now);
        state.snapshots.insert(snapshot.id.clone(), snapshot);
        None
    }

    fn first_automated_snapshot(&self, state: &State, cluster: &Cluster, home: &Path, now: Timestamp) -> Snapshot {
        let id = format!("rds:{}-{}", cluster.id, now.strftime("%Y-%m-%d-%H-%M"));
        Snapshot {
            arn: self.world.arn("rds", &format!("cluster-snapshot:{id}")),
            id,
            kind: Kind::Automated,
            cluster: cluster.id.clone(),
            cluster_resource_id: cluster.resource_id.clone(),
            cluster_created: cluster.created,
            created: now,
            vpc: state.vpc(&cluster.settings),
            settings: cluster.settings.clone(),
            source_arn: None,
            tags: Tags::new(),
            shared_with: std::collections::BTreeSet::new(),
            phase: Phase::Available,
            path: home.join("base"),
        }
    }

    /// What point-in-time restores need of an existing cluster, `None` while it has no backups.
    #[must_use]
    pub fn automated_backup(&self, state: &State, cluster: &Cluster) -> Option<AutomatedBackup> {
        let now = self.now();
        let earliest = cluster.earliest_restorable(now)?;
        Some(AutomatedBackup {
            arn: self.world.arn(
                "rds",
                &format!("cluster-auto-backup:{}", cluster.resource_id.to_lowercase()),
            ),
            cluster: cluster.id.clone(),
            cluster_arn: cluster.arn.clone(),
            resource_id: cluster.resource_id.clone(),
            cluster_created: cluster.created,
            vpc: state.vpc(&cluster.settings),
            settings: cluster.settings.clone(),
            tags: cluster.tags.clone(),
            earliest,
            latest: latest_restorable(now).max(earliest),
            status: "active",
            home: cluster.server.as_ref()?.home().to_owned(),
        })
    }

    /// Information for tests: addresses, and the places of data and backups on disk.
    #[must_use]
    pub fn page(&self) -> Value {
        let state = self.state();
        let clusters: BTreeMap<&String, Value> = state
            .clusters
            .iter()
            .map(|(id, cluster)| {
                let home = cluster.server.as_ref().map(|server| server.home());
                let page = json!({
                    "host": cluster.endpoint.writer,
                    "reader_host": cluster.endpoint.reader,
                    "port": cluster.endpoint.port,
                    "status": cluster.status(),
                    "data_dir": home.map(|home| home.join("data")),
                });
                (id, page)
            })
            .collect();
        let snapshots: BTreeMap<&String, &Path> = state
            .snapshots
            .iter()
            .map(|(id, snapshot)| (id, snapshot.path.as_path()))
            .collect();
        json!({"clusters": clusters, "snapshots": snapshots})
    }

    /// Removes every cluster, instance and snapshot at once, as AWS never does, and waits until their servers and files are gone.
    pub async fn clear(&self) {
        let discards = self.state().clear();
        self.settle().await;
        for removal in self.throw_away_all(discards) {
            let _ = removal.await;
        }
    }

    /// Closes all ports and stops all servers.
    pub async fn stop(&self) {
        self.doors.lock().await.clear();
        let servers: Vec<Arc<Server>> = self
            .state()
            .clusters
            .values_mut()
            .filter_map(|cluster| cluster.server.take())
            .collect();
        let stops = servers
            .into_iter()
            .map(|server| tokio::spawn(async move { server.stop().await }));
        for stop in stops.collect::<Vec<_>>() {
            let _ = stop.await;
        }
        self.postgres.clean_up().await;
    }
}

/// A new ARN-able resource id: `cluster-` and 26 capital letters and digits.
#[must_use]
pub fn resource_id(prefix: &str) -> String {
    format!("{prefix}-{}", crate::ids::hex(26).to_uppercase())
}

/// The id of the Route 53 zone of the region's endpoints, the same for all clusters.
pub const HOSTED_ZONE: &str = "Z2R2ITUGPM61AM";

async fn throw_away(postgres: &Postgres, discard: Discard) {
    if let Some(server) = discard.server {
        server.stop().await;
    }
    if let Some(path) = discard.path
        && let Err(error) = postgres.remove(&path).await
    {
        tracing::warn!("a deletion was incomplete: {error:#}");
    }
}
