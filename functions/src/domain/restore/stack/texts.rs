//! What a person reads of a restore into a new stack: its parameters, ready to paste, and what stays to be done by hand.

use serde_json::{Value, json};

use super::fill::{FilledParameter, HUBS};
use super::parameters::{NewParameter, NewParameters, Origin};

/// In place of a value that is hidden, or that only the operator knows.
const PLACEHOLDER: &str = "(put the value here)";

/// What of the old stack's own settings a new stack does not get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldSettings {
    pub name: String,
    /// Whether it still exists.
    pub exists: bool,
    /// ARN of its service role.
    pub role: Option<String>,
    pub is_protected: bool,
    /// ARNs of the topics that get its events.
    pub topics: Vec<String>,
    /// Names that it exports.
    pub exports: Vec<String>,
}

/// The parameters as `aws cloudformation create-stack --parameters file://` takes them.
pub fn parameters_json(parameters: &NewParameters) -> Value {
    let entry = |of: &NewParameter| json!({ "ParameterKey": of.name, "ParameterValue": shown(of) });
    parameters.all.iter().map(entry).collect()
}

/// The parameters one a line, those that the set fills first.
pub fn parameters_list(parameters: &NewParameters) -> String {
    let of = |origin: Origin| {
        parameters
            .all
            .iter()
            .filter(move |parameter| parameter.origin == origin)
    };
    let lines = |title: &str, origin: Origin| {
        let lines: String = of(origin)
            .map(|parameter| format!("  {} = {}\n", parameter.name, shown(parameter)))
            .collect();
        match lines.is_empty() {
            true => lines,
            false => format!("{title}:\n{lines}"),
        }
    };
    [
        lines("From the set", Origin::Set),
        lines("Given", Origin::Given),
        lines("From the old stack", Origin::OldStack),
    ]
    .concat()
}

fn shown(parameter: &NewParameter) -> &str {
    match &parameter.value {
        Some(value) if !parameter.is_hidden => value,
        _ => PLACEHOLDER,
    }
}

/// Whether the filled parameters are those of Hubs.
pub fn is_hubs(filled: &[FilledParameter]) -> bool {
    filled
        .iter()
        .any(|filled| HUBS.iter().any(|(name, _)| *name == filled.name))
}

/// What the operator should know before the stack is created.
pub fn remarks(parameters: &NewParameters, old: &OldSettings, hubs: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    if !parameters.left_out.is_empty() {
        let names = parameters.left_out.join(", ");
        remarks.push(format!(
            "the template has no parameters {names}, which the old stack has: they are left out"
        ));
    }
    if !old.exists {
        return remarks;
    }
    if !old.exports.is_empty() {
        remarks.push(format!(
            "stack {} exports {}. A Region has each exported name once: unless the template makes the names of the stack's name, the \
             creation fails while that stack exists",
            old.name,
            old.exports.join(", ")
        ));
    }
    let domain = parameters
        .all
        .iter()
        .find(|of| of.name == "DomainName" && of.origin == Origin::OldStack);
    match domain.and_then(|domain| domain.value.as_deref()).filter(|_| hubs) {
        Some(domain) => remarks.push(format!(
            "the new hub gets the old one's domain, {domain}. While stack {} serves it, the creation fails: give another domain to \
             look at the data first (--param DomainName=DOMAIN)",
            old.name
        )),
        None => remarks.push(format!(
            "what the old stack's parameters name only once in the world or the account (domains, buckets) makes the creation fail \
             while stack {} exists: give others (--param NAME=VALUE)",
            old.name
        )),
    }
    remarks
}

/// What to know of a template with nested stacks; `types` are those of its resources.
pub fn nested(types: &[String]) -> Option<String> {
    let is_nested = |kind: &String| {
        matches!(
            kind.as_str(),
            "AWS::CloudFormation::Stack" | "AWS::Serverless::Application"
        )
    };
    types.iter().any(is_nested).then(|| {
        "the template has nested stacks, which are created from templates at addresses in it: the creation fails if one of those is gone, \
         and what is in them now is used"
            .to_owned()
    })
}

