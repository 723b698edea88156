//! The function `undo-cut-over`. Switches back what a restore switched.

use holdfast::runtime;
use holdfast::steps::undo_cut_over::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
