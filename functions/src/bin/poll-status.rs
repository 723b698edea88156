//! The function `poll-status`. Looks once at a backup under way.

use holdfast::runtime;
use holdfast::steps::poll_status::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
