//! What the descriptor names of a service, and how it is worded.

/// What the descriptor names.
#[derive(Debug, Clone, Copy)]
pub struct NamedService<'a> {
    pub cluster: &'a str,
    pub service: &'a str,
    /// The only volume to change; all that mount the file system where absent.
    pub volume: Option<&'a str>,
}

impl NamedService<'_> {
    pub fn words(&self) -> String {
        format!("{} of cluster {}", self.service, self.cluster)
    }
}

/// `family:revision` of a task definition's ARN.
pub fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
