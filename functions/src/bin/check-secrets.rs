//! The function `check-secrets`. Checks and records secrets and parameters.

use holdfast::runtime;
use holdfast::steps::check_secrets::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
