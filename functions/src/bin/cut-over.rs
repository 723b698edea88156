//! The function `cut-over`. Switches what an application uses to its restored copies.

use holdfast::runtime;
use holdfast::steps::cut_over::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
