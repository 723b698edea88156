//! Tags of vaults and recovery points, and other maps from text to text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{Inner, State, vault_name};
use super::wire::{invalid, not_found, required};
use crate::rest::{Refusal, Reply, Request};
use crate::service::Answer;

impl Inner {
    pub(super) fn list_tags(&self, request: &Request) -> Reply {
        let mut state = self.state();
        Ok(Answer::json(&json!({"Tags": state.tags(request)?})))
    }

    pub(super) fn tag_resource(&self, request: &Request) -> Reply {
        let new = read(&request.body["Tags"])?;
        let mut state = self.state();
        let tags = state.tags(request)?;
        tags.extend(new);
        if tags.len() > 50 {
            return Err(Refusal::new(
                400,
                "LimitExceededException",
                "At most 50 tags per resource",
            ));
        }
        Ok(Answer::empty(200))
    }

    pub(super) fn untag_resource(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let tags = state.tags(request)?;
        for key in request.body["TagKeyList"].as_array().into_iter().flatten() {
            tags.remove(key.as_str().unwrap_or_default());
        }
        Ok(Answer::empty(200))
    }
}

impl State {
    fn tags(&mut self, request: &Request) -> Result<&mut BTreeMap<String, String>, Refusal> {
        let arn = required(request, "resourceArn")?;
        let found = match vault_name(&arn) {
            Some(name) => self.vaults.get_mut(&name).map(|vault| &mut vault.tags),
            None => self.points.get_mut(&arn).map(|point| &mut point.tags),
        };
        found.ok_or_else(|| not_found("Resource", &arn))
    }
}

/// A map from text to text; empty when there is none.
pub(super) fn read(map: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    if map.is_null() {
        return Ok(BTreeMap::new());
    }
    let members = map
        .as_object()
        .ok_or_else(|| invalid("a map from text to text is expected"))?;
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let pairs: Option<BTreeMap<String, String>> = members.iter().map(text).collect();
    pairs.ok_or_else(|| invalid("a map's values must be text"))
}
