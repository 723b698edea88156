//! The function `clean-up`. Ends what an execution left behind that never reached its own Notify.

use holdfast::runtime;
use holdfast::steps::clean_up::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
