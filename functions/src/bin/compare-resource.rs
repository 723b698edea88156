//! The function `compare-resource`. Compares a copy with its source.

use holdfast::runtime;
use holdfast::steps::compare_resource::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
