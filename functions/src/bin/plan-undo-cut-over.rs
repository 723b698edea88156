//! The function `plan-undo-cut-over`. Sees that a restore can be switched back, and takes the lease.

use holdfast::runtime;
use holdfast::steps::plan_undo_cut_over::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
