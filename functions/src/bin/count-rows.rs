//! The function `count-rows`. Counts rows in one cluster by SQL.

use holdfast::runtime;
use holdfast::steps::count_rows::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
