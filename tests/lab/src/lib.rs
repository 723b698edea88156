//! The lab: an AWS account on this machine, for demos and tests.
//!
//! One front door on one loopback port serves RDS, AWS Backup, EFS and other services that MiniStack lacks, and passes
//! everything else on to MiniStack.

pub mod account;
pub mod autoscaling;
pub mod backend;
pub mod backup;
pub mod call;
pub mod clients;
pub mod clock;
pub mod control;
pub mod durations;
pub mod efs;
pub mod errors;
pub mod faults;
pub mod front_door;
pub mod ids;
pub mod keys;
pub mod ledger;
pub mod ministack;
pub mod models;
pub mod order;
pub mod postgres;
pub mod rds;
pub mod reaper;
pub mod rest;
pub mod run_command;
pub mod service;
pub mod skipping;
pub mod tagging;
pub mod tools;
pub mod upstream;
pub mod work;
pub mod world;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use nix::fcntl::{Flock, FlockArg};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::backend::Backend;
pub use crate::ministack::WaitMode;
use crate::service::Service;
use crate::world::World;

/// The file that marks a lab's directory, and is locked while the lab runs.
const MARKER: &str = ".holdfast-lab";

/// How a lab is set up.
#[derive(Clone, Debug)]
pub struct LabConfig {
    /// Port of the front door; 0 for a free one.
    pub port: u16,
    /// The lab's directory; created, and cleared of an earlier lab's files.
    pub dir: PathBuf,
    /// Python with the packages of `tests/requirements-lab.txt`; see [`tools::python`].
    pub python: Option<PathBuf>,
    /// The length of Step Functions' waits and retry delays.
    pub waits: WaitMode,
    /// Whether MiniStack enforces IAM policies; the clock can't be advanced then.
    pub auth: bool,
    /// Decides what AWS does not define, such as the order of a list.
    pub seed: u64,
    /// Further environment variables for MiniStack and the functions that it runs.
    pub environment: Vec<(String, String)>,
}

impl LabConfig {
    /// A lab in this directory, on a free port, with quick waits.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            port: 0,
            dir: dir.into(),
            python: None,
            waits: WaitMode::Scaled(0.05),
            auth: false,
            seed: 0,
            environment: Vec::new(),
        }
    }
}

/// A running lab. Call [`Lab::stop`] to end it; when it is dropped or killed, everything ends too.
pub struct Lab {
    house: Arc<Backend>,
    door: JoinHandle<()>,
    endpoint: String,
    _lock: Flock<File>,
}

impl Lab {
    /// Starts a lab and waits until it is ready.
    ///
    /// # Errors
    /// If the port is taken, the directory can't be written, or MiniStack does not start; nothing is left running.
    pub async fn start(config: LabConfig) -> anyhow::Result<Self> {
        let (dir, lock) = prepare(&config.dir)?;
        let python = tools::python(config.python.as_deref())?;
        let listener = TcpListener::bind(("127.0.0.1", config.port))
            .await
            .with_context(|| format!("opening the front door on port {}", config.port))?;
        let port = listener.local_addr().context("opening the front door")?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let reaper = reaper::Reaper::start(&python).with_context(|| format!("starting {}", python.display()))?;
        let upstream_port = tools::ReservedPort::take()?;
        let world = Arc::new(World {
            clock: clock::Clock::new(),
            durations: durations::Durations::default(),
            faults: faults::Faults::default(),
            order: order::ListOrder::new(config.seed),
            dir,
            account: world::ACCOUNT,
            region: world::REGION,
            python,
            upstream: upstream::Upstream::new(upstream_port.number),
            reaper,
            work: work::Work::default(),
        });
        let setup = ministack::Setup {
            python: &world.python,
            dir: &world.dir,
            port: upstream_port.number,
            endpoint: &endpoint,
            waits: config.waits,
            auth: config.auth,
            environment: &config.environment,
        };
        let opened = async {
            let ministack = ministack::Ministack::start(&setup, &world.reaper);
            let models = models::Models::prepare(&world.python, &world.dir);
            let opened = tokio::try_join!(ministack, services(&world), models)?;
            write_env(&world.dir, &env(&world.dir, &endpoint))?;
            Ok(opened)
        };
        let (ministack, services, models) = match opened.await {
            Ok(opened) => opened,
            Err(error) => {
                // Nothing that was started must outlive the error.
                let _ = tokio::task::spawn_blocking(move || world.reaper.finish()).await;
                return Err(error);
            }
        };
        let house = Arc::new(Backend {
            world,
            services,
            ledger: ledger::Ledger::default(),
            ministack,
            models,
            port,
            auth: config.auth,
        });
        let door = tokio::spawn(front_door::serve(house.clone(), listener));
        Ok(Self {
            house,
            door,
            endpoint,
            _lock: lock,
        })
    }

