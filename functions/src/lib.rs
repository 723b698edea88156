//! Holdfast backs up and restores whole AWS deployments. From the ground up: `error`, and `aws`, which turns AWS's
//! errors into ours; `domain`, which is pure; `access`, which sees into file systems; `kinds`, `hooks`, `switches` and `catalog`,
//! which talk to AWS; `rebuilding`, of a lost catalog; `runtime`; `runs`, what the steps share; `steps`,
//! one a Lambda function.

pub mod access;
pub mod aws;
pub mod catalog;
pub mod catalog_rebuild;
pub mod domain;
pub mod error;
pub mod hooks;
pub mod kinds;
pub mod runs;
pub mod runtime;
pub mod steps;
pub mod switches;
#[cfg(test)]
pub(crate) mod testing;
