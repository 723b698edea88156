//! Verified TLS for client programs whose builds have none: a Unix socket in a private directory, plain on the program's side, and
//! TLS to the server. All programs connect through it, so that there is one way of verifying a server.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::handshake;
use super::server::{KEEPALIVE, Server};
use crate::error::{Result, TransferError};

/// `SSLRequest` of PostgreSQL's frontend/backend protocol: length 8 and a code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// What is copied at once in each direction.
const BUFFER: usize = 128 << 10;
/// The name of the socket that PostgreSQL's clients expect in a directory, for the port that they are given.
pub const PORT: &str = "5432";
const SOCKET: &str = ".s.PGSQL.5432";

/// An open socket. Dropping it closes the socket and cuts the connections through it.
pub struct Bridge {
    task: JoinHandle<()>,
    failure: Arc<Mutex<Option<String>>>,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bridge {
    /// Opens the socket in a directory that only this user can enter.
    ///
    /// # Errors
    /// `InvalidInput` if the host is no name or address that a certificate can have; `JobFailed` if there can be no socket.
    pub fn open(directory: &Path, server: &Server) -> Result<Self> {
        let name = ServerName::try_from(server.host.clone()).map_err(|_| {
            TransferError::invalid("host", format!("{:?}", server.host), "a host name or an IP address")
        })?;
        let socket = directory.join(SOCKET);
        let listener = UnixListener::bind(&socket)
            .map_err(|error| TransferError::JobFailed(format!("opening {}: {error}", socket.display())))?;
        let failure = Arc::new(Mutex::new(None));
        let far = FarSide {
            host: server.host.clone(),
            port: server.port,
            name,
            tls: TlsConnector::from(server.tls.clone()),
            failure: failure.clone(),
        };
        Ok(Self {
            task: tokio::spawn(far.accept(listener)),
            failure,
        })
    }

    /// Why a connection could not be made or was cut, if one was: to the program, the connection has only ended.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().ok().and_then(|failure| failure.clone())
    }
}

#[derive(Clone)]
struct FarSide {
    host: String,
    port: u16,
    name: ServerName<'static>,
    tls: TlsConnector,
    failure: Arc<Mutex<Option<String>>>,
}

impl FarSide {
    async fn accept(self, listener: UnixListener) {
        // Dropped with this future, and all connections with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((near, _)) => { connections.spawn(self.clone().serve(near)); }
                    Err(error) => {
                        tracing::warn!(%error, "the socket for client programs takes no more connections");
                        return;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(self, near: UnixStream) {
        if let Err(failure) = self.forward(near).await {
            // The first failure explains the others.
            if let Ok(mut noted) = self.failure.lock() {
                noted.get_or_insert(failure);
            }
        }
    }

    /// Connects, and copies until one side ends. The error is the server's side: a program that ends is none.
    async fn forward(&self, mut near: UnixStream) -> Result<(), String> {
        let far = self.connect().await.map_err(|error| error.to_string())?;
        let (mut far_read, mut far_write) = tokio::io::split(far);
        let Ok(start) = handshake::read_start(&mut near).await else {
            return Ok(());
        };
        far_write.write_all(&start).await.map_err(|error| error.to_string())?;
        let answer = handshake::read_answer(&mut far_read)
            .await
            .map_err(|error| error.to_string())?;
        if near.write_all(&answer).await.is_err() {
            return Ok(());
        }
        let (near_read, near_write) = near.into_split();
        let mut up = std::pin::pin!(pump(near_read, far_write));
        let mut down = std::pin::pin!(pump(far_read, near_write));
        let (from_near, from_far) = tokio::select! {
            up = &mut up => (up, None),
            down = &mut down => (Ok(()), Some(down)),
        };
        match (from_near, from_far) {
            (Err(Side::Writer(error)), _) | (_, Some(Err(Side::Reader(error)))) => Err(error.to_string()),
            // The program ended: the server still gets to read what it sent last.
            (_, None) => {
                let _ = down.await;
                Ok(())
            }
            (_, Some(_)) => Ok(()),
        }
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let mut far = TcpStream::connect((self.host.as_str(), self.port)).await?;
        far.set_nodelay(true)?;
        // The program's own probes end at its socket; without any, a gateway drops a connection that an index build leaves silent.
        let probes = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        SockRef::from(&far).set_tcp_keepalive(&probes)?;
        far.write_all(&SSL_REQUEST).await?;
        if far.read_u8().await? != b'S' {
            return Err(io::Error::other("the server offers no TLS"));
        }
        self.tls.connect(self.name.clone(), far).await
    }
}

/// Which side of a copy failed.
enum Side {
    Reader(io::Error),
    Writer(io::Error),
}

/// Copies to the end, which it passes on.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> Result<(), Side> {
    let mut buffer = BytesMut::with_capacity(BUFFER);
    while from.read_buf(&mut buffer).await.map_err(Side::Reader)? > 0 {
        to.write_all(&buffer).await.map_err(Side::Writer)?;
        to.flush().await.map_err(Side::Writer)?;
        buffer.clear();
    }
    to.shutdown().await.map_err(Side::Writer)
}
