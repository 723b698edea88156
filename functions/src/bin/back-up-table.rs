//! The function `back-up-table`. Starts the backup of a DynamoDB table.

use holdfast::runtime;
use holdfast::steps::back_up_table::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
