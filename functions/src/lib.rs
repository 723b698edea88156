//! Holdfast backs up and restores whole AWS deployments. From the ground up: `error`; `domain`, which is pure;
//! `kinds`, `hooks` and `catalog`, which talk to AWS; `runtime`; `steps`, one a Lambda function.

pub mod catalog;
pub mod domain;
pub mod error;
pub mod hooks;
pub mod kinds;
pub mod runtime;
pub mod steps;
