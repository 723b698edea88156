//! The function `list-probes`. Lists where a copy is counted.

use holdfast::runtime;
use holdfast::steps::list_probes::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
