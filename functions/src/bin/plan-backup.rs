//! The function `plan-backup`. Plans a backup and takes the lease.

use holdfast::runtime;
use holdfast::steps::plan_backup::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
