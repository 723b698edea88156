//! Verified TLS for client programs whose builds have none: a Unix socket in a private directory, plain on the program's side, and
//! TLS to the server. All programs connect through it, so that there is one way of verifying a server.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsConnector;

use super::server::Server;
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

    /// Why a connection could not be made or was cut, if one was: the program only sees that it ended.
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
                    Err(error) => { self.note(&error.to_string()); return; }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(self, near: UnixStream) {
        if let Err(error) = self.forward(near).await {
            self.note(&error.to_string());
        }
    }

    /// The first failure explains the others.
    fn note(&self, failure: &str) {
        if let Ok(mut noted) = self.failure.lock() {
            noted.get_or_insert_with(|| failure.to_owned());
        }
    }

    async fn forward(&self, mut near: UnixStream) -> io::Result<()> {
        let mut far = TcpStream::connect((self.host.as_str(), self.port)).await?;
        far.set_nodelay(true)?;
        far.write_all(&SSL_REQUEST).await?;
        if far.read_u8().await? != b'S' {
            return Err(io::Error::other("the server offers no TLS"));
        }
        let mut far = self.tls.connect(self.name.clone(), far).await?;
        copy_bidirectional_with_sizes(&mut near, &mut far, BUFFER, BUFFER).await?;
        Ok(())
    }
}
