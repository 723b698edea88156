//! A running lab: the real `holdfast-lab` binary as a child process, and its control API.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::aws::Aws;

/// How to start a lab.
#[derive(Debug, Clone)]
pub struct Options {
    /// Factor on every Wait and retry delay of a state machine; 0 skips them.
    pub wait_scale: f64,
    /// Whether IAM policies are enforced.
    pub auth: bool,
    /// Seconds that each job takes.
    pub job_seconds: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait_scale: 0.01,
            auth: false,
            job_seconds: 0.3,
        }
    }
}

/// A lab that stops, with everything in it, when dropped.
pub struct Lab {
    child: Child,
    directory: PathBuf,
    /// The one endpoint for every AWS client.
    pub endpoint: String,
    /// The environment variables of a client.
    pub environment: BTreeMap<String, String>,
    http: reqwest::Client,
}

static STARTED: AtomicU32 = AtomicU32::new(0);

/// The top of the checkout.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// A program of this workspace, built with the running one: in the same directory, or in the parent directory of a test.
pub fn program(name: &str) -> PathBuf {
    let running = std::env::current_exe().unwrap_or_default();
    let mut places = running.ancestors().skip(1).map(|place| place.join(name));
    places
        .find(|program| program.is_file())
        .unwrap_or_else(|| repository().join("target/lab").join(name))
}

impl Lab {
    /// Starts a lab in a directory of its own and waits until it is ready.
    pub async fn start(options: &Options) -> Result<Self> {
        Self::start_with(options, &["--wait-scale", &options.wait_scale.to_string()]).await
    }

    /// The same, but Wait states and retry delays have their full length by the lab's clock, which [`Lab::skip`] moves.
    pub async fn start_by_clock() -> Result<Self> {
        Self::start_with(&Options::default(), &["--wait-by-clock"]).await
    }

    async fn start_with(options: &Options, waits: &[&str]) -> Result<Self> {
        let name = format!(
            "holdfast-lab-{}-{}",
            std::process::id(),
            STARTED.fetch_add(1, Ordering::Relaxed)
        );
        let directory = std::env::temp_dir().join(name);
        let binary = program("holdfast-lab");
        let mut command = Command::new(&binary);
        command
            .current_dir(repository())
            .arg("--port")
            .arg("0")
            .arg("--dir")
            .arg(&directory);
        command.args(waits);
        if options.auth {
            command.arg("--auth");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}; `make` builds it", binary.display()))?;
        let endpoint = match ready(&mut child) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let environment = environment(&directory.join("env"))?;
        let lab = Self {
            child,
            directory,
            endpoint,
            environment,
            http: reqwest::Client::new(),
        };
        lab.set_durations(options.job_seconds).await?;
        Ok(lab)
    }

    /// A client of the lab's account.
    pub fn aws(&self) -> Result<Aws> {
        let field = |name: &str| self.environment.get(name).cloned().unwrap_or_default();
        Aws::new(
            &self.endpoint,
            &field("AWS_ACCESS_KEY_ID"),
            &field("AWS_SECRET_ACCESS_KEY"),
        )
    }

    /// Where the lab keeps its files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes every job except a table's backup take `seconds`: AWS creates those in seconds, the lab at once.
    pub async fn set_durations(&self, seconds: f64) -> Result<()> {
        let durations = self.control(reqwest::Method::GET, "durations", None).await?;
        let names = durations
            .as_object()
            .map(|map| map.keys().cloned().collect::<Vec<_>>())
            .unwrap_or_default();
        let same = names
            .into_iter()
            .filter(|name| name != "table_backup")
            .map(|name| (name, json!(seconds)))
            .collect::<serde_json::Map<_, _>>();
        self.control(reqwest::Method::PUT, "durations", Some(Value::Object(same)))
            .await?;
        Ok(())
    }

