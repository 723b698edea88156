//! The resources in the infrastructure's source that copies replace, and their addresses.

use serde_json::Value;

use crate::domain::restore::item::RestoreItem;

/// Its type in Terraform.
pub const SCALABLE_TARGET: &str = "aws_appautoscaling_target";

/// A resource type in Terraform and CloudFormation.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    pub terraform: &'static str,
    pub cloudformation: &'static str,
    /// The property that identifies it in CloudFormation.
    pub key: &'static str,
    /// The argument that holds its name in Terraform, if the name can be chosen.
    pub argument: Option<&'static str>,
}

/// One resource in the source, and the copy that replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReplacement {
    /// The type in Terraform.
    pub terraform: &'static str,
    /// Address in Terraform's state.
    pub address: String,
    /// Whether `address` is only derived from that of the resource that it is a part of.
    pub is_derived: bool,
    /// The id, as for `terraform import`, of what is replaced; empty if it is not known.
    pub source: String,
    /// Suffix of the copy's address, such as `r20261120_030000`.
    pub mark: String,
    /// The copy's id for `terraform import`.
    pub id: String,
    /// The argument that holds the copy's name in Terraform, if the name can be chosen.
    pub argument: Option<&'static str>,
    /// The type in CloudFormation.
    pub resource_type: &'static str,
    pub logical_id: String,
    /// The properties that identify the copy in CloudFormation, in the order of its documentation.
    pub identifier: Vec<(&'static str, String)>,
    pub unknown: Placeholders,
}

impl SourceReplacement {
    /// Whether the copy has the name of what it replaces, and so its address too.
    pub fn keeps_name(&self) -> bool {
        self.source == self.id
    }
}

/// What a person must fill in, in `address` and `logical_id`, if the descriptor does not name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholders {
    pub address: Option<String>,
    pub logical_id: Option<String>,
}

/// Where a resource is in the source.
pub struct SourceLocation {
    /// `module.data.`, or nothing.
    module: String,
    /// The last part of the address, with its index if it has one.
    label: String,
    logical_id: String,
    mark: String,
    unknown: Placeholders,
}

impl SourceLocation {
    /// From the descriptor's Terraform address, of this type, and logical id of the resource. Placeholders for what is missing.
    pub fn of(item: &RestoreItem, terraform: &str, address: Option<&str>, logical_id: Option<&str>) -> Self {
        let name = &item.planned.resource.name;
        let split = address.and_then(|address| {
            let start = format!("{terraform}.");
            let at = address.rfind(&start)?;
            Some((address[..at].to_owned(), address[at + start.len()..].to_owned()))
        });
        let unknown = Placeholders {
            address: split.is_none().then(|| format!("ADDRESS_OF_{}", identifier(name))),
            logical_id: logical_id.is_none().then(|| format!("LogicalIdOf{}", pascal(name))),
        };
        let (module, label) = split.unwrap_or_else(|| (String::new(), unknown.address.clone().unwrap_or_default()));
        Self {
            module,
            label,
            logical_id: logical_id
                .map(str::to_owned)
                .or(unknown.logical_id.clone())
                .unwrap_or_default(),
            mark: mark(&item.restore),
            unknown,
        }
    }

    /// The replacement of the resource itself, of the name `source`, by the copy of this name.
    pub fn resource(&self, element: Element, source: &str, copy: &str) -> SourceReplacement {
        SourceReplacement {
            terraform: element.terraform,
            address: format!("{}{}.{}", self.module, element.terraform, self.label),
            is_derived: false,
            source: source.to_owned(),
            mark: self.mark.clone(),
            id: copy.to_owned(),
            argument: element.argument,
            resource_type: element.cloudformation,
            logical_id: self.logical_id.clone(),
            identifier: vec![(element.key, copy.to_owned())],
            unknown: self.unknown.clone(),
        }
    }

    /// The replacement of a part of the resource, such as an instance: the address has another type, and the part's index.
    pub fn part(&self, element: Element, index: usize, source: &str, copy: &str) -> SourceReplacement {
        let (label, _) = self.label.split_once('[').unwrap_or((&self.label, ""));
        SourceReplacement {
            address: format!("{}{}.{label}[{index}]", self.module, element.terraform),
            is_derived: true,
            logical_id: format!("{}Instance{}", self.logical_id, index + 1),
            ..self.resource(element, source, copy)
        }
    }

    /// The replacements of the source's scalable targets (Application Auto Scaling) by those of the copy.
    pub fn scaled(&self, configuration: &Value, namespace: &str, source: &str, copy: &str) -> Vec<SourceReplacement> {
        let targets = configuration["ScalableTargets"].as_array().into_iter().flatten();
        let (label, _) = self.label.split_once('[').unwrap_or((&self.label, ""));
        targets
            .filter_map(|target| {
                let part = target["ResourceId"].as_str()?.strip_prefix(source)?;
                let dimension = target["ScalableDimension"].as_str()?;
                let what = format!("{part} {}", snake(dimension.rsplit(':').next()?));
                let resource = format!("{copy}{part}");
                Some(SourceReplacement {
                    terraform: SCALABLE_TARGET,
                    address: format!("{}{SCALABLE_TARGET}.{label}{}", self.module, identifier(&what)),
                    is_derived: true,
                    source: format!("{namespace}/{source}{part}/{dimension}"),
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

/// Placeholders that a person must fill in, each once.
pub fn unknown<'a>(
    replaced: &[&'a SourceReplacement],
    of: impl Fn(&'a Placeholders) -> Option<&'a str>,
) -> Vec<&'a str> {
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

/// A name that Terraform allows in an address, with underscores in place of all other characters.
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

/// A name that CloudFormation allows as a logical id: `tables.hubs-rooms` as `TablesHubsRooms`.
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
