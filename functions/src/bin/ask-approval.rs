//! The function `ask-approval`. Asks on-call whether a restore may go on.

use holdfast::runtime;
use holdfast::steps::ask_approval::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
