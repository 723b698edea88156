//! Invokes Lambda functions that do not belong to Holdfast, and waits for their responses.

use std::time::Duration;

use aws_types::SdkConfig;

use super::code;
use super::lazy::Lazy;
use super::service::{CallError, Client, LAMBDA, Reply, escaped};

/// Invokes functions, without retries: whether to try again is the state machine's decision.
pub struct Functions {
    lambda: Lazy<Client>,
}

impl Functions {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            lambda: Lazy::new(aws, |aws| Client::new(aws, LAMBDA).without_retries()),
        }
    }

    /// Whether a function of this name or ARN exists, including the alias or version in it.
    pub async fn exists(&self, function: &str) -> Result<bool, CallError> {
        let path = format!("/2015-03-31/functions/{}/configuration", escaped(function));
        match self.lambda.clone().get("GetFunctionConfiguration", &path).await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Invokes a function and waits up to `patience` for its response: the reply's `bytes`, and its `function_error` if the
    /// function itself failed.
    pub async fn invoke(&self, function: &str, payload: Vec<u8>, patience: Duration) -> Result<Reply, CallError> {
        let path = format!("/2015-03-31/functions/{}/invocations", escaped(function));
        self.lambda
            .clone()
            .with_timeout(patience)
            .post("Invoke", &path, payload)
            .await
    }
}
