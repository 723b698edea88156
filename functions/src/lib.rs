//! Holdfast backs up and restores whole AWS deployments. From the bottom layer up: `error`, and `aws`, which converts AWS's errors
//! into Holdfast's; `domain`, which is pure; `access`, which lists the files of file systems, and
//! `transfers`, which starts the jobs that move data; `kinds`, `hooks`, `switches` and
//! `catalog`, which call AWS; `catalog_rebuild`, of a lost catalog; `usage`, of copies; `runtime`; `runs`, which the steps share; `steps`, one per
//! Lambda function.

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
pub mod transfers;
pub mod usage;
