//! AWS guarantees no order of most lists, so neither does the lab: each list in a response has an order that depends on the
//! lab's seed, the operation and the items' names. Documented orders are kept.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::service::{Answer, Call};

/// The lists without an order in the JSON answers of each service.
const WITHOUT_ORDER: &[(&str, &[&str])] = &[
    (
        "application-autoscaling",
        &[
            "Alarms",
            "Dimensions",
            "ScalableTargets",
            "ScalingPolicies",
            "ScheduledActions",
        ],
    ),
    (
        "backup",
        &[
            "BackupJobs",
            "BackupVaultList",
            "CopyJobs",
            "RecoveryPoints",
            "RestoreJobs",
        ],
    ),
    (
        "dynamodb",
        &[
            "AttributeDefinitions",
            "BackupSummaries",
            "GlobalSecondaryIndexes",
            "KinesisDataStreamDestinations",
            "LocalSecondaryIndexes",
            "NonKeyAttributes",
            "Replicas",
            "Tags",
        ],
    ),
    ("ecs", &["services", "tags"]),
    (
        "elasticfilesystem",
        &[
            "AccessPoints",
            "FileSystems",
            "LifecyclePolicies",
            "MountTargets",
            "SecurityGroups",
            "Tags",
        ],
    ),
    ("secretsmanager", &["Tags", "VersionStages", "Versions"]),
    ("ssm", &["Parameters", "InvalidParameters", "TagList"]),
    ("tagging", &["ResourceTagMappingList", "Tags"]),
];

/// The order of lists in a lab's responses.
#[derive(Clone, Copy, Debug)]
pub struct ListOrder {
    seed: u64,
}

