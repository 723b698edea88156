//! Names of parameters in Parameter Store.

use aws_config::SdkConfig;
use holdfast::aws::service::{Client, SSM};
use serde_json::{Value, json};

use crate::aws;
use crate::failure::Result;

/// Names of the parameters with the prefix. By DescribeParameters, since it never returns a value.
pub async fn list(config: &SdkConfig, prefix: &str) -> Result<Vec<String>> {
    let client = Client::new(config, SSM);
    let beginning = json!([{ "Key": "Name", "Option": "BeginsWith", "Values": [prefix] }]);
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({ "ParameterFilters": beginning, "NextToken": token });
        let page = client.call("DescribeParameters", asked).await;
        let mut page = page.map_err(|error| aws::failure("listing parameters", prefix, error))?;
        let parameters = page.take_list("Parameters");
        let found = parameters.iter().filter_map(|parameter| parameter["Name"].as_str());
        names.extend(found.filter(|name| name.starts_with(prefix)).map(str::to_owned));
        token = page.take_token("NextToken");
        if token.is_null() {
            return Ok(names);
        }
    }
}
