//! Secrets Manager's answers to the conformance suite. A guard makes nothing, so it deletes nothing.

use std::sync::Arc;

use super::*;
use crate::testing::conformance::BackupAnswers;

pub fn answers() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(Secret::from_config(aws)),
        resource: login(),
        point: seen(),
        capture: || vec![described("")],
        back_up: || vec![described("")],
        create: None,
        adopt: || vec![described("")],
        conflict: None,
        find: Vec::new,
        find_foreign: Vec::new,
        poll: Vec::new,
        abandon: Vec::new,
        abandon_again: Vec::new,
        mark_sealed: Vec::new,
        delete: Vec::new,
        remove: None,
        delete_again: Vec::new,
    }
}
