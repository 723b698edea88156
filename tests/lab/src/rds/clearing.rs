//! Removes everything that takes up memory, at once, as AWS never does.

use super::snapshot::{self, Snapshot};
use super::state::{Discard, State};

impl State {
    /// Removes every cluster with what belongs to it; returns what has to be stopped and removed.
    pub fn clear(&mut self) -> Vec<Discard> {
        self.instances.clear();
        self.cluster_endpoints.clear();
        let servers = std::mem::take(&mut self.clusters).into_values().map(|cluster| Discard {
            path: cluster.server.as_ref().map(|server| server.home().to_owned()),
            server: cluster.server,
        });
        // Automated snapshots and backups are in the directories of their clusters; those of deleted clusters outlive them.
        let manual = |snapshot: &Snapshot| snapshot.kind == snapshot::Kind::Manual;
        let snapshots = std::mem::take(&mut self.snapshots).into_values().filter(manual);
        let paths = snapshots.map(|snapshot| snapshot.path);
        let retained = std::mem::take(&mut self.retained).into_values();
        let paths = paths.chain(retained.map(|backup| backup.home));
        let files = paths.map(|path| Discard {
            server: None,
            path: Some(path),
        });
        servers.chain(files).collect()
    }
}
