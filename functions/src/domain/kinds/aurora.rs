//! Clusters, by what was captured of them.

use serde_json::Value;

/// The engine, such as `aurora-postgresql`; `None` where nothing was captured.
pub fn engine(configuration: &Value) -> Option<&str> {
    configuration.pointer("/DBCluster/Engine")?.as_str()
}

/// Whether its instances were captured: else the copy gets one, of a class alone.
pub fn has_instances(configuration: &Value) -> bool {
    configuration["DBInstances"].is_array()
}
