//! The function `back-up-file-system`. Starts the backup of an EFS file system.

use holdfast::runtime;
use holdfast::steps::back_up_file_system::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