/// What stays to be done by hand once the stack is created: what no backup contains, and what a creation does not carry over.
pub fn by_hand(name: &str, old: &OldSettings, filled: &[FilledParameter], hubs: bool) -> Vec<String> {
    let mut left = Vec::new();
    if hubs {
        left.push("the Server Settings of the admin console: they are in no backup, so enter them again".to_owned());
        left.push(
            "if the domain is not on Route 53: its CNAME record, to the stack's output AddressForRootDomain, at your DNS provider"
                .to_owned(),
        );
        left.push("the mail with which AWS verifies the administrator's address, before the first login".to_owned());
    } else {
        left.push("settings of the application that no backup contains, such as those in its own console".to_owned());
    }
    let names: Vec<&str> = filled.iter().map(|filled| filled.name.as_str()).collect();
    left.push(format!(
        "at every later update of stack {name}: leave {} as they are; another value replaces the restored data",
        names.join(", ")
    ));
    if let Some(role) = &old.role {
        left.push(format!(
            "the service role: stack {} has {role}, which a new stack does not get by itself (--role); a hook that changes its \
             parameters needs one",
            old.name
        ));
    }
    if old.is_protected {
        left.push(format!(
            "termination protection, which stack {} has, once you keep the new one",
            old.name
        ));
    }
    if !old.topics.is_empty() {
        left.push(format!(
            "the topics that get the events of stack {}: {}",
            old.name,
            old.topics.join(", ")
        ));
    }
    left.push(format!(
        "backups of the new stack: holdfast discover --stack {name} finds its resources; until its descriptor is applied, only the old \
         ones are backed up"
    ));
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, value: Option<&str>, origin: Origin, is_hidden: bool) -> NewParameter {
        NewParameter {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            origin,
            is_hidden,
        }
    }

    fn parameters() -> NewParameters {
        NewParameters {
            all: vec![
                parameter("DomainName", Some("hub.example"), Origin::OldStack, false),
                parameter("RestoreStackName", Some("hubs-prod"), Origin::Set, false),
                parameter("Password", Some("hunter2"), Origin::Given, true),
                parameter("Token", None, Origin::OldStack, true),
            ],
            left_out: Vec::new(),
        }
    }

    fn filled() -> Vec<FilledParameter> {
        vec![FilledParameter {
            name: "RestoreStackName".to_owned(),
            value: "hubs-prod".to_owned(),
            point: None,
        }]
    }

    fn old() -> OldSettings {
        OldSettings {
            name: "hubs-prod".to_owned(),
            exists: true,
            role: Some("arn:role".to_owned()),
            is_protected: true,
            topics: vec!["arn:topic".to_owned()],
            exports: vec!["hubs-vpc".to_owned()],
        }
    }

    #[test]
    fn parameters_are_ready_to_paste_and_no_hidden_value_is_among_them() {
        let json = parameters_json(&parameters());
        assert_eq!(
            json[0],
            json!({ "ParameterKey": "DomainName", "ParameterValue": "hub.example" })
        );
        assert_eq!(json[2]["ParameterValue"], "(put the value here)");
        let list = parameters_list(&parameters());
        let expected = "From the set:\n  RestoreStackName = hubs-prod\nGiven:\n  Password = (put the value here)\n\
                        From the old stack:\n  DomainName = hub.example\n  Token = (put the value here)\n";
        assert_eq!(list, expected);
        assert!(!json.to_string().contains("hunter2"));
    }

    #[test]
    fn what_exists_once_is_said_while_the_old_stack_has_it() {
        let said = remarks(&parameters(), &old(), true).join("\n");
        for part in ["exports hubs-vpc", "domain, hub.example", "--param DomainName=DOMAIN"] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        assert!(
            remarks(&parameters(), &old(), false)
                .join("\n")
                .contains("(domains, buckets)")
        );
        let gone = OldSettings { exists: false, ..old() };
        assert_eq!(remarks(&parameters(), &gone, true), Vec::<String>::new());
    }

    #[test]
    fn nested_stacks_are_named() {
        let types = |kind: &str| vec!["AWS::EC2::VPC".to_owned(), kind.to_owned()];
        assert!(nested(&types("AWS::Serverless::Application")).is_some());
        assert!(nested(&types("AWS::CloudFormation::Stack")).is_some());
        assert_eq!(nested(&types("AWS::RDS::DBCluster")), None);
    }

    #[test]
    fn what_no_backup_contains_is_named() {
        let said = by_hand("hubs-new", &old(), &filled(), is_hubs(&filled())).join("\n");
        for part in [
            "Server Settings of the admin console",
            "AddressForRootDomain",
            "leave RestoreStackName as they are",
            "arn:role",
            "termination protection",
            "arn:topic",
            "holdfast discover --stack hubs-new",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        let plain = by_hand("hubs-new", &OldSettings::default(), &filled(), false);
        assert_eq!(plain.len(), 3, "{plain:?}");
    }
}
