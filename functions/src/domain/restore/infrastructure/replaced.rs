//! What takes whose place, and where it stands in the infrastructure's source.

use serde_json::Value;

use crate::domain::descriptor::{CutOverAction, Descriptor};
use crate::domain::names;
use crate::domain::resource::Target;
use crate::domain::restore::item::{Item, Made};
use crate::domain::restore::plan::CutOverMode;

/// RDS's longest identifier.
const LONGEST: usize = 63;
/// What Application Auto Scaling calls the readers that it adds; they belong to no source.
const AUTOSCALED: &str = "application-autoscaling-";

/// One thing that stands in the source, and the copy that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Address in Terraform's state.
    pub address: String,
    /// What the copy's address ends with, such as `r20261120_030000`.
    pub mark: String,
    /// What `terraform import` takes for the copy.
    pub id: String,
    /// The argument that holds the copy's name in Terraform, where the name can be chosen.
    pub argument: Option<&'static str>,
    /// CloudFormation's type.
    pub resource_type: &'static str,
    pub logical_id: String,
    /// What CloudFormation identifies the copy by, in the order of its own documentation.
    pub identifier: Vec<(&'static str, String)>,
    /// What stands in `address`, and in `logical_id`, in place of a name that the descriptor does not give: to be filled in.
    pub unknown: Unknown,
}

/// Placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown {
    pub address: Option<String>,
    pub logical_id: Option<String>,
}

/// Everything in the source that one item replaces; nothing for what is restored inside what is there.
pub fn of(descriptor: &Descriptor, item: &Item, cut_over: CutOverMode) -> Vec<Replaced> {
    let planned = &item.planned.resource;
    let place = Place::of(descriptor, item);
    match (&planned.target, &item.made) {
        (Target::Aurora { cluster: source }, Some(Made::Cluster { cluster: copy, .. })) => {
            let renames = |action: &CutOverAction| matches!(action, CutOverAction::Rename);
            let renamed = cut_over != CutOverMode::No
                && descriptor
                    .cut_over
                    .iter()
                    .any(|switch| switch.resource == planned.name && renames(&switch.action));
            let name = if renamed { source } else { copy };
            let mut replaced = vec![place.cluster(name)];
            let instances = instances(&item.configuration, source, copy);
            replaced.extend(
                instances
                    .iter()
                    .enumerate()
                    .map(|(index, id)| place.instance(index, id)),
            );
            // Scaling goes by the cluster's name: under the old name it is as it was.
            if !renamed {
                let scaled = format!("cluster:{source}");
                replaced.extend(place.scaled(&item.configuration, "rds", &scaled, &format!("cluster:{copy}")));
            }
            replaced
        }
        (Target::DynamoDb { table: source }, Some(Made::Table { table, .. })) => {
            let mut replaced = vec![place.table(table)];
            let scaled = format!("table/{source}");
            replaced.extend(place.scaled(&item.configuration, "dynamodb", &scaled, &format!("table/{table}")));
            replaced
        }
        (
            Target::Efs { .. },
            Some(Made::FileSystem {
                file_system: Some(id), ..
            }),
        ) => vec![place.file_system(id)],
        _ => Vec::new(),
    }
}

/// Where a resource stands in the source.
struct Place {
    /// `module.data.`, or nothing.
    module: String,
    /// The last part of the address, with its index if it has one.
    label: String,
    logical_id: String,
    mark: String,
    unknown: Unknown,
}

impl Place {
    fn of(descriptor: &Descriptor, item: &Item) -> Self {
        let name = &item.planned.resource.name;
        let protected = descriptor.resources.get(name);
        let address = protected.and_then(|protected| protected.terraform.as_deref());
        let split = address.and_then(|address| {
            let start = ["aws_rds_cluster.", "aws_dynamodb_table.", "aws_efs_file_system."]
                .into_iter()
                .find_map(|kind| address.rfind(kind).map(|at| (at, at + kind.len())))?;
            Some((address[..start.0].to_owned(), address[start.1..].to_owned()))
        });
        let logical_id = protected.and_then(|protected| protected.logical_id.clone());
        let unknown = Unknown {
            address: split.is_none().then(|| format!("ADDRESS_OF_{}", identifier(name))),
            logical_id: logical_id.is_none().then(|| format!("LogicalIdOf{}", pascal(name))),
        };
        let (module, label) = split.unwrap_or_else(|| (String::new(), unknown.address.clone().unwrap_or_default()));
        Self {
            module,
            label,
            logical_id: logical_id.or(unknown.logical_id.clone()).unwrap_or_default(),
            mark: mark(&item.restore),
            unknown,
        }
    }

