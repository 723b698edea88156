//! Where a switch leads now, as against a resource: what is backed up has to be what is in use.

use crate::domain::descriptor::{CutOver, Descriptor};
use crate::domain::resource::Target;

/// What the present value of a switch tells of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    /// It leads to the resource.
    There,
    /// It leads to another one; which, in words, without what a secret holds.
    Elsewhere(String),
    /// It cannot be told; why, in words.
    Unknown(String),
    /// What it holds does not tell resources apart, such as a port.
    Silent,
}

/// One lead of several values: what leads elsewhere outweighs all, then what cannot be told.
pub fn together(leads: impl IntoIterator<Item = Lead>) -> Lead {
    let rank = |lead: &Lead| match lead {
        Lead::Silent => 0,
        Lead::There => 1,
        Lead::Unknown(_) => 2,
        Lead::Elsewhere(_) => 3,
    };
    leads
        .into_iter()
        .reduce(|one, other| if rank(&other) > rank(&one) { other } else { one })
        .unwrap_or(Lead::Silent)
}

/// Where the name of a table (or its ARN) leads.
pub fn of_table(value: &str, table: &str) -> Lead {
    let named = value.rsplit_once(":table/").map_or(value, |(_, name)| name);
    match named == table {
        true => Lead::There,
        false => Lead::Elsewhere("another table".to_owned()),
    }
}

/// Where an identifier leads that has one spelling: a cluster's or a file system's.
pub fn of_identifier(value: &str, identifier: &str, kind: &str) -> Lead {
    match value.eq_ignore_ascii_case(identifier) {
        true => Lead::There,
        false => Lead::Elsewhere(format!("another {kind}")),
    }
}

/// Whether a text, an ARN or a name, names the secret of this ARN, which ends in a hyphen and six characters of its own.
pub fn names_secret(text: &str, arn: &str) -> bool {
    let name = || arn.split_once(":secret:")?.1.rsplit_once('-').map(|(name, _)| name);
    text == arn || name() == Some(text)
}

/// Where the ARN (or the name) of a secret leads in which RDS manages a master password. RDS makes one for each cluster.
pub fn of_master_secret(value: &str, own: &str) -> Lead {
    match names_secret(value, own) {
        true => Lead::There,
        false => Lead::Elsewhere("the master secret of another cluster, or one that is gone".to_owned()),
    }
}

/// A cluster and the host names by which it is reached: its writer's, its readers' and custom endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    pub cluster: String,
    pub hosts: Vec<String>,
}

/// Where a host name leads: to the cluster or, of `others`, to another one. An alias or a proxy cannot be told.
pub fn of_host(value: &str, cluster: &Hosts, others: &[Hosts]) -> Lead {
    let named = |hosts: &Hosts| {
        let value = value.trim_end_matches('.');
        hosts.hosts.iter().any(|host| host.eq_ignore_ascii_case(value))
    };
    if named(cluster) {
        return Lead::There;
    }
    match others.iter().find(|other| other.cluster != cluster.cluster && named(other)) {
        Some(other) => Lead::Elsewhere(format!("cluster {}", other.cluster)),
        None => Lead::Unknown(
            "its host name is no endpoint of a cluster that is there: an alias, a proxy, an instance's, or one that is gone"
                .to_owned(),
        ),
    }
}

/// The resource of a descriptor that a switch belongs to: of a prefix, the table. `None` where the descriptor has none.
pub fn resource_of(descriptor: &Descriptor, switch: &CutOver) -> Option<Target> {
    let target = &descriptor.resources.get(&switch.resource)?.target;
    Some(match &switch.table {
        Some(table) => Target::DynamoDb { table: table.clone() },
        None => target.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(cluster: &str) -> Hosts {
        Hosts {
            cluster: cluster.to_owned(),
            hosts: vec![format!("{cluster}.cluster-x"), format!("{cluster}.cluster-ro-x")],
        }
    }

    #[test]
    fn a_host_leads_to_the_cluster_whose_endpoint_it_is() {
        let others = [hosts("db"), hosts("db-r1")];
        let lead = |value| of_host(value, &hosts("db"), &others);
        assert_eq!(lead("db.cluster-ro-x"), Lead::There);
        assert_eq!(lead("DB.cluster-x."), Lead::There);
        assert_eq!(lead("db-r1.cluster-x"), Lead::Elsewhere("cluster db-r1".to_owned()));
        assert!(matches!(lead("db.internal.example.org"), Lead::Unknown(_)));
    }

    #[test]
    fn a_table_is_named_by_name_or_arn() {
        assert_eq!(of_table("rooms", "rooms"), Lead::There);
        assert_eq!(
            of_table("arn:aws:dynamodb:eu-west-1:1:table/rooms", "rooms"),
            Lead::There
        );
        assert!(matches!(of_table("rooms-r1", "rooms"), Lead::Elsewhere(_)));
        assert!(matches!(of_table("", "rooms"), Lead::Elsewhere(_)));
    }

    #[test]
    fn a_master_secret_is_one_clusters() {
        let own = "arn:aws:secretsmanager:eu-west-1:1:secret:rds!cluster-1-Ab12Cd";
        assert_eq!(of_master_secret(own, own), Lead::There);
        assert_eq!(of_master_secret("rds!cluster-1", own), Lead::There);
        assert!(matches!(of_master_secret("", own), Lead::Elsewhere(_)));
        assert!(matches!(of_master_secret("rds!cluster", own), Lead::Elsewhere(_)));
    }

    #[test]
    fn what_leads_elsewhere_outweighs_the_rest() {
        let elsewhere = || Lead::Elsewhere("e".to_owned());
        let unknown = || Lead::Unknown("u".to_owned());
        assert_eq!(together([Lead::There, elsewhere(), unknown()]), elsewhere());
        assert_eq!(together([unknown(), Lead::There]), unknown());
        assert_eq!(together([Lead::Silent, Lead::There]), Lead::There);
        assert_eq!(together([]), Lead::Silent);
    }
}
