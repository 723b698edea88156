//! Parameter Store's responses for the conformance suite. A guard creates nothing, so it deletes nothing.

use std::sync::Arc;

use super::*;
use crate::domain::resource::RecoveryPoint;
use crate::testing::conformance::{BackupAnswers, PlanningAnswers, RecoveryAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
    let point = RecoveryPoint::Versions {
        versions: vec![Version {
            name: "/hubs/prod/url".into(),
            version: "3".into(),
        }],
        seen_at: "2026-11-20T02:16:40Z".parse().unwrap(),
    };
    let described = || vec![described(&[PLAIN], false)];
    BackupAnswers::of_guard(|aws| Arc::new(Parameters::from_config(aws)), keys(), point, described)
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers::of_guard(backup())
}

pub fn planning() -> PlanningAnswers {
    PlanningAnswers::of_none(backup(), restore())
}

pub fn restore() -> RestoreAnswers {
    let set_again = || {
        vec![described(
            &[r#"{"Name":"/hubs/prod/url","Type":"String","Version":4}"#],
            false,
        )]
    };
    RestoreAnswers::of_guard(backup(), set_again, "parameter /hubs/prod/url")
}
