//! The function `restore-file-system`. Brings the restore of an EFS file system a step further.

use holdfast::runtime;
use holdfast::steps::restore_file_system::{Needs, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::serve(Needs::from_env, handle).await
}
