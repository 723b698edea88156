//! Mount targets: one per availability zone, in a subnet of MiniStack's EC2.

use std::net::Ipv4Addr;

use hyper::Method;
use serde_json::{Value, json};

use super::refusals::{bad_request, bare_id, no_file_system, required};
use super::state::{Efs, FileSystem, MountTarget, State, Subnet};
use crate::rds::catalogue;
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::Answer;

impl Efs {
    pub(super) async fn create_mount_target(&self, request: &Request) -> Reply {
        let now = self.world.clock.now();
        let file_system = {
            let mut state = self.state();
            let fs: &mut FileSystem = state.file_system(request)?;
            fs.must_be_available(now)?;
            fs.id.clone()
        };
        let subnet = self.subnet(&required(request, "SubnetId")?).await?;
        let groups = read_groups(request)?;
        let available_at = self.available_at();
        let mut state = self.state();
        if !state.file_systems.contains_key(&file_system) {
            return Err(no_file_system(&file_system));
        }
        let same_zone = |mt: &&MountTarget| mt.file_system == file_system && mt.subnet.zone == subnet.zone;
        if state.mount_targets.values().any(|mt| same_zone(&mt)) {
            let message = format!("mount target already exists in this AZ ({})", subnet.zone);
            return Err(Refusal::new(409, "MountTargetConflict", message));
        }
        let number = u32::try_from(state.mount_targets.len()).unwrap_or(0);
        let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(172, 31, 0, 10)).wrapping_add(number));
        let target = MountTarget {
            id: format!("fsmt-{}", crate::ids::hex(17)),
            file_system,
            interface: format!("eni-{}", crate::ids::hex(17)),
            ip: request.text("IpAddress").unwrap_or_else(|| ip.to_string()),
            security_groups: if groups.is_empty() {
                vec![default_security_group(&subnet.vpc)]
            } else {
                groups
            },
            subnet,
            available_at,
        };
        let view = self.describe_target(&target);
        state.mount_targets.insert(target.id.clone(), target);
        Ok(Answer::json(&view))
    }

    pub(super) fn describe_mount_targets(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let mut file_system = request.text("FileSystemId").map(|id| bare_id(&id).to_owned());
        let id = request.text("MountTargetId");
        if file_system.is_some() {
            state.file_system(request)?;
        }
        if let Some(point) = request.text("AccessPointId") {
            let point = state.access_point(bare_id(&point))?;
            file_system = Some(point.file_system.clone());
        }
        if let Some(id) = id.as_deref() {
            state.mount_target(id)?;
        }
        if file_system.is_none() && id.is_none() {
            return Err(bad_request(
                "One of FileSystemId, MountTargetId or AccessPointId is needed",
            ));
        }
        let wanted = |mt: &&MountTarget| {
            file_system.as_deref().is_none_or(|fs| fs == mt.file_system) && id.as_deref().is_none_or(|id| id == mt.id)
        };
        let views: Vec<Value> = state
            .mount_targets
            .values()
            .filter(wanted)
            .map(|mt| self.describe_target(mt))
            .collect();
        let (page, next) = request.page(views, "MaxItems", "Marker");
        Ok(Answer::json(&without_nulls(
            json!({"MountTargets": page, "NextMarker": next}),
        )))
    }

    pub(super) fn delete_mount_target(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let id = required(request, "MountTargetId")?;
        state.mount_target(&id)?;
        state.mount_targets.remove(&id);
        Ok(Answer::empty(204))
    }

    pub(super) fn describe_security_groups(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let target = state.mount_target(&required(request, "MountTargetId")?)?;
        Ok(Answer::json(&json!({"SecurityGroups": target.security_groups})))
    }

    pub(super) fn modify_security_groups(&self, request: &Request) -> Reply {
        let groups = read_groups(request)?;
        let mut state = self.state();
        state
            .mount_target(&required(request, "MountTargetId")?)?
            .security_groups = groups;
        Ok(Answer::empty(204))
    }

    fn describe_target(&self, target: &MountTarget) -> Value {
        let available = self.world.clock.now() >= target.available_at;
        json!({
            "OwnerId": self.world.account,
            "MountTargetId": target.id,
            "FileSystemId": target.file_system,
            "SubnetId": target.subnet.id,
            "LifeCycleState": if available { "available" } else { "creating" },
            "IpAddress": target.ip,
            "NetworkInterfaceId": target.interface,
            "AvailabilityZoneId": target.subnet.zone_id,
            "AvailabilityZoneName": target.subnet.zone,
            "VpcId": target.subnet.vpc,
        })
    }

    /// Asks MiniStack's EC2 for a subnet.
    async fn subnet(&self, id: &str) -> Result<Subnet, Refusal> {
        let path = format!("/?Action=DescribeSubnets&Version=2016-11-15&SubnetId.1={id}");
        let asked = self.world.upstream.ask(Method::GET, &path, "ec2", "", "").await;
        let text = asked
            .ok()
            .filter(|answer| answer.status == 200)
            .map(|answer| String::from_utf8_lossy(&answer.body).into_owned())
            .unwrap_or_default();
        let part = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0.to_owned())
        };
        let (Some(zone), Some(vpc)) = (part("availabilityZone"), part("vpcId")) else {
            let message = format!("The subnet ID '{id}' does not exist");
            return Err(Refusal::new(400, "SubnetNotFound", message));
        };
        let zone_id = part("availabilityZoneId").unwrap_or_else(|| "use1-az1".to_owned());
        Ok(Subnet {
            id: id.to_owned(),
            zone,
            zone_id,
            vpc,
        })
    }
}

impl State {
    fn mount_target(&mut self, id: &str) -> Result<&mut MountTarget, Refusal> {
        let missing = || {
            Refusal::new(
                404,
                "MountTargetNotFound",
                format!("Mount target '{id}' does not exist."),
            )
        };
        self.mount_targets.get_mut(id).ok_or_else(missing)
    }
}

fn read_groups(request: &Request) -> Result<Vec<String>, Refusal> {
    let groups = request.body["SecurityGroups"].as_array().cloned().unwrap_or_default();
    if groups.len() > 5 {
        return Err(Refusal::new(
            400,
            "SecurityGroupLimitExceeded",
            "At most 5 security groups",
        ));
    }
    Ok(groups
        .iter()
        .filter_map(|group| group.as_str().map(str::to_owned))
        .collect())
}

/// The default security group of a mount target: its VPC's.
fn default_security_group(vpc: &str) -> String {
    if vpc == catalogue::DEFAULT_VPC {
        catalogue::DEFAULT_SECURITY_GROUP.to_owned()
    } else {
        format!("sg-{}", vpc.trim_start_matches("vpc-"))
    }
}
