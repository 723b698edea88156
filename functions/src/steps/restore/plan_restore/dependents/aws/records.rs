//! Finds the Route 53 records that resolve to given hosts.

use roxmltree::{Document, Node};

use super::PartialList;
use super::answers::{named, unreadable};
use crate::aws::failure;
use crate::aws::service::{Client, escaped};
use crate::domain::restore::dependents::record::Record;
use crate::error::Result;

/// The most calls that a plan makes: Route 53 allows an account five a second.
const MOST_CALLS: usize = 20;

/// The largest page of records (Amazon Route 53 API Reference, "ListResourceRecordSets").
const PAGE: &str = "maxitems=300";

/// The records that resolve to one of the hosts, as far as the calls suffice.
pub async fn records(route_53: &Client, hosts: &[&str]) -> Result<PartialList<Record>> {
    let mut calls = Calls {
        route_53,
        left: MOST_CALLS,
    };
    let mut found = Vec::new();
    let (mut zones, mut page) = (Vec::new(), String::new());
    loop {
        let Some(text) = calls
            .get("ListHostedZones", &format!("/2013-04-01/hostedzone{page}"))
            .await?
        else {
            break;
        };
        let document = Document::parse(&text).map_err(|error| unreadable("hosted zones", &error))?;
        zones.extend(named(document.root(), "HostedZone").filter_map(|zone| {
            let id = text_of(zone, "Id")?;
            Some(id.rsplit('/').next().unwrap_or_default().to_owned())
        }));
        match text_of(document.root_element(), "NextMarker") {
            Some(marker) => page = format!("?marker={}", escaped(&marker)),
            None => break,
        }
    }
    let mut whole = calls.left > 0;
    for zone in zones {
        whole = of_zone(&mut calls, &zone, hosts, &mut found).await? && whole;
    }
    Ok(PartialList { found, whole })
}

/// Returns whether the zone was read to its end.
async fn of_zone(calls: &mut Calls<'_>, zone: &str, hosts: &[&str], found: &mut Vec<Record>) -> Result<bool> {
    let mut from = String::new();
    loop {
        let path = format!("/2013-04-01/hostedzone/{}/rrset?{PAGE}{from}", escaped(zone));
        let Some(text) = calls.get("ListResourceRecordSets", &path).await? else {
            return Ok(false);
        };
        let document = Document::parse(&text).map_err(|error| unreadable("records", &error))?;
        let sets = named(document.root(), "ResourceRecordSet");
        found.extend(sets.filter_map(|set| record(zone, set, hosts)));
        let next = |name: &str| text_of(document.root_element(), name);
        let Some(name) = next("NextRecordName") else {
            return Ok(true);
        };
        from = format!("&name={}", escaped(&name));
        for (field, next) in [
            ("type", next("NextRecordType")),
            ("identifier", next("NextRecordIdentifier")),
        ] {
            from.extend(next.map(|value| format!("&{field}={}", escaped(&value))));
        }
    }
}

/// The record of a set that resolves to one of the hosts.
fn record(zone: &str, set: Node<'_, '_>, hosts: &[&str]) -> Option<Record> {
    let alias = named(set, "AliasTarget").find_map(|alias| text_of(alias, "DNSName"));
    // An SRV record has its host last.
    let values = named(set, "ResourceRecord").filter_map(|record| text_of(record, "Value"));
    let values = values.filter_map(|value| value.split_whitespace().next_back().map(str::to_owned));
    let of_host = |host: String| Record {
        zone: zone.to_owned(),
        name: text_of(set, "Name").unwrap_or_default(),
        kind: text_of(set, "Type").unwrap_or_default(),
        ttl: text_of(set, "TTL").and_then(|seconds| seconds.parse().ok()),
        one_of_several: text_of(set, "SetIdentifier").is_some(),
        host,
    };
    let mut records = alias.into_iter().chain(values).map(of_host);
    records.find(|record| hosts.iter().any(|host| record.leads_to(host)))
}

fn text_of(node: Node<'_, '_>, name: &str) -> Option<String> {
    let child = node.children().find(|child| child.tag_name().name() == name)?;
    child.text().map(str::to_owned)
}

/// Counts down the calls that a plan may still make.
struct Calls<'a> {
    route_53: &'a Client,
    left: usize,
}

impl Calls<'_> {
    /// `None` once there are no calls left.
    async fn get(&mut self, action: &str, path: &str) -> Result<Option<String>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let reply = self.route_53.get(action, path).await;
        let reply = reply.map_err(|error| failure("listing", "Route 53 records", error))?;
        Ok(Some(String::from_utf8_lossy(&reply.bytes).into_owned()))
    }
}
