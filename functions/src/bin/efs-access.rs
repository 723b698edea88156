//! The function `efs-access`. Sees into the file system that is mounted into it.

use holdfast::runtime;
use holdfast::steps::efs_access::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
