//! MiniStack as a child process: started on a private port, on the lab's clock, and ended with all its functions.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::durations::Seconds;
use crate::reaper::Reaper;

/// The program that runs MiniStack, and its modules, by file name.
const PROGRAM: &[(&str, &str)] = &[
    ("ministack_clock.py", include_str!("../ministack/ministack_clock.py")),
    (
        "ministack_autoscaling.py",
        include_str!("../ministack/ministack_autoscaling.py"),
    ),
    (
        "ministack_credentials.py",
        include_str!("../ministack/ministack_credentials.py"),
    ),
    (
        "ministack_dynamodb.py",
        include_str!("../ministack/ministack_dynamodb.py"),
    ),
    ("ministack_ecs.py", include_str!("../ministack/ministack_ecs.py")),
    (
        "ministack_exports.py",
        include_str!("../ministack/ministack_exports.py"),
    ),
    (
        "ministack_fargate.py",
        include_str!("../ministack/ministack_fargate.py"),
    ),
    ("ministack_iam.py", include_str!("../ministack/ministack_iam.py")),
    ("ministack_lambda.py", include_str!("../ministack/ministack_lambda.py")),
    ("ministack_layers.py", include_str!("../ministack/ministack_layers.py")),
    (
        "ministack_route53.py",
        include_str!("../ministack/ministack_route53.py"),
    ),
    (
        "ministack_run_task.py",
        include_str!("../ministack/ministack_run_task.py"),
    ),
    ("ministack_stacks.py", include_str!("../ministack/ministack_stacks.py")),
    ("ministack_steps.py", include_str!("../ministack/ministack_steps.py")),
    ("ministack_tasks.py", include_str!("../ministack/ministack_tasks.py")),
    ("ministack_waits.py", include_str!("../ministack/ministack_waits.py")),
];

/// MiniStack imports for some seconds: far longer where several labs start at once on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(300);

/// How MiniStack is started.
pub struct Setup<'a> {
    /// Python interpreter that has `ministack` and `time-machine`.
    pub python: &'a Path,
    /// The lab's directory; MiniStack's data and log go there.
    pub dir: &'a Path,
    /// Its private port.
    pub port: u16,
    /// The front door, which functions use as their endpoint.
    pub endpoint: &'a str,
    /// The length of Step Functions' waits and retry delays.
    pub waits: WaitMode,
    /// Whether IAM policies are enforced.
    pub auth: bool,
    /// Further environment variables, for MiniStack and the functions.
    pub environment: &'a [(String, String)],
}

/// The length of Step Functions' waits and retry delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WaitMode {
    /// This fraction of their full length, in real time: 0.05 makes a minute three seconds.
    Scaled(f64),
    /// Their full length, by the lab's clock, which has to be moved.
    ByClock,
}

impl WaitMode {
    fn scale(self) -> f64 {
        match self {
            Self::Scaled(scale) => scale,
            Self::ByClock => 1.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scaled(_) => "scaled",
            Self::ByClock => "clock",
        }
    }
}

/// The activity of MiniStack's executions.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ExecutionActivity {
    /// How many are busy, or have just been resumed.
    pub busy: i64,
    /// Seconds until the next one's wait is over.
    pub next_seconds: Option<f64>,
}

/// A running MiniStack.
pub struct Ministack {
    process: Mutex<Option<Child>>,
    clock: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    waits: WaitMode,
}

