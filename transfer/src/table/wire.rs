//! DynamoDB itself: three calls, in its wire format.
//!
//! Credentials, signing, connections and timeouts come from the SDK's runtime, and the endpoint from the SDK's rules. Requests and
//! responses do not pass through the SDK's types: they would be built for every item, converted to [`Item`] and dropped, which takes
//! several times as long as reading an [`Item`] from the response.

mod answers;
mod call;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_types::SdkConfig;

use super::error::Error;
use super::key::KeySchema;
use super::port::{Description, Page, Refusal, ScanRequest, Table, Written};
use super::value::Item;
use call::{Client, ServiceError};

/// A table of DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    /// Name or ARN.
    name: String,
}

impl DynamoTable {
    /// A table in the account and Region of the configuration.
    ///
    /// # Errors
    /// `Invalid` if no Region is set.
    pub async fn new(config: &SdkConfig, name: impl Into<String>) -> Result<Self, Error> {
        let client = Client::new(config).await.map_err(Error::Invalid)?;
        Ok(Self {
            client,
            name: name.into(),
        })
    }

    async fn call(&self, action: &'static str, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let sent = self.client.call(action, body).await;
        sent.map_err(|error| refusal(&self.name, action, &error))
    }
}

impl Table for DynamoTable {
    async fn describe(&self) -> Result<Description, Refusal> {
        let body = answers::describe_request(&self.name);
        let response = self.call("DescribeTable", body).await?;
        let table = answers::described(&response).map_err(|error| self.unread("DescribeTable", &error))?;
        Ok(Description {
            arn: table.table_arn,
            id: table.table_id,
            key: KeySchema { attributes: table.key },
            items: table.item_count,
            bytes: table.table_size_bytes,
        })
    }

    async fn scan(&self, request: &ScanRequest) -> Result<Page, Refusal> {
        let body = answers::scan_request(&self.name, request).map_err(|error| self.unread("Scan", &error))?;
        let response = self.call("Scan", body).await?;
        answers::page(&response, request.consistent).map_err(|error| self.unread("Scan", &error))
    }

    async fn put(&self, items: &[&Item]) -> Result<Written, Refusal> {
        let body = answers::write_request(&self.name, items).map_err(|error| self.unread("BatchWriteItem", &error))?;
        let response = self.call("BatchWriteItem", body).await?;
        answers::written(&response, items).map_err(|error| self.unread("BatchWriteItem", &error))
    }
}

impl DynamoTable {
    /// A response that was cut off or is not DynamoDB's: as good as none.
    fn unread(&self, action: &str, error: &serde_json::Error) -> Refusal {
        Refusal::Unavailable(format!(
            "{action} of table {}: the response cannot be read: {error}",
            self.name
        ))
    }
}

fn refusal(table: &str, action: &str, error: &SdkError<ServiceError, call::Response>) -> Refusal {
    let Some(service) = error.as_service_error() else {
        let causes = call::causes(error);
        return match call::is_about_credentials(error) {
            true => Refusal::Final(Error::Aws(format!(
                "{action} of table {table}: {causes}. Sign in (`aws sso login`, `aws configure`), or name a profile."
            ))),
            false => Refusal::Unavailable(format!("{action} of table {table}: {causes}")),
        };
    };
    let said = format!("{action} of table {table}: AWS returned {service}");
    match service.code.as_str() {
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "TooManyRequestsException" => Refusal::Throttled(said),
        "ValidationException" | "SerializationException" | "RequestEntityTooLarge" => Refusal::Invalid(said),
        "ResourceNotFoundException" => Refusal::Final(Error::NotFound(format!(
            "{said}. Check that the name, the account and the Region are right."
        ))),
        // Signed requests expire while a machine sleeps.
        "InternalServerError" | "ServiceUnavailable" | "ServiceUnavailableException" | "RequestTimeout" => {
            Refusal::Unavailable(said)
        }
        _ if service.status == 413 => Refusal::Invalid(said),
        _ if service.status >= 500 => Refusal::Unavailable(said),
        _ => Refusal::Final(Error::Aws(said)),
    }
}

#[cfg(test)]
mod tests;
