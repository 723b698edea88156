//! What the stack gives to the resources of its deployments.

use crate::transfers::TransferSettings;

/// What the stack has for resources that name nothing of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Name of AWS Backup's vault.
    pub vault: String,
    /// ARN of the role that AWS Backup assumes.
    pub role: String,
    /// What moves data, and where it is kept.
    pub transfers: TransferSettings,
}

#[cfg(test)]
impl Defaults {
    /// Those of a stack `holdfast`, for tests.
    pub fn of_tests() -> Self {
        Self {
            vault: "vault".to_owned(),
            role: "role".to_owned(),
            transfers: TransferSettings {
                machine: "arn:aws:states:eu-west-1:111122223333:stateMachine:holdfast-transfer".to_owned(),
                bucket: "archive".to_owned(),
            },
        }
    }
}
