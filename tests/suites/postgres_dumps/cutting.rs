//! A socket in front of a server's own, which cuts a connection at a chosen statement.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Which statement is cut off, and when.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub statement: Statement,
    /// Whether it takes effect, and only its response is lost.
    pub after: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// By its number, of all connections together, without those that end sessions.
    Number(usize),
    /// The first that ends sessions.
    EndingSessions,
}

#[derive(Default)]
struct State {
    cut: Option<Cut>,
    counted: usize,
}

/// The socket. It is gone when this is dropped.
pub struct CuttingSocket {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl CuttingSocket {
    /// Takes the place of the socket in a server's directory.
    pub fn take_place(home: &Path) -> Result<Self> {
        let (place, moved) = (home.join(".s.PGSQL.5432"), home.join("moved"));
        std::fs::rename(&place, &moved).context("moving the server's socket")?;
        let listener = UnixListener::bind(&place)?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (state, moved) = (shared.clone(), moved.clone());
                tokio::spawn(async move {
                    // Its end is what a cut is.
                    let _ = pass(client, &moved, &state).await;
                });
            }
        });
        Ok(Self { state, task })
    }

    /// Counts statements from now, and cuts one.
    pub fn arm(&self, cut: Cut) {
        *lock(&self.state) = State {
            cut: Some(cut),
            counted: 0,
        };
    }

    /// Whether the cut happened; it does not any more.
    pub fn disarm(&self) -> bool {
        lock(&self.state).cut.take().is_none()
    }
}

impl Drop for CuttingSocket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this statement is cut, and if so, when.
fn due(state: &Mutex<State>, text: &[u8]) -> Option<Cut> {
    let mut state = lock(state);
    let statement = match text.starts_with(b"SELECT pg_terminate_backend") {
        true => Statement::EndingSessions,
        false => {
            state.counted += 1;
            Statement::Number(state.counted - 1)
        }
    };
    state.cut.take_if(|cut| cut.statement == statement)
}

async fn pass(client: UnixStream, socket: &Path, state: &Mutex<State>) -> Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = UnixStream::connect(socket).await?.into_split();
    // The first message has no type.
    let length = from_client.read_u32().await?;
    let mut startup = vec![0; length.saturating_sub(4) as usize];
    from_client.read_exact(&mut startup).await?;
    to_server.write_u32(length).await?;
    to_server.write_all(&startup).await?;
    let answered = tokio::sync::Notify::new();
    let silent = std::sync::atomic::AtomicBool::new(false);
    tokio::select! {
        ended = requests(&mut from_client, &mut to_server, state, &silent, &answered) => ended,
        ended = responses(&mut from_server, &mut to_client, &silent, &answered) => ended,
    }
}

async fn requests(
    client: &mut OwnedReadHalf,
    server: &mut OwnedWriteHalf,
    state: &Mutex<State>,
    silent: &std::sync::atomic::AtomicBool,
    answered: &tokio::sync::Notify,
) -> Result<()> {
    loop {
        let message = message(client).await?;
        let cut = match message[0] {
            b'Q' => due(state, &message[5..]),
            _ => None,
        };
        if cut.is_some_and(|cut| !cut.after) {
            return Ok(());
        }
        silent.store(cut.is_some(), std::sync::atomic::Ordering::SeqCst);
        server.write_all(&message).await?;
        if cut.is_some() {
            answered.notified().await;
            return Ok(());
        }
    }
}

async fn responses(
    server: &mut OwnedReadHalf,
    client: &mut OwnedWriteHalf,
    silent: &std::sync::atomic::AtomicBool,
    answered: &tokio::sync::Notify,
) -> Result<()> {
    loop {
        let message = message(server).await?;
        if !silent.load(std::sync::atomic::Ordering::SeqCst) {
            client.write_all(&message).await?;
        } else if message[0] == b'Z' {
            answered.notify_one();
        }
    }
}

/// A message of PostgreSQL's protocol: its type, its length, its content.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>> {
    let kind = from.read_u8().await?;
    let length = from.read_u32().await?;
    let mut message = vec![kind];
    message.extend(length.to_be_bytes());
    message.resize(1 + length as usize, 0);
    from.read_exact(&mut message[5..]).await?;
    Ok(message)
}
