//! The region of a new account: no clusters, and the default groups.

use std::collections::BTreeMap;

use super::addresses::Addresses;
use super::catalogue;
use super::groups::{ParameterGroup, SubnetGroup};
use super::state::State;
use super::tags::Tags;
use super::timeline::Timeline;
use crate::world::World;

/// A region with nothing but the account's default groups.
#[must_use]
pub fn empty(world: &World) -> State {
    let default = |kind: &str, family: &str| {
        let name = format!("default.{family}");
        ParameterGroup {
            arn: world.arn("rds", &format!("{kind}:{name}")),
            description: format!("Default parameter group for {family}"),
            family: family.to_owned(),
            name,
            parameters: BTreeMap::new(),
            tags: Tags::new(),
        }
    };
    let family = catalogue::family(catalogue::DEFAULT_VERSION);
    let subnets = SubnetGroup {
        name: "default".to_owned(),
        arn: world.arn("rds", "subgrp:default"),
        description: "default".to_owned(),
        vpc: catalogue::DEFAULT_VPC.to_owned(),
        subnets: catalogue::DEFAULT_SUBNETS.iter().map(|id| (*id).to_owned()).collect(),
        tags: Tags::new(),
    };
    let by_name = |group: ParameterGroup| BTreeMap::from([(group.name.clone(), group)]);
    State {
        clusters: BTreeMap::new(),
        cluster_endpoints: BTreeMap::new(),
        instances: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        retained: BTreeMap::new(),
        subnet_groups: BTreeMap::from([(subnets.name.clone(), subnets)]),
        cluster_parameter_groups: by_name(default("cluster-pg", &family)),
        parameter_groups: by_name(default("pg", &family)),
        addresses: Addresses::new(),
        timeline: Timeline::default(),
        order: world.order,
        default_key: world.arn("kms", &format!("key/{}", crate::ids::uuid())),
    }
}
