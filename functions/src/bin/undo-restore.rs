//! The function `undo-restore`. Removes what a restore created.

use holdfast::runtime;
use holdfast::steps::undo_restore::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
