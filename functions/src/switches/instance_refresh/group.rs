//! An Auto Scaling group and its instance refreshes, as EC2 Auto Scaling describes them.
//!
//! Sources: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html>,
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html>.

use aws_config::SdkConfig;
use roxmltree::{Document, Node};

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{AUTO_SCALING, Client, Reply};
use crate::aws::{self};
use crate::error::{Error, Result};

/// The calls of EC2 Auto Scaling that the switch makes.
pub struct Groups {
    auto_scaling: Lazy<Client>,
}

/// What of a group matters to the switch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Group {
    /// Empty unless it is being deleted.
    pub status: String,
    pub desired_capacity: u64,
    /// Instances that wait, stopped or running, to be put into service: they have run their user data already.
    pub warm_pool: u64,
    /// Whether it has a launch template, a mixed instances policy or a launch configuration.
    pub can_launch: bool,
    /// The version of its launch template: a number, `$Latest` or `$Default`; empty without a launch template.
    pub version: String,
    /// Seconds until a new instance in service counts as ready.
    pub warm_up: u64,
    /// The minimum and the maximum percentage of the desired capacity that its maintenance policy allows; `None` without one.
    pub maintenance: Option<(u64, u64)>,
    pub protects_new: bool,
    /// Those of `Launch` and `Terminate` that are suspended.
    pub suspended: Vec<String>,
    pub instances: Vec<Instance>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Instance {
    pub id: String,
    pub state: String,
    pub is_protected: bool,
    /// The version of its launch template.
    pub version: String,
}

/// An instance refresh.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Refresh {
    pub id: String,
    pub status: String,
    /// Why it has this status, in AWS's words; empty where it says nothing.
    pub reason: String,
    pub percent: Option<u64>,
    pub to_update: Option<u64>,
    /// Whether it leaves some instances as they are: those that match, are protected or in standby, all but a share of them, or their
    /// other volumes.
    pub is_partial: bool,
}

impl Group {
    /// Whether there is no instance to replace.
    pub fn is_empty(&self) -> bool {
        self.desired_capacity == 0 && self.warm_pool == 0
    }

    /// `Delete in progress` is the only status that AWS documents.
    pub fn is_going(&self) -> bool {
        !self.status.is_empty()
    }
}

impl Refresh {
    /// Source: `InstanceRefreshStatus`. A rollback that is in progress is one of a group that is refreshed.
    pub fn is_active(&self) -> bool {
        let active = ["Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"];
        active.contains(&self.status.as_str())
    }

    /// Whether it replaces, or has replaced, every instance.
    pub fn replaces_all(&self) -> bool {
        let works = ["Pending", "InProgress", "Baking", "Successful"];
        !self.is_partial && works.contains(&self.status.as_str())
    }
}

impl Groups {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            auto_scaling: Lazy::new(aws, |aws| Client::new(aws, AUTO_SCALING)),
        }
    }

    /// The group; `None` if there is none of this name.
    ///
    /// # Errors
    /// Only that of the call to AWS.
    pub async fn find(&self, name: &str, doing: &str) -> Result<Option<Group>> {
        let asked = [("AutoScalingGroupNames.member.1", name)];
        let reply = self.auto_scaling.query("DescribeAutoScalingGroups", &asked).await;
        let reply = reply.map_err(|error| failed(doing, name, error))?;
        let found = read(&reply, doing, name, "AutoScalingGroups", group)?;
        Ok(found.into_iter().next())
    }

    /// A group that exists, and is not being deleted.
    ///
    /// # Errors
    /// `NotFound` without one; else that of the call to AWS.
    pub async fn live(&self, name: &str, doing: &str) -> Result<Group> {
        let found = self.find(name, doing).await?.filter(|group| !group.is_going());
        found.ok_or_else(|| {
            Error::NotFound(format!(
                "{doing} Auto Scaling group {name}: it does not exist, or is being deleted. Check its name; what replaced it launches \
                 instances that read what is set now"
            ))
        })
    }

    /// Its refreshes of the last six weeks, at most 50, the newest first.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeInstanceRefreshes.html>: "sorted by creation
    /// timestamp in descending order".
    ///
    /// # Errors
    /// Only that of the call to AWS.
    pub async fn refreshes(&self, name: &str, doing: &str) -> Result<Vec<Refresh>> {
        let asked = [("AutoScalingGroupName", name)];
        let reply = self.auto_scaling.query("DescribeInstanceRefreshes", &asked).await;
        let reply = reply.map_err(|error| failed(doing, name, error))?;
        read(&reply, doing, name, "InstanceRefreshes", refresh)
    }

    /// Begins to replace every instance, with AWS's and the group's own preferences; returns the refresh's id. `None` if another
    /// refresh of the group is active, which may have begun by an earlier call whose response was lost: the call has no token.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html>: `SkipMatching` is false by
    /// default, so that instances are replaced although the launch template is the same.
    ///
    /// # Errors
    /// Only that of the call to AWS.
    pub async fn start(&self, name: &str, doing: &str) -> Result<Option<String>> {
        let asked = [("AutoScalingGroupName", name)];
        let reply = match self.auto_scaling.query("StartInstanceRefresh", &asked).await {
            Err(error) if aws::code(&error) == Some("InstanceRefreshInProgress") => return Ok(None),
            reply => reply.map_err(|error| failed(doing, name, error))?,
        };
        let id = |document: Node<'_, '_>| {
            let found = document
                .descendants()
                .find(|node| node.has_tag_name_of("InstanceRefreshId"));
            found.and_then(|node| node.text()).map(str::to_owned)
        };
        parsed(&reply, doing, name, |document| id(document.root()))
            .map(Option::unwrap_or_default)
            .map(Some)
    }
}

