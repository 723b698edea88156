//! The function `restore-table`. Brings the restore of a DynamoDB table a step further.

use holdfast::runtime;
use holdfast::steps::restore_table::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
