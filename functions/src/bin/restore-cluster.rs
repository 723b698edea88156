//! The function `restore-cluster`. Brings the restore of an Aurora cluster a step further.

use holdfast::runtime;
use holdfast::steps::restore_cluster::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
