//! Types of resources that Holdfast does not back up although an application's state may be in them, or lead through them, and what
//! to do in place of a backup. Types without state are in no table: they are not mentioned.

use super::FoundResource;

/// One type, in the notations of its sources.
pub struct UnprotectedType {
    pub cloudformation: &'static str,
    /// Types of Terraform's AWS provider.
    terraform: &'static [&'static str],
    /// Service and resource type in an ARN; an empty resource type for ARNs without one.
    arns: &'static [(&'static str, &'static str)],
    next: &'static str,
}

const OWN_BACKUPS: &str = "turn on its own backups, or back it up with AWS Backup";
const CACHE: &str = "nothing, if it is only a cache; otherwise turn on its own automatic backups";
const MESSAGES: &str =
    "its messages are in no backup: what reads it has to cope with lost and repeated ones after a restore";
const SEARCH: &str =
    "it has automated snapshots of its own; or index again from the restored data, by a hook in after_restore";

/// What to do with an RDS instance that belongs to no Aurora cluster.
pub const INSTANCE: &str = "if it is Postgres 16 to 18, add each of its databases as a resource of kind postgres (docs/postgres.md); \
                            otherwise RDS's own backups or AWS Backup protect it";

/// By CloudFormation type.
const TYPES: &[UnprotectedType] = &[
    UnprotectedType {
        cloudformation: "AWS::AmazonMQ::Broker",
        terraform: &["aws_mq_broker"],
        arns: &[("mq", "broker")],
        next: MESSAGES,
    },
    UnprotectedType {
        cloudformation: "AWS::Cognito::UserPool",
        terraform: &["aws_cognito_user_pool"],
        arns: &[("cognito-idp", "userpool")],
        next: "export its users yourself (ListUsers): Cognito never returns their passwords",
    },
    UnprotectedType {
        cloudformation: "AWS::DocDB::DBCluster",
        terraform: &["aws_docdb_cluster"],
        arns: &[],
        next: OWN_BACKUPS,
    },
    UnprotectedType {
        cloudformation: "AWS::EC2::Volume",
        terraform: &["aws_ebs_volume"],
        arns: &[("ec2", "volume")],
        next: "snapshots by Amazon Data Lifecycle Manager or AWS Backup protect it",
    },
    UnprotectedType {
        cloudformation: "AWS::ElastiCache::CacheCluster",
        terraform: &["aws_elasticache_cluster"],
        arns: &[("elasticache", "cluster")],
        next: CACHE,
    },
    UnprotectedType {
        cloudformation: "AWS::ElastiCache::ReplicationGroup",
        terraform: &["aws_elasticache_replication_group"],
        arns: &[("elasticache", "replicationgroup")],
        next: CACHE,
    },
    UnprotectedType {
        cloudformation: "AWS::ElastiCache::ServerlessCache",
        terraform: &["aws_elasticache_serverless_cache"],
        arns: &[("elasticache", "serverlesscache")],
        next: CACHE,
    },
    UnprotectedType {
        cloudformation: "AWS::Elasticsearch::Domain",
        terraform: &["aws_elasticsearch_domain"],
        arns: &[],
        next: SEARCH,
    },
    UnprotectedType {
        cloudformation: "AWS::FSx::FileSystem",
        terraform: &[
            "aws_fsx_lustre_file_system",
            "aws_fsx_ontap_file_system",
            "aws_fsx_openzfs_file_system",
            "aws_fsx_windows_file_system",
        ],
        arns: &[("fsx", "file-system")],
        next: OWN_BACKUPS,
    },
    UnprotectedType {
        cloudformation: "AWS::Kinesis::Stream",
        terraform: &["aws_kinesis_stream"],
        arns: &[("kinesis", "stream")],
        next: MESSAGES,
    },
    UnprotectedType {
        cloudformation: "AWS::MSK::Cluster",
        terraform: &["aws_msk_cluster", "aws_msk_serverless_cluster"],
        arns: &[("kafka", "cluster")],
        next: MESSAGES,
    },
    UnprotectedType {
        cloudformation: "AWS::MemoryDB::Cluster",
        terraform: &["aws_memorydb_cluster"],
        arns: &[("memorydb", "cluster")],
        next: "turn on its own snapshots",
    },
    UnprotectedType {
        cloudformation: "AWS::Neptune::DBCluster",
        terraform: &["aws_neptune_cluster"],
        arns: &[],
        next: OWN_BACKUPS,
    },
    UnprotectedType {
        cloudformation: "AWS::OpenSearchService::Domain",
        terraform: &["aws_opensearch_domain"],
        arns: &[("es", "domain")],
        next: SEARCH,
    },
    UnprotectedType {
        cloudformation: "AWS::RDS::DBInstance",
        terraform: &["aws_db_instance"],
        arns: &[("rds", "db")],
        next: INSTANCE,
    },
    UnprotectedType {
        cloudformation: "AWS::RDS::DBProxy",
        terraform: &["aws_db_proxy"],
        arns: &[("rds", "db-proxy")],
        next: "it holds no data; a switch of kind rds_proxy in cut_over makes the copy of its cluster its target",
    },
    UnprotectedType {
        cloudformation: "AWS::Redshift::Cluster",
        terraform: &["aws_redshift_cluster"],
        arns: &[("redshift", "cluster")],
        next: OWN_BACKUPS,
    },
    UnprotectedType {
        cloudformation: "AWS::S3::Bucket",
        terraform: &["aws_s3_bucket"],
        arns: &[("s3", "")],
        next: "turn versioning on, and replicate it or back it up with AWS Backup",
    },
    UnprotectedType {
        cloudformation: "AWS::SQS::Queue",
        terraform: &["aws_sqs_queue"],
        arns: &[("sqs", "")],
        next: MESSAGES,
    },
    UnprotectedType {
        cloudformation: "AWS::Timestream::Table",
        terraform: &["aws_timestreamwrite_table"],
        arns: &[],
        next: OWN_BACKUPS,
    },
];

impl UnprotectedType {
    pub fn of_cloudformation(kind: &str) -> Option<&'static Self> {
        TYPES.iter().find(|of| of.cloudformation == kind)
    }

    pub fn of_terraform(kind: &str) -> Option<&'static Self> {
        TYPES.iter().find(|of| of.terraform.contains(&kind))
    }

    pub fn of_arn(service: &str, kind: &str) -> Option<&'static Self> {
        TYPES.iter().find(|of| of.arns.contains(&(service, kind)))
    }

    /// The resource of this type with an identifier.
    pub fn resource(&self, id: impl Into<String>) -> FoundResource {
        FoundResource::Unprotected {
            what: self.cloudformation.to_owned(),
            id: id.into(),
            next: self.next.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_is_listed_once_in_each_notation() {
        let all: Vec<String> = TYPES
            .iter()
            .flat_map(|of| {
                let arns = of.arns.iter().map(|(service, kind)| format!("{service}:{kind}"));
                let terraform = of.terraform.iter().map(|kind| (*kind).to_owned());
                arns.chain(terraform).chain([of.cloudformation.to_owned()])
            })
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        let names: Vec<&str> = TYPES.iter().map(|of| of.cloudformation).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
