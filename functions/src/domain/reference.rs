//! Whether a switch presently refers to a resource: what is backed up has to be what is in use.

use crate::domain::descriptor::{Descriptor, Switch};
use crate::domain::kinds;
use crate::domain::resource::Target;

/// What the present value of a switch refers to, compared with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// It refers to the resource.
    Matches,
    /// It refers to another one; the text names it, without what a secret holds.
    Elsewhere(String),
    /// It cannot be determined; the text says why.
    Unknown(String),
    /// Its value does not identify a resource, such as a port.
    Unrelated,
}

/// Combines the references of several values: `Elsewhere` outweighs all, then `Unknown`.
pub fn combine(references: impl IntoIterator<Item = Reference>) -> Reference {
    let rank = |reference: &Reference| match reference {
        Reference::Unrelated => 0,
        Reference::Matches => 1,
        Reference::Unknown(_) => 2,
        Reference::Elsewhere(_) => 3,
    };
    references
        .into_iter()
        .reduce(|one, other| if rank(&other) > rank(&one) { other } else { one })
        .unwrap_or(Reference::Unrelated)
}

/// What the name of a table (or its ARN) refers to.
pub fn of_table(value: &str, table: &str) -> Reference {
    let named = value.rsplit_once(":table/").map_or(value, |(_, name)| name);
    match named == table {
        true => Reference::Matches,
        false => Reference::Elsewhere("another table".to_owned()),
    }
}

/// What an identifier with a single spelling refers to: a cluster's or a file system's.
pub fn of_identifier(value: &str, identifier: &str, kind: &str) -> Reference {
    match value.eq_ignore_ascii_case(identifier) {
        true => Reference::Matches,
        false => Reference::Elsewhere(format!("another {kind}")),
    }
}

/// Whether a text, an ARN or a name, names the secret of this ARN, which ends in a hyphen and six random characters.
pub fn names_secret(text: &str, arn: &str) -> bool {
    let name = || arn.split_once(":secret:")?.1.rsplit_once('-').map(|(name, _)| name);
    text == arn || name() == Some(text)
}

/// What the ARN (or the name) of an RDS-managed master password secret refers to. RDS creates one for each cluster.
pub fn of_master_secret(value: &str, own: &str) -> Reference {
    match names_secret(value, own) {
        true => Reference::Matches,
        false => Reference::Elsewhere("the master secret of another cluster, or a deleted one".to_owned()),
    }
}

/// A cluster and its endpoints: the writer's, the readers' and custom endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterHosts {
    pub cluster: String,
    pub hosts: Vec<String>,
}

/// What a host name refers to: the cluster or one of `others`. An alias or a proxy cannot be determined.
pub fn of_host(value: &str, cluster: &ClusterHosts, others: &[ClusterHosts]) -> Reference {
    let named = |hosts: &ClusterHosts| {
        let value = value.trim_end_matches('.');
        hosts.hosts.iter().any(|host| host.eq_ignore_ascii_case(value))
    };
    if named(cluster) {
        return Reference::Matches;
    }
    match others.iter().find(|other| other.cluster != cluster.cluster && named(other)) {
        Some(other) => Reference::Elsewhere(format!("cluster {}", other.cluster)),
        None => Reference::Unknown(
            "its host name is no endpoint of an existing cluster: an alias, a proxy, an instance endpoint, or that of a deleted \
             cluster"
                .to_owned(),
        ),
    }
}

/// The resource of a descriptor that a switch belongs to: for a prefix, the table. `None` if the descriptor has none.
pub fn resource_of(descriptor: &Descriptor, switch: &Switch) -> Option<Target> {
    let target = &descriptor.resources.get(&switch.resource)?.target;
    match &switch.table {
        Some(table) => kinds::member_target(target, table),
        None => Some(target.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(cluster: &str) -> ClusterHosts {
        ClusterHosts {
            cluster: cluster.to_owned(),
            hosts: vec![format!("{cluster}.cluster-x"), format!("{cluster}.cluster-ro-x")],
        }
    }

    #[test]
    fn a_host_leads_to_the_cluster_whose_endpoint_it_is() {
        let others = [hosts("db"), hosts("db-r1")];
        let reference = |value| of_host(value, &hosts("db"), &others);
        assert_eq!(reference("db.cluster-ro-x"), Reference::Matches);
        assert_eq!(reference("DB.cluster-x."), Reference::Matches);
        assert_eq!(
            reference("db-r1.cluster-x"),
            Reference::Elsewhere("cluster db-r1".to_owned())
        );
        assert!(matches!(reference("db.internal.example.org"), Reference::Unknown(_)));
    }

    #[test]
    fn a_table_is_named_by_name_or_arn() {
        assert_eq!(of_table("rooms", "rooms"), Reference::Matches);
        assert_eq!(
            of_table("arn:aws:dynamodb:eu-west-1:1:table/rooms", "rooms"),
            Reference::Matches
        );
        assert!(matches!(of_table("rooms-r1", "rooms"), Reference::Elsewhere(_)));
        assert!(matches!(of_table("", "rooms"), Reference::Elsewhere(_)));
    }

    #[test]
    fn a_master_secret_is_one_clusters() {
        let own = "arn:aws:secretsmanager:eu-west-1:1:secret:rds!cluster-1-Ab12Cd";
        assert_eq!(of_master_secret(own, own), Reference::Matches);
        assert_eq!(of_master_secret("rds!cluster-1", own), Reference::Matches);
        assert!(matches!(of_master_secret("", own), Reference::Elsewhere(_)));
        assert!(matches!(of_master_secret("rds!cluster", own), Reference::Elsewhere(_)));
    }

    #[test]
    fn what_leads_elsewhere_outweighs_the_rest() {
        let elsewhere = || Reference::Elsewhere("e".to_owned());
        let unknown = || Reference::Unknown("u".to_owned());
        assert_eq!(combine([Reference::Matches, elsewhere(), unknown()]), elsewhere());
        assert_eq!(combine([unknown(), Reference::Matches]), unknown());
        assert_eq!(combine([Reference::Unrelated, Reference::Matches]), Reference::Matches);
        assert_eq!(combine([]), Reference::Unrelated);
    }
}
