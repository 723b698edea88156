//! The steps, one file a Lambda function: Input, Output, and `handle`, which reads from top to bottom. A step never
//! calls a step; what several share lies in a module of its own.

pub mod count_items;
pub mod count_rows;
pub mod end_run;
pub mod list_due_deployments;
pub mod quiesce;
pub mod resume;
pub mod start;

mod ending;
mod jobs;
mod machine;
mod probe;
mod resuming;
#[cfg(test)]
pub(crate) mod testing;
