//! The function `count-items`. Counts the items of one table.

use holdfast::runtime;
use holdfast::steps::count_items::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
