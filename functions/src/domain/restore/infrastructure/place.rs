//! What stands in the infrastructure's source and gives its place to a copy, and where it stands there.

use serde_json::Value;

use crate::domain::restore::item::RestoreItem;

/// What Terraform and CloudFormation call one kind of thing.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    pub terraform: &'static str,
    pub cloudformation: &'static str,
    /// What CloudFormation identifies it by.
    pub key: &'static str,
    /// The argument that holds its name in Terraform, where the name can be chosen.
    pub argument: Option<&'static str>,
}

/// One thing that stands in the source, and the copy that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReplacement {
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
    pub unknown: Placeholders,
}

/// Placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholders {
    pub address: Option<String>,
    pub logical_id: Option<String>,
}

/// Where a resource stands in the source.
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
    /// By what the descriptor says of the resource: its address in Terraform, of this type, and its logical id. Placeholders where it
    /// says nothing.
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

    /// The resource itself, whose copy has this name.
    pub fn resource(&self, element: Element, copy: &str) -> SourceReplacement {
        SourceReplacement {
            address: format!("{}{}.{}", self.module, element.terraform, self.label),
            mark: self.mark.clone(),
            id: copy.to_owned(),
            argument: element.argument,
            resource_type: element.cloudformation,
            logical_id: self.logical_id.clone(),
            identifier: vec![(element.key, copy.to_owned())],
            unknown: self.unknown.clone(),
        }
    }

    /// A part of the resource that stands in a list: its address with another type, and the part's place in the list.
    pub fn part(&self, element: Element, index: usize, copy: &str) -> SourceReplacement {
        let (label, _) = self.label.split_once('[').unwrap_or((&self.label, ""));
        SourceReplacement {
            address: format!("{}{}.{label}[{index}]", self.module, element.terraform),
            logical_id: format!("{}Instance{}", self.logical_id, index + 1),
            ..self.resource(element, copy)
        }
    }

    /// What Application Auto Scaling scales of the source, as it stands at the copy.
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

/// Placeholders that a person has to fill in, each once.
pub fn unknown<'a>(
    replaced: &'a [SourceReplacement],
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
