//! The endpoints of clusters: an address of the loopback network per identifier, for the lab's lifetime. A
//! cluster that takes over another's identifier takes over its endpoint, as with Aurora's host names.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::cluster::Cluster;
use super::instance::Instance;
use super::plane::{OpenPort, Plane};
use super::state::State;
use crate::postgres::Listener;

impl Plane {
    /// Opens the ports of clusters that serve and closes all others.
    pub async fn open_ports(&self) {
        // Locked first: two callers must not act on states in the wrong order.
        let mut doors = self.doors.lock().await;
        let wanted = wanted(&self.state());
        let unwanted: Vec<SocketAddr> = doors
            .iter()
            .filter(|(address, door)| wanted.get(address).is_none_or(|(socket, _)| *socket != door.socket))
            .map(|(address, _)| *address)
            .collect();
        for address in unwanted {
            if let Some(door) = doors.remove(&address) {
                door.listener.close().await;
            }
        }
        for (address, (socket, force_tls)) in wanted {
            if let Some(door) = doors.get(&address) {
                door.listener.force_tls(force_tls);
                continue;
            }
            let opened = match self.authority.server(address.ip()) {
                Ok(tls) => Listener::open(address, tls, socket.clone())
                    .await
                    .map_err(anyhow::Error::from),
                Err(error) => Err(error),
            };
            match opened {
                Ok(listener) => {
                    listener.force_tls(force_tls);
                    doors.insert(address, OpenPort { socket, listener });
                }
                Err(error) => {
                    tracing::warn!(%address, "a cluster's endpoint stays closed: {error:#}")
                }
            }
        }
    }
}

fn wanted(state: &State) -> BTreeMap<SocketAddr, (PathBuf, bool)> {
    let mut wanted = BTreeMap::new();
    for cluster in state.clusters.values() {
        let Some(server) = open(state, cluster) else {
            continue;
        };
        let group = state.cluster_parameter_groups.get(&cluster.settings.parameter_group);
        let force_tls = group.is_some_and(|group| group.forces_tls());
        for host in [&cluster.endpoint.writer, &cluster.endpoint.reader] {
            if let Ok(ip) = host.parse::<IpAddr>() {
                let address = SocketAddr::new(ip, cluster.endpoint.port);
                wanted.insert(address, (server.clone(), force_tls));
            }
        }
    }
    wanted
}

/// The socket of a cluster's server, if clients can connect.
fn open(state: &State, cluster: &Cluster) -> Option<PathBuf> {
    let served = cluster.serves() && state.instances_of(&cluster.id).any(Instance::serves);
    cluster.server.as_ref().filter(|_| served).map(|server| server.socket())
}