    /// Makes the lab's clock jump ahead.
    pub async fn advance_clock(&self, seconds: u64) -> Result<()> {
        self.control(
            reqwest::Method::POST,
            "clock",
            Some(json!({ "advance_seconds": seconds })),
        )
        .await?;
        Ok(())
    }

    /// Once the lab is idle, moves the clock to the next time that something waits for; returns whether there was any.
    pub async fn skip(&self) -> Result<bool> {
        let skipped = self
            .control(reqwest::Method::POST, "clock", Some(json!({ "skip": true })))
            .await?;
        Ok(!skipped["skipped_seconds"].is_null())
    }

    /// The time in the lab, in RFC 3339.
    pub async fn now(&self) -> Result<String> {
        let answer = self.control(reqwest::Method::GET, "clock", None).await?;
        Ok(answer["now"]
            .as_str()
            .with_context(|| format!("no time in {answer}"))?
            .to_owned())
    }

    /// Injects a fault; returns its id.
    pub async fn inject(&self, rule: Value) -> Result<u64> {
        let answer = self.control(reqwest::Method::POST, "faults", Some(rule)).await?;
        answer["id"].as_u64().with_context(|| format!("no id in {answer}"))
    }

    /// How often a fault has occurred.
    pub async fn hits(&self, id: u64) -> Result<u64> {
        let faults = self.control(reqwest::Method::GET, "faults", None).await?;
        let fault = faults
            .as_array()
            .and_then(|all| all.iter().find(|fault| fault["id"] == id).cloned());
        Ok(fault.and_then(|fault| fault["hits"].as_u64()).unwrap_or_default())
    }

    /// Removes every fault.
    pub async fn heal(&self) -> Result<()> {
        self.control(reqwest::Method::DELETE, "faults", None).await.map(drop)
    }

    /// Removes every Aurora cluster, instance and snapshot, with its server and files.
    pub async fn clear_databases(&self) -> Result<()> {
        self.control(reqwest::Method::DELETE, "databases", None).await.map(drop)
    }

    /// The calls since entry `since`, oldest first.
    pub async fn ledger(&self, since: u64) -> Result<Vec<Value>> {
        let calls = self
            .control(reqwest::Method::GET, &format!("ledger?since={since}"), None)
            .await?;
        Ok(calls.as_array().cloned().unwrap_or_default())
    }

    /// Number of the newest entry of the ledger.
    pub async fn ledger_position(&self) -> Result<u64> {
        let answer = self.control(reqwest::Method::GET, "ledger/position", None).await?;
        answer["seq"].as_u64().with_context(|| format!("no number in {answer}"))
    }

    /// One call of the control API.
    pub async fn control(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}/_lab/{path}", self.endpoint);
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("the lab refused {url}: {status} {text}");
        }
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&text)?)
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The endpoint, from the line `ready <endpoint>`; why the lab ended, if it did.
fn ready(child: &mut Child) -> Result<String> {
    let output = child.stdout.take().context("the lab has no output")?;
    let mut errors = child.stderr.take().context("the lab has no errors")?;
    let mut lines = BufReader::new(output).lines();
    for line in lines.by_ref() {
        if let Some(endpoint) = line?.strip_prefix("ready ") {
            // The rest of its output is discarded, so that the lab never blocks on a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::stderr()));
            return Ok(endpoint.trim().to_owned());
        }
    }
    let mut said = String::new();
    errors.read_to_string(&mut said)?;
    bail!(
        "the lab ended before it was ready, with {}: {}",
        child.wait()?,
        said.trim()
    )
}

/// The variables of an `env` file: lines `export NAME=value` or `NAME=value`, quoted or not.
fn environment(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let pairs = text
        .lines()
        .filter_map(|line| line.trim_start_matches("export ").split_once('='));
    Ok(pairs
        .map(|(name, value)| {
            (
                name.trim().to_owned(),
                value.trim().trim_matches(['"', '\'']).to_owned(),
            )
        })
        .collect())
}