impl ListOrder {
    /// The order of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The sort key of something with this name.
    #[must_use]
    pub fn rank(self, name: &str) -> u64 {
        // FNV-1a, and SplitMix64's last steps, so that the first bits depend on all.
        let bytes = self.seed.to_le_bytes().into_iter().chain(name.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// A response with its lists in this order.
    #[must_use]
    pub fn apply(self, call: &Call, mut answer: Answer) -> Answer {
        let looks = ["Describe", "Get", "List"]
            .iter()
            .any(|verb| call.action.starts_with(verb));
        if !looks || answer.status != 200 {
            return answer;
        }
        if call.service == "rds" {
            let body = String::from_utf8_lossy(&answer.body);
            if let Some(ordered) = self.xml(&call.action, &body) {
                answer.body = ordered.into();
            }
            return answer;
        }
        let lists = WITHOUT_ORDER.iter().find(|(service, _)| *service == call.service);
        let body = lists.and_then(|(_, lists)| Some((lists, serde_json::from_slice(&answer.body).ok()?)));
        // A table's items are the application's own.
        if let Some((lists, mut body)) = body.filter(|_| call.action != "GetItem") {
            self.json(&call.action, lists, &mut body);
            answer.body = body.to_string().into();
            answer
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-crc32"));
        }
        answer
    }

    fn json(self, under: &str, lists: &[&str], value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.json(&format!("{under}.{name}"), lists, member);
                    if let Value::Array(items) = member
                        && lists.contains(&name.as_str())
                    {
                        items.sort_by_cached_key(|item| self.rank(&format!("{under}.{name} {}", called(item))));
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(under, lists, item)),
            _ => {}
        }
    }

    /// RDS's responses: an element whose children all have the same name is a list.
    fn xml(self, action: &str, body: &str) -> Option<String> {
        let (declaration, content) = body.split_once('\n')?;
        let mut reader = Reader::from_str(content);
        let mut open: Vec<Element> = vec![Element::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    let tag = (*start).to_owned();
                    open.push(Element {
                        tag,
                        ..Element::default()
                    });
                }
                Event::Empty(empty) => {
                    let tag = (*empty).to_owned();
                    open.last_mut()?.inside.push(Element {
                        tag,
                        ..Element::default()
                    });
                }
                Event::End(_) => {
                    let mut done = open.pop()?;
                    self.list(action, &mut done);
                    open.last_mut()?.inside.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text),
                Event::GeneralRef(entity) => {
                    open.last_mut()?.text.push_str(&format!("&{};", &*entity));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let root = open.pop()?;
        let mut written = format!("{declaration}\n");
        root.inside.iter().for_each(|element| element.write(&mut written));
        Some(written)
    }

    fn list(self, action: &str, of: &mut Element) {
        let name = of.inside.first().map(|first| first.tag.clone());
        if of.inside.len() > 1 && of.inside.iter().all(|element| Some(&element.tag) == name.as_ref()) {
            let under = of.tag.clone();
            of.inside
                .sort_by_cached_key(|element| self.rank(&format!("{action}.{under} {}", element.called())));
        }
    }
}

/// An element of a response, with its text still escaped.
#[derive(Default)]
struct Element {
    /// Its name, and its attributes.
    tag: String,
    text: String,
    inside: Vec<Element>,
}

impl Element {
    /// Its sort name: its own text, or its first element's.
    fn called(&self) -> &str {
        self.inside.first().map_or(&self.text, |first| &first.text)
    }

    fn write(&self, to: &mut String) {
        let name = self.tag.split(' ').next().unwrap_or_default();
        to.push_str(&format!("<{}>{}", self.tag, self.text));
        self.inside.iter().for_each(|element| element.write(to));
        to.push_str(&format!("</{name}>"));
    }
}

/// An item's name: all fields that look like names, or the whole item.
fn called(item: &Value) -> String {
    const NAMES: &[&str] = &["Name", "Id", "Identifier", "Key", "Arn", "ARN"];
    let members = item.as_object().into_iter().flatten();
    let names: Vec<&str> = members
        .filter(|(name, _)| NAMES.iter().any(|end| name.ends_with(end)))
        .filter_map(|(_, value)| value.as_str())
        .collect();
    if names.is_empty() {
        item.to_string()
    } else {
        names.join(" ")
    }
}

/// A response without the tags, as before they are consistent.
#[must_use]
pub fn without_tags(call: &Call, mut answer: Answer) -> Answer {
    if answer.status != 200 {
        return answer;
    }
    let body = String::from_utf8_lossy(&answer.body);
    answer.body = match serde_json::from_str::<Value>(&body) {
        Ok(mut json) => {
            if call.action == "GetResources" {
                json["ResourceTagMappingList"] = Value::Array(Vec::new());
            }
            untag(&mut json);
            answer
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-crc32"));
            json.to_string().into()
        }
        Err(_) => untagged_xml(&body).into(),
    };
    answer
}

fn untag(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Array(tags) if ["Tags", "TagList", "tags"].contains(&name.as_str()) => tags.clear(),
                    Value::Object(tags) if ["Tags", "tags"].contains(&name.as_str()) => tags.clear(),
                    other => untag(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(untag),
        _ => {}
    }
}

fn untagged_xml(body: &str) -> String {
    let mut parts = body.split("<TagList>");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |written, part| {
        let rest = part.split_once("</TagList>").map_or(part, |(_, rest)| rest);
        written + "<TagList></TagList>" + rest
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::call::tests::call;

    fn indexes(answer: &Answer) -> Vec<String> {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let list = body["Table"]["GlobalSecondaryIndexes"].as_array().unwrap();
        list.iter()
            .map(|index| index["IndexName"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn lists_come_in_every_order_and_in_one_for_one_seed() {
        let names = ["a", "b", "c"];
        let listed: Vec<Value> = names
            .iter()
            .map(|name| json!({ "IndexName": name, "IndexStatus": "ACTIVE" }))
            .collect();
        let body = json!({"Table": {
            "GlobalSecondaryIndexes": listed,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        }});
        let described = call("dynamodb", "DescribeTable", "t");
        let answer = |seed| ListOrder::new(seed).apply(&described, Answer::json(&body));
        let seen: BTreeSet<Vec<String>> = (0..100).map(|seed| indexes(&answer(seed))).collect();
        assert_eq!(seen.len(), 6);
        assert_eq!(indexes(&answer(7)), indexes(&answer(7)));
        for seed in 0..20 {
            let ordered: Value = serde_json::from_slice(&answer(seed).body).unwrap();
            assert_eq!(ordered["Table"]["KeySchema"], body["Table"]["KeySchema"]);
        }
    }

    #[test]
    fn rds_keeps_no_order_either_and_loses_nothing() {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"http://x/\"><L><M><Id>a</Id><T>x&amp;y</T></M>\
                    <M><Id>b</Id></M></L><N></N><S>1</S><S2>2</S2></R>";
        let described = call("rds", "DescribeDBClusters", "");
        let texts: BTreeSet<String> = (0..20)
            .map(|seed| ListOrder::new(seed).apply(&described, Answer::xml(body.to_owned())))
            .map(|answer| String::from_utf8(answer.body.to_vec()).unwrap())
            .collect();
        let turned = body
            .replace("<M><Id>b</Id></M>", "")
            .replace("<L>", "<L><M><Id>b</Id></M>");
        assert_eq!(texts, BTreeSet::from([body.to_owned(), turned]));
    }

    #[test]
    fn tags_can_be_missing_in_every_form() {
        let gone = |service, action, body: Value| {
            let answer = without_tags(&call(service, action, "x"), Answer::json(&body));
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        };
        let tag = json!({"Key": "k", "Value": "v"});
        assert_eq!(
            gone("dynamodb", "ListTagsOfResource", json!({"Tags": [tag]})),
            json!({"Tags": []})
        );
        assert_eq!(
            gone("backup", "ListTags", json!({"Tags": {"k": "v"}})),
            json!({"Tags": {}})
        );
        let mapped = json!({"ResourceTagMappingList": [{"ResourceARN": "a", "Tags": [tag]}]});
        assert_eq!(
            gone("tagging", "GetResources", mapped),
            json!({"ResourceTagMappingList": []})
        );
        let xml = "<A><TagList><Tag><Key>k</Key></Tag></TagList><B>1</B><TagList></TagList></A>".to_owned();
        let answer = without_tags(&call("rds", "DescribeDBClusters", "x"), Answer::xml(xml));
        assert_eq!(answer.body, "<A><TagList></TagList><B>1</B><TagList></TagList></A>");
    }
}
