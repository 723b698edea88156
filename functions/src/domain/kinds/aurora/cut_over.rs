//! What a cut-over can switch to the copy of a cluster, and the facts of the copy that it can write.

use crate::domain::descriptor::Fact;

/// The kinds of switches, by their names in a descriptor.
pub const SWITCHES: &[&str] = &[
    "secret",
    "parameter",
    "lambda_environment",
    "ecs_service",
    "ecs_restart",
    "ssm_command",
    "instance_refresh",
    "route53_record",
    "rds_proxy",
    "rename",
];

/// The facts, by their names in a descriptor.
pub const FACTS: &[(&str, Fact)] = &[
    ("host", Fact::Host),
    ("reader_host", Fact::ReaderHost),
    ("port", Fact::Port),
    ("cluster", Fact::Cluster),
    ("master_secret", Fact::MasterSecret),
];

/// The ARN for `rds-db:connect` of any user of the cluster with this ARN and `DbClusterResourceId`.
pub fn iam_users(cluster_arn: &str, resource_id: Option<&str>) -> String {
    let id = resource_id.unwrap_or("(not known)");
    match cluster_arn.split(':').collect::<Vec<_>>().as_slice() {
        [_, partition, _, region, account, ..] => {
            format!("arn:{partition}:rds-db:{region}:{account}:dbuser:{id}/<user>")
        }
        _ => format!("dbuser:{id}/<user>"),
    }
}