    /// The endpoint for all AWS clients: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The control API's URL.
    #[must_use]
    pub fn control(&self) -> String {
        format!("{}/_lab", self.endpoint)
    }

    /// The environment variables that make an AWS client use this lab.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        env(&self.house.world.dir, &self.endpoint)
    }

    /// Shared by the services: clock, durations, faults.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.house.world
    }

    /// Every call so far.
    #[must_use]
    pub fn ledger(&self) -> &ledger::Ledger {
        &self.house.ledger
    }

    /// Ends everything: the front door first, then the services, MiniStack, and the remaining processes.
    pub async fn stop(self) {
        self.door.abort();
        for service in &self.house.services {
            service.stop().await;
        }
        self.house.ministack.stop().await;
        let house = self.house.clone();
        // Waits for a process, on a thread of its own.
        let _ = tokio::task::spawn_blocking(move || house.world.reaper.finish()).await;
    }
}

impl Drop for Lab {
    /// After [`Lab::stop`] there is nothing to do; without it, everything is ended at once.
    fn drop(&mut self) {
        self.door.abort();
        self.house.world.reaper.finish();
    }
}

fn env(dir: &Path, endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_REGION", world::REGION.to_owned()),
        ("AWS_DEFAULT_REGION", world::REGION.to_owned()),
        ("HOLDFAST_LAB", format!("{endpoint}/_lab")),
        ("LAB_CA", dir.join("ca.pem").display().to_string()),
    ]
}

fn write_env(dir: &Path, env: &[(&'static str, String)]) -> anyhow::Result<()> {
    let file = dir.join("env");
    let lines: String = env
        .iter()
        .map(|(name, value)| format!("export {name}='{value}'\n"))
        .collect();
    std::fs::write(&file, lines).with_context(|| format!("writing {}", file.display()))
}

/// The services that the lab implements itself. Each is tried in turn; other calls are passed to MiniStack.
async fn services(world: &Arc<World>) -> anyhow::Result<Vec<Arc<dyn Service>>> {
    let efs = Arc::new(efs::Efs::new(world.clone()));
    let rds = Arc::new(rds::Rds::start(world.clone()).await?);
    let backup = Arc::new(backup::Backup::new(world.clone(), efs.clone()));
    let autoscaling = Arc::new(autoscaling::Autoscaling::new(world.clone()));
    let run_command = Arc::new(run_command::RunCommand::new(world.clone()));
    let mut services: Vec<Arc<dyn Service>> = vec![rds, efs, backup, autoscaling, run_command];
    let tagging = tagging::Tagging::new(world.clone(), services.clone());
    services.push(Arc::new(tagging));
    Ok(services)
}

/// An absolute, empty directory for the lab, held until the returned lock is dropped; refuses one that holds
/// anything but an earlier lab, and one that a running lab uses.
fn prepare(dir: &Path) -> anyhow::Result<(PathBuf, Flock<File>)> {
    std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let dir = dir
        .canonicalize()
        .with_context(|| format!("resolving {}", dir.display()))?;
    let marker = dir.join(MARKER);
    let entries: Vec<_> = std::fs::read_dir(&dir)
        .and_then(Iterator::collect::<Result<_, _>>)
        .with_context(|| format!("reading {}", dir.display()))?;
    anyhow::ensure!(
        entries.is_empty() || marker.exists(),
        "{} is not empty and no lab created it: name another directory with --dir",
        dir.display()
    );
    let file = File::create(&marker).with_context(|| format!("writing {}", marker.display()))?;
    let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else {
        anyhow::bail!(
            "a lab is running in {}: stop it, or name another directory with --dir",
            dir.display()
        );
    };
    for entry in entries.iter().filter(|entry| entry.file_name() != MARKER) {
        let path = entry.path();
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_dir {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.with_context(|| format!("removing the earlier lab's {}", path.display()))?;
    }
    Ok((dir, lock))
}
