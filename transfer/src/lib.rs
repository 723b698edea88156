//! The data that Holdfast moves itself instead of leaving it to AWS: tables as files, and Postgres dumps in S3.

pub mod error;
pub mod postgres;
pub mod s3;
pub mod store;
pub mod table;
