//! The function `list-due-deployments`. Lists what a night has to back up.

use holdfast::runtime;
use holdfast::steps::list_due_deployments::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
