//! Records of Route 53: one hosted zone of a lab, with a CNAME record for each application.

use anyhow::{Context, Result};
use reqwest::Method;

use crate::aws::{Aws, element};

const NAMESPACE: &str = "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"";
const ZONES: &str = "/2013-04-01/hostedzone";
const DOMAIN: &str = "apps.example.org";

/// A CNAME record.
pub struct Record {
    pub zone: String,
    pub name: String,
}

impl Record {
    /// Creates it, in the lab's hosted zone. Its TTL is a second, which a cut-over waits out.
    pub async fn create(aws: &Aws, label: &str, value: &str) -> Result<Self> {
        let record = Self {
            zone: zone(aws).await?,
            name: format!("{label}.{DOMAIN}"),
        };
        record.set(aws, value).await?;
        Ok(record)
    }

    /// Writes its value, whatever that was.
    pub async fn set(&self, aws: &Aws, value: &str) -> Result<()> {
        let change = format!(
            "<ChangeResourceRecordSetsRequest {NAMESPACE}><ChangeBatch><Changes><Change><Action>UPSERT</Action><ResourceRecordSet>\
             <Name>{}</Name><Type>CNAME</Type><TTL>1</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>\
             </ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
            self.name
        );
        let path = format!("{ZONES}/{}/rrset/", self.zone);
        aws.rest_xml("route53", Method::POST, &path, change).await.map(drop)
    }

    /// Its present value, and its TTL.
    pub async fn value(&self, aws: &Aws) -> Result<(String, String)> {
        let path = format!("{ZONES}/{}/rrset?name={}&maxitems=1", self.zone, self.name);
        let xml = aws.rest_xml("route53", Method::GET, &path, String::new()).await?;
        let (value, ttl) = (element(&xml, "Value")?, element(&xml, "TTL")?);
        Ok((value.trim_end_matches('.').to_owned(), ttl))
    }
}

/// The lab's zone. A plan reads a few zones only: there is one for all applications.
async fn zone(aws: &Aws) -> Result<String> {
    let listed = aws.rest_xml("route53", Method::GET, ZONES, String::new()).await?;
    let document = roxmltree::Document::parse(&listed)?;
    let text = |zone: roxmltree::Node<'_, '_>, name: &str| {
        let child = zone.children().find(|child| child.tag_name().name() == name);
        child.and_then(|child| child.text()).map(str::to_owned)
    };
    let mut zones = document
        .descendants()
        .filter(|node| node.tag_name().name() == "HostedZone");
    let known = zones.find(|zone| text(*zone, "Name").is_some_and(|name| name.trim_end_matches('.') == DOMAIN));
    let id = match known {
        Some(known) => text(known, "Id").context("a hosted zone without an id")?,
        None => {
            let request = format!(
                "<CreateHostedZoneRequest {NAMESPACE}><Name>{DOMAIN}.</Name><CallerReference>apps</CallerReference>\
                 </CreateHostedZoneRequest>"
            );
            let made = aws.rest_xml("route53", Method::POST, ZONES, request).await?;
            element(&made, "Id")?
        }
    };
    Ok(id.replace("/hostedzone/", ""))
}
