//! Secrets Manager's responses for the conformance suite. A guard creates nothing, so it deletes nothing.

use std::sync::Arc;

use super::*;
use crate::testing::conformance::{BackupAnswers, PlanningAnswers, RecoveryAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
    let described = || vec![described("")];
    BackupAnswers::of_guard(|aws| Arc::new(Secret::from_config(aws)), login(), seen(), described)
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers::of_guard(backup())
}

pub fn planning() -> PlanningAnswers {
    PlanningAnswers::of_none(backup(), restore())
}

pub fn restore() -> RestoreAnswers {
    let rotated = || {
        let versions = r#"{"v-2":["AWSPREVIOUS"],"v-3":["AWSCURRENT"]}"#;
        let described = format!(r#"{{"ARN":"{ARN}","Name":"hubs-login","VersionIdsToStages":{versions}}}"#);
        vec![answers("DescribeSecret", described)]
    };
    let name = "secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:hubs-login-AbCdEf";
    RestoreAnswers::of_guard(backup(), rotated, name)
}