impl Ministack {
    /// Starts MiniStack and waits until it responds.
    ///
    /// # Errors
    /// If it can't be started, ends, or does not respond within [`START_LIMIT`]; with the end of its log.
    pub async fn start(setup: &Setup<'_>, reaper: &Reaper) -> anyhow::Result<Self> {
        let data = setup.dir.join("ministack");
        let temporary = data.join("tmp");
        std::fs::create_dir_all(&temporary).with_context(|| format!("creating {}", temporary.display()))?;
        let program = write_program(&data.join("program"))?;
        let log_path = setup.dir.join("ministack.log");
        let log = std::fs::File::create(&log_path).with_context(|| format!("creating {}", log_path.display()))?;
        let (mark, value) = reaper.mark();
        let mut process = Command::new(setup.python)
            .arg(&program)
            .env(mark, value)
            .env("GATEWAY_PORT", setup.port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("SFN_WAIT_SCALE", setup.waits.scale().to_string())
            .env("LAB_WAITS", setup.waits.name())
            .env("AUTH", if setup.auth { "true" } else { "false" })
            .env("S3_DATA_DIR", data.join("s3"))
            .env("STATE_DIR", data.join("state"))
            .env("TMPDIR", &temporary)
            .env("AWS_ENDPOINT_URL", setup.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", crate::world::REGION)
            .env("AWS_DEFAULT_REGION", crate::world::REGION)
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .envs(setup.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting MiniStack with {}", setup.python.display()))?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("starting MiniStack: no pipes to it");
        };
        let answers = async {
            loop {
                if let Some(status) = process.try_wait()? {
                    bail!("it ended with {status}");
                }
                if healthy(setup.port).await {
                    return Ok(());
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = timeout(START_LIMIT, answers).await;
        if let Err(error) = waited.unwrap_or_else(|_| Err(anyhow::anyhow!("no response for {START_LIMIT:?}"))) {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(15).collect();
            let tail: Vec<&str> = lines.into_iter().rev().collect();
            bail!(
                "MiniStack did not start: {error}. Are `ministack` and `time-machine` installed for {}? Its log ends:\n{}",
                setup.python.display(),
                tail.join("\n")
            );
        }
        Ok(Self {
            process: Mutex::new(Some(process)),
            clock: Mutex::new((stdin, BufReader::new(stdout))),
            waits: setup.waits,
        })
    }

    /// Process id, while it runs.
    pub async fn pid(&self) -> Option<u32> {
        self.process.lock().await.as_ref().and_then(Child::id)
    }

    /// The length of its executions' waits.
    #[must_use]
    pub fn waits(&self) -> WaitMode {
        self.waits
    }

    /// Makes MiniStack's clock run `ahead` of the machine's; returns when it does.
    ///
    /// # Errors
    /// If MiniStack has ended or does not confirm within a minute.
    pub async fn set_clock_offset(&self, ahead: Duration) -> anyhow::Result<()> {
        self.send_line(&format!("{:.3}", ahead.as_secs_f64())).await.map(drop)
    }

    /// Applies the lab's durations to MiniStack's own jobs.
    ///
    /// # Errors
    /// As [`Ministack::set_clock_offset`].
    pub async fn set_durations(&self, seconds: &Seconds) -> anyhow::Result<()> {
        let durations = serde_json::json!({
            "table_export": seconds.table_export,
            "table_restore": seconds.table_restore,
            "table_backup": seconds.table_backup,
        });
        self.send_line(&durations.to_string()).await.map(drop)
    }

    /// The activity of its executions; for a MiniStack whose waits are [`WaitMode::ByClock`].
    ///
    /// # Errors
    /// As [`Ministack::set_clock_offset`].
    pub async fn execution_activity(&self) -> anyhow::Result<ExecutionActivity> {
        let answer = self.send_line("\"waits\"").await?;
        serde_json::from_str(&answer).with_context(|| format!("reading what MiniStack's executions do: {answer}"))
    }

    /// Writes a line to MiniStack's standard input; returns its response line.
    async fn send_line(&self, line: &str) -> anyhow::Result<String> {
        let mut clock = self.clock.lock().await;
        let (stdin, stdout) = &mut *clock;
        let told = async {
            stdin.write_all(format!("{line}\n").as_bytes()).await?;
            stdin.flush().await?;
            let mut line = String::new();
            match stdout.read_line(&mut line).await? {
                0 => bail!("it has ended"),
                _ => Ok(line),
            }
        };
        timeout(Duration::from_secs(60), told)
            .await
            .unwrap_or_else(|_| Err(anyhow::anyhow!("no confirmation for a minute")))
            .context("setting MiniStack's clock")
    }

    /// Requests its end, and kills it after five seconds.
    pub async fn stop(&self) {
        let Some(mut process) = self.process.lock().await.take() else {
            return;
        };
        if let Some(pid) = process.id().and_then(|pid| i32::try_from(pid).ok()) {
            let pid = nix::unistd::Pid::from_raw(pid);
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
        if timeout(Duration::from_secs(5), process.wait()).await.is_err() {
            let _ = process.kill().await;
        }
    }
}

/// Writes the program into a directory of its own and returns the file to run.
fn write_program(dir: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    for (name, text) in PROGRAM {
        let file = dir.join(name);
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(dir.join(PROGRAM[0].0))
}

/// Whether the health page on this port returns 200.
async fn healthy(port: u16) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream
            .write_all(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status).await?;
        Ok::<_, std::io::Error>(status)
    };
    let answer = timeout(Duration::from_secs(2), asked).await;
    matches!(answer, Ok(Ok(status)) if status.contains(" 200 "))
}
