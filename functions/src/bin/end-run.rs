//! The function `end-run`. Closes a run and gives its lease back.

use holdfast::runtime;
use holdfast::steps::end_run::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