    fn replaced(&self, kind: (&str, &'static str), id: &str, key: &'static str) -> Replaced {
        Replaced {
            address: format!("{}{}.{}", self.module, kind.0, self.label),
            mark: self.mark.clone(),
            id: id.to_owned(),
            argument: None,
            resource_type: kind.1,
            logical_id: self.logical_id.clone(),
            identifier: vec![(key, id.to_owned())],
            unknown: self.unknown.clone(),
        }
    }

    fn cluster(&self, name: &str) -> Replaced {
        Replaced {
            argument: Some("cluster_identifier"),
            ..self.replaced(("aws_rds_cluster", "AWS::RDS::DBCluster"), name, "DBClusterIdentifier")
        }
    }

    /// The cluster's address with another type, and the instance's place in its list.
    fn instance(&self, index: usize, id: &str) -> Replaced {
        let (label, _) = self.label.split_once('[').unwrap_or((&self.label, ""));
        let kind = ("aws_rds_cluster_instance", "AWS::RDS::DBInstance");
        Replaced {
            address: format!("{}{}.{label}[{index}]", self.module, kind.0),
            argument: Some("identifier"),
            logical_id: format!("{}Instance{}", self.logical_id, index + 1),
            ..self.replaced(kind, id, "DBInstanceIdentifier")
        }
    }

    fn table(&self, name: &str) -> Replaced {
        Replaced {
            argument: Some("name"),
            ..self.replaced(("aws_dynamodb_table", "AWS::DynamoDB::Table"), name, "TableName")
        }
    }

    fn file_system(&self, id: &str) -> Replaced {
        self.replaced(("aws_efs_file_system", "AWS::EFS::FileSystem"), id, "FileSystemId")
    }

    /// What Application Auto Scaling scales of the source, as it stands at the copy.
    fn scaled(&self, configuration: &Value, namespace: &str, source: &str, copy: &str) -> Vec<Replaced> {
        let targets = configuration["ScalableTargets"].as_array().into_iter().flatten();
        let (label, _) = self.label.split_once('[').unwrap_or((&self.label, ""));
        targets
            .filter_map(|target| {
                let part = target["ResourceId"].as_str()?.strip_prefix(source)?;
                let dimension = target["ScalableDimension"].as_str()?;
                let what = format!("{part} {}", snake(dimension.rsplit(':').next()?));
                let resource = format!("{copy}{part}");
                Some(Replaced {
                    address: format!("{}aws_appautoscaling_target.{label}{}", self.module, identifier(&what)),
                    mark: self.mark.clone(),
                    id: format!("{namespace}/{resource}/{dimension}"),
                    argument: None,
                    resource_type: "AWS::ApplicationAutoScaling::ScalableTarget",
                    logical_id: format!("{}{}", self.logical_id, pascal(&what)),
                    identifier: vec![
                        ("ResourceId", resource),
                        ("ScalableDimension", dimension.to_owned()),
                        ("ServiceNamespace", namespace.to_owned()),
                    ],
                    unknown: self.unknown.clone(),
                })
            })
            .collect()
    }
}

/// The names of a copy's instances, the writer first, then by promotion tier: as the restore of a cluster gives them.
fn instances(configuration: &Value, source: &str, copy: &str) -> Vec<String> {
    let scales = configuration["ScalableTargets"]
        .as_array()
        .is_some_and(|targets| !targets.is_empty());
    let writes = |id: &str| {
        let mut members = configuration["DBCluster"]["DBClusterMembers"]
            .as_array()
            .into_iter()
            .flatten();
        members.any(|member| member["DBInstanceIdentifier"] == id && member["IsClusterWriter"] == true)
    };
    let mut captured: Vec<(bool, i64, &str)> = configuration["DBInstances"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|instance| {
            let id = instance["DBInstanceIdentifier"].as_str()?;
            let tier = instance["PromotionTier"].as_i64().unwrap_or(i64::MAX);
            (!(scales && id.starts_with(AUTOSCALED))).then(|| (!writes(id), tier, id))
        })
        .collect();
    captured.sort_unstable();
    if configuration["DBCluster"].is_null() {
        return vec![names::copy_of(copy, "1", LONGEST)];
    }
    let suffix = copy
        .match_indices('-')
        .map(|(at, _)| &copy[at + 1..])
        .find(|suffix| !suffix.is_empty() && names::copy_of(source, suffix, LONGEST) == copy);
    let named = captured.iter().enumerate();
    named
        .map(|(index, (_, _, id))| match suffix {
            Some(suffix) => names::copy_of(id, suffix, LONGEST),
            None => names::copy_of(copy, &(index + 1).to_string(), LONGEST),
        })
        .collect()
}

/// Placeholders that a person has to fill in, each once.
pub fn unknown<'a>(replaced: &'a [Replaced], of: impl Fn(&'a Unknown) -> Option<&'a str>) -> Vec<&'a str> {
    let mut unknown: Vec<&str> = Vec::new();
    for placeholder in replaced.iter().filter_map(|one| of(&one.unknown)) {
        if !unknown.contains(&placeholder) {
            unknown.push(placeholder);
        }
    }
    unknown
}

/// `r20261120_030000` of `hubs-prod-20261120-030000-630a`.
fn mark(restore: &str) -> String {
    let mut parts = restore.rsplit('-').skip(1);
    match (parts.next(), parts.next()) {
        (Some(time), Some(date)) => identifier(&format!("r{date}_{time}")),
        _ => "restored".to_owned(),
    }
}

/// `ReadCapacityUnits` as `read_capacity_units`.
fn snake(text: &str) -> String {
    let mut snake = String::new();
    for c in text.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// A name as Terraform allows it in an address, with underscores for everything else.
fn identifier(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    match plain.starts_with(|c: char| c.is_ascii_digit()) || plain.is_empty() {
        true => format!("_{plain}"),
        false => plain,
    }
}

/// A name as CloudFormation allows it for a logical id: `tables.hubs-rooms` as `TablesHubsRooms`.
fn pascal(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let pascal: String = words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    if pascal.is_empty() {
        "Restored".to_owned()
    } else {
        pascal
    }
}
