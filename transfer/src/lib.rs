//! The data that Holdfast moves itself instead of leaving it to AWS: tables as files, and Postgres dumps in S3.
