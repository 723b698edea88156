//! The function `quiesce`. Brings an application to rest.

use holdfast::runtime;
use holdfast::steps::quiesce::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
