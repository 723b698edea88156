//! The function `prune-sets`. Deletes the sets that the policy no longer keeps.

use holdfast::runtime;
use holdfast::steps::prune_sets::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
