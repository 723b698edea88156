//! Secrets Manager's answers to the conformance suite. A guard makes nothing, so it deletes nothing.

use std::sync::Arc;

use super::*;
use crate::testing::conformance::{BackupAnswers, RecoveryAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
    let described = || vec![described("")];
    BackupAnswers::of_guard(|aws| Arc::new(Secret::from_config(aws)), login(), seen(), described)
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers::of_guard(backup())
}

pub fn restore() -> RestoreAnswers {
    RestoreAnswers::of_guard(|aws| Arc::new(Secret::from_config(aws)), login())
}
