//! The function `plan-restore`. Plans a restore, finds all that would go wrong later, and takes the lease.

use holdfast::runtime;
use holdfast::steps::plan_restore::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