fn failed(doing: &str, name: &str, error: aws::service::CallError) -> Error {
    failure(doing, &format!("Auto Scaling group {name}"), error)
}

fn group(node: Node<'_, '_>) -> Group {
    let template = child(node, "LaunchTemplate").or_else(|| {
        let mixed = child(node, "MixedInstancesPolicy")?;
        child(child(mixed, "LaunchTemplate")?, "LaunchTemplateSpecification")
    });
    let warm_up = match number(node, "DefaultInstanceWarmup") {
        Some(seconds) => seconds,
        None => number(node, "HealthCheckGracePeriod").unwrap_or_default(),
    };
    let suspended = members(node, "SuspendedProcesses").map(|process| text(process, "ProcessName"));
    Group {
        status: text(node, "Status"),
        desired_capacity: number(node, "DesiredCapacity").unwrap_or_default(),
        warm_pool: number(node, "WarmPoolSize").unwrap_or_default(),
        can_launch: template.is_some() || !text(node, "LaunchConfigurationName").is_empty(),
        version: template.map(|template| text(template, "Version")).unwrap_or_default(),
        warm_up,
        maintenance: child(node, "InstanceMaintenancePolicy")
            .and_then(|policy| number(policy, "MinHealthyPercentage").zip(number(policy, "MaxHealthyPercentage"))),
        protects_new: text(node, "NewInstancesProtectedFromScaleIn") == "true",
        suspended: suspended
            .filter(|process| process == "Launch" || process == "Terminate")
            .collect(),
        instances: members(node, "Instances")
            .map(|instance| Instance {
                id: text(instance, "InstanceId"),
                state: text(instance, "LifecycleState"),
                is_protected: text(instance, "ProtectedFromScaleIn") == "true",
                version: child(instance, "LaunchTemplate")
                    .map(|template| text(template, "Version"))
                    .unwrap_or_default(),
            })
            .collect(),
    }
}

fn refresh(node: Node<'_, '_>) -> Refresh {
    let preferences = child(node, "Preferences");
    let prefers = |name: &str| preferences.map(|found| text(found, name)).unwrap_or_default();
    let checkpoints = preferences.map(|found| members(found, "CheckpointPercentages").collect::<Vec<_>>());
    let last = checkpoints
        .as_deref()
        .and_then(<[_]>::last)
        .and_then(|last| last.text());
    Refresh {
        id: text(node, "InstanceRefreshId"),
        status: text(node, "Status"),
        reason: text(node, "StatusReason"),
        percent: number(node, "PercentageComplete"),
        to_update: number(node, "InstancesToUpdate"),
        is_partial: prefers("SkipMatching") == "true"
            || prefers("ScaleInProtectedInstances") == "Ignore"
            || prefers("StandbyInstances") == "Ignore"
            || last.is_some_and(|percent| percent != "100")
            || text(node, "Strategy") == "ReplaceRootVolume",
    }
}

/// The members of a list in an answer.
fn read<T>(reply: &Reply, doing: &str, name: &str, list: &str, one: fn(Node<'_, '_>) -> T) -> Result<Vec<T>> {
    parsed(reply, doing, name, |document| {
        let found = document.descendants().find(|node| node.has_tag_name_of(list));
        let members = found.into_iter().flat_map(|node| node.children());
        members.filter(Node::is_element).map(one).collect()
    })
}

fn parsed<T>(reply: &Reply, doing: &str, name: &str, read: impl FnOnce(&Document<'_>) -> T) -> Result<T> {
    let xml = String::from_utf8_lossy(&reply.bytes);
    match Document::parse(&xml) {
        Ok(document) => Ok(read(&document)),
        Err(error) => Err(Error::Unavailable(format!(
            "{doing} Auto Scaling group {name}: AWS's answer cannot be read: {error}. The next attempt finds out what the call did"
        ))),
    }
}

/// Answers have a namespace, which is ignored here.
trait XmlNode {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl XmlNode for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|child| child.has_tag_name_of(name))
}

fn members<'a, 'b>(node: Node<'a, 'b>, list: &str) -> impl Iterator<Item = Node<'a, 'b>> {
    let found = child(node, list);
    found
        .into_iter()
        .flat_map(|node| node.children())
        .filter(Node::is_element)
}

/// The text of a child element; empty without one.
fn text(node: Node<'_, '_>, name: &str) -> String {
    let found = child(node, name).and_then(|child| child.text());
    found.unwrap_or_default().trim().to_owned()
}

/// `None` also where AWS has -1 for a value that is not set.
fn number(node: Node<'_, '_>, name: &str) -> Option<u64> {
    text(node, name).parse().ok()
}
