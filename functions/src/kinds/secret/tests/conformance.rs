//! Secrets Manager's answers to the conformance suite. A guard makes nothing, so it deletes nothing.

use std::sync::Arc;

use super::*;
use crate::domain::restore::item::Item;
use crate::testing::conformance::{BackupAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
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

pub fn restore() -> RestoreAnswers {
    RestoreAnswers {
        kind: |aws| Arc::new(Secret::from_config(aws)),
        run: run(),
        item: guarded(),
        begin: Vec::new,
        create: None,
        in_progress: Vec::new,
        conflict: None,
        undo_nothing: Vec::new,
        created: guarded(),
        undo: Vec::new,
        remove: None,
        undo_again: Vec::new,
        undo_foreign: None,
    }
}

fn guarded() -> Item {
    let source = Source::Versions { versions: Vec::new() };
    restoring(login(), source, Beside::Nothing)
}
