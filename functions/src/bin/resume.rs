//! The function `resume`. Brings an application back.

use holdfast::runtime;
use holdfast::steps::resume::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
