//! The function `verify-restore`. Judges a restore.

use holdfast::runtime;
use holdfast::steps::verify_restore::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
