//! The steps that move data in one program. Lambda starts it for each function, with the step's name as the handler; ECS starts it for a
//! task, with the input beside it.

use holdfast::{runtime, steps};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), lambda_runtime::Error> {
    match runtime::task_input() {
        Some(input) => runtime::run_task(steps::find_transfer, &input).await,
        None => runtime::serve(steps::find_transfer).await,
    }
}
