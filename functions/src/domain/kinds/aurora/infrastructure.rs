//! Where a cluster is in the infrastructure's source, and what its copy replaces there.

use super::instances;
use crate::domain::descriptor::formats::{self, visible};
use crate::domain::descriptor::reader::TextFormat;
use crate::domain::restore::infrastructure::place::{Element, SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};

pub const CLUSTER: Element = Element {
    terraform: "aws_rds_cluster",
    cloudformation: "AWS::RDS::DBCluster",
    key: "DBClusterIdentifier",
    argument: Some("cluster_identifier"),
};
const INSTANCE: Element = Element {
    terraform: "aws_rds_cluster_instance",
    cloudformation: "AWS::RDS::DBInstance",
    key: "DBInstanceIdentifier",
    argument: Some("identifier"),
};
pub const TERRAFORM: TextFormat = visible(
    "the address of the aws_rds_cluster in Terraform's state, such as aws_rds_cluster.main or module.data.aws_rds_cluster.main",
    |text| formats::terraform(text, CLUSTER.terraform),
);

/// Everything that the copy replaces; `renamed` is whether it takes the name of its source.
pub fn replaced(place: &SourceLocation, item: &RestoreItem, renamed: bool) -> Vec<SourceReplacement> {
    let source = item.planned.resource.target.identifier();
    let Some(CreatedResource::Cluster { cluster: copy, .. }) = &item.created else {
        return Vec::new();
    };
    let mut replaced = vec![place.resource(CLUSTER, source, if renamed { source } else { copy })];
    let instances = instances::names(&item.configuration, source, copy);
    let parts = instances.iter().enumerate();
    replaced.extend(parts.map(|(index, (source, id))| place.part(INSTANCE, index, source, id)));
    // Scaling refers to the cluster by name: with the old name it needs no change.
    if !renamed {
        let scaled = format!("cluster:{source}");
        replaced.extend(place.scaled(&item.configuration, "rds", &scaled, &format!("cluster:{copy}")));
    }
    replaced
}
