//! The function `notify`. Tells on-call what happened.

use holdfast::runtime;
use holdfast::steps::notify::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
