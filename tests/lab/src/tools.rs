//! What the lab needs from the machine: a Python with its packages, ports.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::TcpSocket;

/// The Python interpreter to use: the given one, else `HOLDFAST_LAB_PYTHON`, else the repository's `.venv`.
///
/// # Errors
/// If there is no such file, or `ministack` or `time-machine` is not installed for it.
pub fn python(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let from_environment = std::env::var_os("HOLDFAST_LAB_PYTHON").map(PathBuf::from);
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let chosen = given.map(Path::to_owned).or(from_environment).unwrap_or(venv);
    if !chosen.exists() {
        bail!(
            "there is no Python at {}: run `make setup`, or name one with --python or HOLDFAST_LAB_PYTHON",
            chosen.display()
        );
    }
    Ok(chosen)
}

/// A port of 127.0.0.1 that is kept for a server that is about to be started.
///
/// It is bound, without listening, and shared with whoever asks for this port by its number with `SO_REUSEADDR`, as
/// servers do. The system gives it to nobody else: not for a server on any free port, not for a connection.
#[derive(Debug)]
pub struct ReservedPort {
    _socket: TcpSocket,
    pub number: u16,
}

impl ReservedPort {
    /// Reserves a port; the caller keeps it until the server listens.
    ///
    /// # Errors
    /// If the machine has none.
    pub fn take() -> anyhow::Result<Self> {
        let bound = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            let number = socket.local_addr()?.port();
            Ok::<_, std::io::Error>(Self {
                _socket: socket,
                number,
            })
        };
        bound().context("looking for a free port")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_reserved_port_is_its_servers_and_nobody_elses() {
        let port = ReservedPort::take().unwrap();
        let address = (Ipv4Addr::LOCALHOST, port.number);
        let others: Vec<_> = (0..2_000)
            .map_while(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok())
            .collect();
        assert!(others.len() > 100, "only {} ports", others.len());
        assert!(
            others
                .iter()
                .all(|other| other.local_addr().unwrap().port() != port.number)
        );
        assert!(std::net::TcpStream::connect(address).is_err(), "it listens");
        // The standard library sets SO_REUSEADDR.
        let server = TcpListener::bind(address).unwrap();
        drop(port);
        assert!(std::net::TcpStream::connect(server.local_addr().unwrap()).is_ok());
    }
}
