//! The records of a hosted zone, as far as a switch reads and changes them.

use aws_config::SdkConfig;
use jiff::Timestamp;
use roxmltree::{Document, Node};

use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, ROUTE_53, Reply, escaped};
use crate::aws::{code, failure};
use crate::error::{Error, Result};

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// What a record set has that only answers with its values. One with anything else, such as a weight or a health check, is chosen
/// among several, or managed elsewhere.
const SIMPLE: [&str; 4] = ["Name", "Type", "TTL", "ResourceRecords"];

/// The calls of Route 53 that a switch makes.
pub struct Zones {
    route_53: Lazy<Client>,
}

/// A CNAME record with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub name: String,
    /// Seconds for which resolvers keep its value.
    pub ttl: u64,
    pub value: String,
}

/// What Route 53 has under a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    NoZone,
    NoRecord,
    /// Something else than a CNAME record with one value; what it is, as it can follow "which is".
    Other(String),
    Record(Record),
}

/// What a request to change a record resulted in.
pub enum Change {
    /// Its id.
    Accepted(String),
    /// The record is not as the request had it, or Route 53 does not accept the new one; Route 53's own words.
    Refused(String),
}

impl Record {
    /// Whether it leads to a host; the dot at the end means nothing to Route 53.
    pub fn leads_to(&self, host: &str) -> bool {
        plain(&self.value) == plain(host)
    }

    fn xml(&self) -> String {
        format!(
            "<ResourceRecordSet><Name>{}</Name><Type>CNAME</Type><TTL>{}</TTL><ResourceRecords><ResourceRecord><Value>{}</Value>\
             </ResourceRecord></ResourceRecords></ResourceRecordSet>",
            text_in_xml(&self.name),
            self.ttl,
            text_in_xml(&self.value)
        )
    }
}

impl Zones {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            route_53: Lazy::new(aws, |aws| Client::new(aws, ROUTE_53)),
        }
    }

    /// What a hosted zone has under a name, with changes that have not propagated yet, and when that was, by AWS's clock.
    ///
    /// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html>: from the name on, in order; "the
    /// most current version of the records", including pending changes.
    pub async fn find(&self, zone: &str, name: &str) -> Result<(Found, Option<Timestamp>)> {
        // Two: another one of the same name is one of several.
        let path = format!(
            "/2013-04-01/hostedzone/{}/rrset?name={}&maxitems=2",
            escaped(zone),
            escaped(name)
        );
        let reply = match self.route_53.get("ListResourceRecordSets", &path).await {
            Err(error) if code(&error) == Some("NoSuchHostedZone") => return Ok((Found::NoZone, None)),
            reply => reply.map_err(|error| failure("reading record", name, error))?,
        };
        let read = read(&reply, "reading record", name, |document| {
            let sets = named(document.root(), "ResourceRecordSet");
            let own = sets.filter(|set| child(*set, "Name").is_some_and(|found| plain(found) == plain(name)));
            found(&own.collect::<Vec<_>>())
        })?;
        Ok((read, reply.at))
    }

    /// Replaces a record by another of its name, if it still is as it was read: all or nothing.
    ///
    /// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html>: change batches are transactional,
    /// and a `DELETE` has to name all present values.
    pub async fn replace(&self, zone: &str, old: &Record, new: &Record) -> Result<Change> {
        let change =
            |action: &str, record: &Record| format!("<Change><Action>{action}</Action>{}</Change>", record.xml());
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ChangeResourceRecordSetsRequest xmlns=\"{NAMESPACE}\"><ChangeBatch><Changes>{}{}\
             </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
            change("DELETE", old),
            change("CREATE", new)
        );
        let path = format!("/2013-04-01/hostedzone/{}/rrset/", escaped(zone));
        // If the response is lost, the next call reads the record first.
        let client = self.route_53.clone().without_retries();
        match client.post_xml("ChangeResourceRecordSets", &path, document).await {
            Ok(reply) => {
                let id = read(&reply, "changing record", &old.name, |document| {
                    named(document.root(), "ChangeInfo").find_map(|change| child(change, "Id").map(str::to_owned))
                })?;
                let id = id.as_deref().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
                Ok(Change::Accepted(id.to_owned()))
            }
            Err(error) if code(&error) == Some("InvalidChangeBatch") => {
                let service = error.as_service_error();
                let words = service.and_then(aws_smithy_types::error::metadata::ProvideErrorMetadata::message);
                Ok(Change::Refused(words.unwrap_or("no message").to_owned()))
            }
            Err(error) => Err(failure("changing record", &old.name, error)),
        }
    }

    /// Whether all of Route 53's name servers have a change.
    ///
    /// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html>.
    pub async fn is_in_sync(&self, change: &str, name: &str) -> Result<bool> {
        let path = format!("/2013-04-01/change/{}", escaped(change));
        let reply = self.route_53.get("GetChange", &path).await;
        let reply = reply.map_err(|error| failure("looking at the change of record", name, error))?;
        read(&reply, "looking at the change of record", name, |document| {
            let status = named(document.root(), "ChangeInfo").find_map(|change| child(change, "Status"));
            status == Some("INSYNC")
        })
    }
}

fn found(sets: &[Node<'_, '_>]) -> Found {
    let set = match sets {
        [] => return Found::NoRecord,
        [set] => *set,
        _ => return Found::Other("one of several of its name".to_owned()),
    };
    let kind = child(set, "Type").unwrap_or_default();
    if kind != "CNAME" {
        return Found::Other(format!("of type {kind}"));
    }
    let elements = set
        .children()
        .filter(Node::is_element)
        .map(|node| node.tag_name().name());
    let more: Vec<&str> = elements.filter(|name| !SIMPLE.contains(name)).collect();
    if !more.is_empty() {
        return Found::Other(format!("a record with {}", more.join(", ")));
    }
    let values: Vec<&str> = named(set, "ResourceRecord")
        .filter_map(|record| child(record, "Value"))
        .collect();
    let ttl = child(set, "TTL").and_then(|ttl| ttl.parse().ok());
    match (values.as_slice(), ttl, child(set, "Name")) {
        ([value], Some(ttl), Some(name)) => Found::Record(Record {
            name: name.to_owned(),
            ttl,
            value: (*value).to_owned(),
        }),
        (values, ..) => Found::Other(format!("a record with {} values", values.len())),
    }
}

/// Reads a response; one that cannot be read may be of a call that worked.
fn read<T>(reply: &Reply, doing: &str, name: &str, read: impl FnOnce(&Document<'_>) -> T) -> Result<T> {
    let text = String::from_utf8_lossy(&reply.bytes);
    let document = Document::parse(&text).map_err(|error| {
        Error::Unavailable(format!(
            "{doing} {name}: Route 53's response cannot be read: {error}. Trying again may help"
        ))
    })?;
    Ok(read(&document))
}

fn named<'a, 'input>(of: Node<'a, 'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    of.descendants().filter(move |node| node.tag_name().name() == name)
}

fn child<'a>(of: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let mut children = of.children().filter(|child| child.tag_name().name() == name);
    children.find_map(|child| child.text())
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn text_in_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
