//! Route 53 records that point to a cluster's endpoints, and how to point them to the copy's.

use serde_json::json;

/// A record set with one value that points to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Id of its hosted zone.
    pub zone: String,
    pub name: String,
    /// Such as `CNAME`.
    pub kind: String,
    /// Seconds; `None` for an alias.
    pub ttl: Option<u64>,
    /// One of several record sets of its name and type, such as weighted ones.
    pub one_of_several: bool,
    /// The host name that it points to.
    pub host: String,
}

impl Record {
    /// Whether it points to a host, ignoring case and a trailing dot.
    pub fn leads_to(&self, host: &str) -> bool {
        let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
        plain(&self.host) == plain(host)
    }

    /// The command that points it to another host; for anything other than a simple CNAME, how to build that command.
    pub fn command(&self, host: &str) -> String {
        let zone = &self.zone;
        let (Some(ttl), "CNAME", false) = (self.ttl, self.kind.as_str(), self.one_of_several) else {
            return format!(
                "read it with aws route53 list-resource-record-sets --hosted-zone-id {zone}, and put it again with {host} by aws \
                 route53 change-resource-record-sets --hosted-zone-id {zone}"
            );
        };
        let set = json!({
            "Name": self.name, "Type": self.kind, "TTL": ttl, "ResourceRecords": [{ "Value": host }],
        });
        let batch = json!({ "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] });
        format!("aws route53 change-resource-record-sets --hosted-zone-id {zone} --change-batch '{batch}'")
    }
}

/// The host name of a copy's endpoint: the cluster's name, followed by what all clusters of an account and Region have in common.
pub fn host_of_copy(host: &str, cluster: &str, copy: &str) -> Option<String> {
    let rest = host.strip_prefix(cluster)?;
    rest.starts_with('.').then(|| format!("{copy}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            zone: "Z1".into(),
            name: "db.example.org.".into(),
            kind: "CNAME".into(),
            ttl: Some(60),
            one_of_several: false,
            host: "Hubs.cluster-x.eu-west-1.rds.amazonaws.com.".into(),
        }
    }

    #[test]
    fn a_name_for_a_host_is_led_to_another_by_one_command() {
        assert!(record().leads_to("hubs.cluster-x.eu-west-1.rds.amazonaws.com"));
        assert!(!record().leads_to("hubs.cluster-ro-x.eu-west-1.rds.amazonaws.com"));
        let command = record().command("hubs-r1.cluster-x");
        for part in [
            "aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch '{\"Changes\":[{",
            "\"Action\":\"UPSERT\"",
            "\"Name\":\"db.example.org.\"",
            "\"TTL\":60",
            "\"ResourceRecords\":[{\"Value\":\"hubs-r1.cluster-x\"}]",
        ] {
            assert!(command.contains(part), "{part} in {command}");
        }
    }

    #[test]
    fn a_record_that_is_more_than_a_name_for_a_host_is_put_again_as_it_was() {
        let weighted = Record {
            one_of_several: true,
            ..record()
        };
        let service = Record {
            kind: "SRV".into(),
            ..record()
        };
        let alias = Record { ttl: None, ..record() };
        for record in [weighted, service, alias] {
            let command = record.command("hubs-r1.cluster-x");
            assert!(
                command.contains("list-resource-record-sets --hosted-zone-id Z1"),
                "{command}"
            );
            assert!(!command.contains("UPSERT"), "{command}");
        }
    }

    #[test]
    fn an_endpoint_of_a_copy_has_its_name_before_the_same_rest() {
        let of_copy = |host: &str| host_of_copy(host, "hubs", "hubs-r1");
        assert_eq!(of_copy("hubs.cluster-x.rds").as_deref(), Some("hubs-r1.cluster-x.rds"));
        assert_eq!(of_copy("hubs-2.cluster-x.rds"), None);
    }
}
