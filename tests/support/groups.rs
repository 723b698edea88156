//! Auto Scaling groups of EC2, whose instances only have ids in the lab.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::aws::{Aws, element, elements};

const AUTO_SCALING: (&str, &str) = ("autoscaling", "2011-01-01");
const EC2: (&str, &str) = ("ec2", "2016-11-15");

/// Instances of a group.
pub const INSTANCES: &str = "2";

/// Creates a group with a launch template of its own.
pub async fn create(aws: &Aws, name: &str) -> Result<()> {
    let template = [
        ("LaunchTemplateName", name),
        ("LaunchTemplateData.ImageId", "ami-0123456789abcdef0"),
        ("LaunchTemplateData.InstanceType", "t4g.small"),
    ];
    let created = aws.query(EC2.0, EC2.1, "CreateLaunchTemplate", &template).await?;
    let template = element(&created, "launchTemplateId")?;
    let group = [
        ("AutoScalingGroupName", name),
        ("LaunchTemplate.LaunchTemplateId", &template),
        ("LaunchTemplate.Version", "1"),
        ("MinSize", "1"),
        ("MaxSize", "4"),
        ("DesiredCapacity", INSTANCES),
        ("AvailabilityZones.member.1", "us-east-1a"),
    ];
    aws.query(AUTO_SCALING.0, AUTO_SCALING.1, "CreateAutoScalingGroup", &group)
        .await
        .map(drop)
}

/// The ids of a group's instances.
pub async fn instances(aws: &Aws, name: &str) -> Result<BTreeSet<String>> {
    let asked = [("AutoScalingGroupNames.member.1", name)];
    let described = aws
        .query(AUTO_SCALING.0, AUTO_SCALING.1, "DescribeAutoScalingGroups", &asked)
        .await?;
    Ok(elements(&described, "InstanceId")?.into_iter().collect())
}

/// The ids of a group's refreshes, the newest first.
pub async fn refreshes(aws: &Aws, name: &str) -> Result<Vec<String>> {
    let asked = [("AutoScalingGroupName", name)];
    let described = aws
        .query(AUTO_SCALING.0, AUTO_SCALING.1, "DescribeInstanceRefreshes", &asked)
        .await?;
    elements(&described, "InstanceRefreshId")
}
