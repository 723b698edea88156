//! The function `snapshot-cluster`. Starts the backup of an Aurora cluster.

use holdfast::runtime;
use holdfast::steps::snapshot_cluster::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
