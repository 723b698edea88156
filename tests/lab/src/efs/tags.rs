//! Tags of file systems and access points.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refusals::{bad_request, bare_id, no_file_system, required};
use super::state::{Efs, State};
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::Answer;

impl Efs {
    pub(super) fn tag_resource(&self, request: &Request) -> Reply {
        let new = read(&request.body)?;
        let mut state = self.state();
        let tags = state.tags(request)?;
        tags.extend(new);
        if tags.len() > 50 {
            return Err(bad_request("At most 50 tags per resource"));
        }
        Ok(Answer::empty(200))
    }

    pub(super) fn untag_resource(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let tags = state.tags(request)?;
        for key in request.all("tagKeys") {
            tags.remove(&key);
        }
        Ok(Answer::empty(200))
    }

    pub(super) fn list_tags(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let list = write(state.tags(request)?);
        let (page, next) = request.page(list, "MaxResults", "NextToken");
        Ok(Answer::json(&without_nulls(json!({"Tags": page, "NextToken": next}))))
    }
}

impl State {
    fn tags(&mut self, request: &Request) -> Result<&mut BTreeMap<String, String>, Refusal> {
        let id = required(request, "ResourceId")?;
        let id = bare_id(&id);
        if id.starts_with("fsap-") {
            return Ok(&mut self.access_point(id)?.tags);
        }
        let found = self.file_systems.get_mut(id).map(|fs| &mut fs.tags);
        found.ok_or_else(|| no_file_system(id))
    }
}

/// The tags in a body's `Tags`; none if there is no such member.
pub(super) fn read(body: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let list = match &body["Tags"] {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Array(list) => list,
        _ => return Err(bad_request("Tags must be a list")),
    };
    let pair = |tag: &Value| {
        let (key, value) = (tag["Key"].as_str()?, tag["Value"].as_str()?);
        let valid = !key.is_empty() && !key.starts_with("aws:") && key.len() <= 128 && value.len() <= 256;
        valid.then(|| (key.to_owned(), value.to_owned()))
    };
    let pairs: Option<BTreeMap<String, String>> = list.iter().map(pair).collect();
    pairs.ok_or_else(|| bad_request("A tag needs a Key of 1 to 128 characters, not aws:, and a Value"))
}

/// Tags as EFS lists them.
pub(super) fn write(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}
