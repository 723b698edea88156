//! The name of an ECS service in its cluster.

use std::str::FromStr;

/// `CLUSTER/SERVICE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    pub cluster: String,
    pub service: String,
}

impl FromStr for ServiceName {
    type Err = String;

    /// Also of the service's ARN, which ends with `service/CLUSTER/SERVICE`. The older ARNs lack the cluster
    /// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html>).
    fn from_str(text: &str) -> Result<Self, String> {
        let name = match text.strip_prefix("arn:") {
            Some(arn) => arn.split_once(":service/").map_or("", |(_, name)| name),
            None => text,
        };
        let is_name = |name: &str| {
            (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        match name.split_once('/') {
            Some((cluster, service)) if is_name(cluster) && is_name(service) => Ok(Self {
                cluster: cluster.to_owned(),
                service: service.to_owned(),
            }),
            _ => Err("expected CLUSTER/SERVICE, by their names, or the service's ARN with its cluster".to_owned()),
        }
    }
}

impl std::fmt::Display for ServiceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.cluster, self.service)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_service_is_named_with_its_cluster_or_by_its_arn() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:service/";
        for text in ["hubs/web", &format!("{arn}hubs/web")] {
            assert_eq!(text.parse::<ServiceName>().unwrap().to_string(), "hubs/web");
        }
        for text in [
            "",
            "web",
            "/web",
            "hubs/",
            "a/b/c",
            "a b/c",
            &format!("{arn}web"),
            "arn:aws:ecs:cluster/a/b",
        ] {
            assert!(text.parse::<ServiceName>().is_err(), "{text}");
        }
    }
}
