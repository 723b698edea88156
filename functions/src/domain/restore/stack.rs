//! A restore into a new CloudFormation stack: the template and the parameters of the old one, with the restore parameters filled from
//! a set. Everything about it that needs no call to AWS.

pub mod creation;
pub mod fill;
pub mod parameters;
pub mod texts;

/// The longest template that a request itself can contain, in bytes; a longer one has to be in S3.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html> (`TemplateBody`).
pub const LONGEST_BODY: usize = 51_200;
