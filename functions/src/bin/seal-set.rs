//! The function `seal-set`. Seals a set, or records why it failed.

use holdfast::runtime;
use holdfast::steps::seal_set::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
