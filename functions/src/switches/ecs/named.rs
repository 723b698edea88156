//! The names of a service in the descriptor, and as text.

/// The names in the descriptor.
#[derive(Debug, Clone, Copy)]
pub struct NamedService<'a> {
    pub cluster: &'a str,
    pub service: &'a str,
    /// The only volume to change; if absent, all that mount the file system.
    pub volume: Option<&'a str>,
}

impl NamedService<'_> {
    pub fn words(&self) -> String {
        format!("{} of cluster {}", self.service, self.cluster)
    }
}

/// `family:revision` from a task definition's ARN.
pub fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
