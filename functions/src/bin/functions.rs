//! All steps in one program. Lambda starts it for each function, with the step's name as the handler.

use holdfast::{runtime, steps};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(steps::find).await
}
