//! The listener of one server: a TCP port that speaks PostgreSQL's TLS negotiation and passes the rest on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// `SSLRequest` and `GSSENCRequest` of PostgreSQL's frontend/backend protocol: length 8 and a code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];

/// An open port; dropping it closes the port and cuts the connections through it.
pub struct Listener {
    task: JoinHandle<()>,
    force_tls: Arc<AtomicBool>,
}

impl Listener {
    /// Opens `address` and forwards it to the Unix socket of a server.
    ///
    /// # Errors
    /// If the address can't be bound.
    pub async fn open(address: SocketAddr, tls: Arc<ServerConfig>, socket: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let force_tls = Arc::new(AtomicBool::new(false));
        let door = TlsForwarder {
            tls: TlsAcceptor::from(tls),
            socket,
            force_tls: force_tls.clone(),
        };
        let task = tokio::spawn(door.accept(listener));
        Ok(Self { task, force_tls })
    }

    /// Closes the port and waits until it is free for another.
    pub async fn close(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Whether connections without TLS are refused, as Aurora's parameter `rds.force_ssl` does.
    pub fn force_tls(&self, force: bool) {
        self.force_tls.store(force, Ordering::Relaxed);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct TlsForwarder {
    tls: TlsAcceptor,
    socket: PathBuf,
    force_tls: Arc<AtomicBool>,
}

impl TlsForwarder {
    async fn accept(self, listener: TcpListener) {
        // Dropped with this future, and all connections with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((client, _)) => { connections.spawn(self.clone().serve(client)); }
                    Err(error) => tracing::warn!(%error, "a cluster's listener can't accept"),
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// Negotiates encryption, then copies bytes until one side closes. Errors end the connection, as clients expect.
    async fn serve(self, mut client: TcpStream) {
        let _ = client.set_nodelay(true);
        let mut first = [0; 8];
        loop {
            if client.read_exact(&mut first).await.is_err() {
                return;
            }
            match first {
                SSL_REQUEST => {
                    if client.write_all(b"S").await.is_ok()
                        && let Ok(client) = self.tls.accept(client).await
                    {
                        let _ = self.forward(client, &[]).await;
                    }
                    return;
                }
                GSS_REQUEST => {
                    if client.write_all(b"N").await.is_err() {
                        return;
                    }
                }
                _ if self.force_tls.load(Ordering::Relaxed) => {
                    let _ = client.write_all(&no_encryption()).await;
                    return;
                }
                start => {
                    let _ = self.forward(client, &start).await;
                    return;
                }
            }
        }
    }

    async fn forward(&self, mut client: impl AsyncRead + AsyncWrite + Unpin, start: &[u8]) -> io::Result<()> {
        let mut server = UnixStream::connect(&self.socket).await?;
        server.write_all(start).await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }
}

/// PostgreSQL's `ErrorResponse` for a client without encryption.
fn no_encryption() -> Vec<u8> {
    let fields = "SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for this host, no encryption\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap_or_default();
    let mut message = vec![b'E'];
    message.extend(length.to_be_bytes());
    message.extend(fields.as_bytes());
    message
}
