//! `route53_record`: a CNAME record of Route 53, whose value becomes an endpoint of the copy of a cluster.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile, text};
use crate::domain::descriptor::facts::fact;
use crate::domain::descriptor::formats::visible;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, quoted};
use crate::domain::descriptor::{Fact, SwitchAction};
use crate::domain::kinds::Stateful;

pub struct Route53Record;

/// Source: `ResourceId` in <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html>.
const HOSTED_ZONE: TextFormat = visible(
    "the id of a hosted zone of Route 53 such as Z0123456789ABCDEFGHIJ: Z and at most 31 capitals and digits, without /hostedzone/",
    |text| {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        (2..=32).contains(&text.len()) && text.starts_with('Z') && text.bytes().all(plain)
    },
);

/// Route 53 shows names in lower case, and other characters as codes.
const RECORD: TextFormat = visible(
    "the whole name of a record in lower case such as db.example.org: at most 253 letters, digits, hyphens, underscores and dots, \
     with 1 to 63 between dots, and no dot at the end",
    |text| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
        text.len() <= 253 && text.contains('.') && text.split('.').all(label)
    },
);

/// The hosted zone, the record and the fact that it holds.
fn of(action: &SwitchAction) -> Option<(&str, &str, Fact)> {
    match action {
        SwitchAction::Route53Record {
            hosted_zone,
            record,
            value,
        } => Some((hosted_zone, record, *value)),
        _ => None,
    }
}

impl SwitchProfile for Route53Record {
    fn name(&self) -> &'static str {
        "route53_record"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["hosted_zone", "record", "value"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        _: Option<&dyn Stateful>,
        facts: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let hosted_zone = object.text(faults, "hosted_zone", &HOSTED_ZONE);
        let record = object.text(faults, "record", &RECORD);
        let is_host = |(_, fact): &&(&str, Fact)| matches!(fact, Fact::Host | Fact::ReaderHost);
        let hosts: Vec<(&'static str, Fact)> = facts.iter().filter(is_host).copied().collect();
        let value = match object.get("value") {
            Some(value) => fact(faults, object.path("value"), value, &hosts),
            None => Some(Fact::Host),
        };
        let ((hosted_zone, record), value) = hosted_zone.zip(record).zip(value)?;
        Some(SwitchAction::Route53Record {
            hosted_zone,
            record,
            value,
        })
    }

    fn words(&self, action: &SwitchAction) -> String {
        let (zone, record) = of(action).map(|(zone, record, _)| (zone, record)).unwrap_or_default();
        format!("record {record} of hosted zone {zone}")
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!("{} leads to {copy}, once its TTL has passed", self.words(action))
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|(zone, record, _)| format!("{zone}/{record}"))
    }

    fn conflict(&self, action: &SwitchAction, earlier: &SwitchAction, _: bool) -> Option<(&'static str, String)> {
        let ((zone, record, _), (other, of_other, _)) = (of(action)?, of(earlier)?);
        ((zone, record) == (other, of_other)).then(|| ("record", format!("{} of the same hosted zone", quoted(record))))
    }

    fn values(&self, action: &SwitchAction) -> Vec<Fact> {
        of(action).map(|(_, _, fact)| fact).into_iter().collect()
    }

    fn references(&self, action: &SwitchAction) -> Vec<Fact> {
        self.values(action)
    }

    fn login(&self, _: &SwitchAction) -> LoginSource {
        LoginSource::None
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        let value = &recorded["value"];
        (!value.is_null()).then(|| text(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_both_hosts() {
        let (before, after) = (
            json!({"value": "hubs.cluster-x.", "ttl": 60}),
            json!({"value": "hubs-r1.cluster-x"}),
        );
        assert_eq!(
            Route53Record.change(&before, &after, false),
            "was hubs.cluster-x., the copy's is hubs-r1.cluster-x"
        );
        assert_eq!(Route53Record.state(&Value::Null), None);
    }
}
