//! Postgres databases in a Terraform state: those of RDS instances, and those that a Postgres provider manages. Only some of what the
//! kind `postgres` needs is in a state, which leaves the rest to a person.

use holdfast::domain::resource::Target;

use super::state::StateResource;
use crate::discover::draft::PendingEntry;
use crate::discover::unprotected::UnprotectedType;
use crate::discover::{Finding, FoundResource};

/// The types that are read here.
pub const TYPES: [&str; 2] = [INSTANCE, DATABASE];
const INSTANCE: &str = "aws_db_instance";
/// Of the provider `cyrilgdn/postgresql`.
const DATABASE: &str = "postgresql_database";
/// The major versions of which Holdfast has the client programs (docs/postgres.md).
const VERSIONS: std::ops::RangeInclusive<u32> = 16..=18;
const PORT: u64 = 5432;

/// An instance or a database.
pub enum Instance {
    /// All that is needed is known, or it cannot be protected.
    Finding(Box<Finding>),
    Pending(PendingEntry),
}

/// What a resource of one of the [`TYPES`] is; `None` for a replica, which has no data of its own, and for one that was never created.
pub fn of(resource: &StateResource) -> Option<Instance> {
    match resource.kind.as_str() {
        INSTANCE if resource.text("replicate_source_db").is_none() => of_instance(resource),
        DATABASE => {
            let name = resource.text("name")?;
            Some(Instance::Pending(PendingEntry {
                name: resource.label.clone(),
                fields: [
                    ("kind", "postgres"),
                    ("database", name),
                    ("host", "HOST"),
                    ("login_secret", "SECRET"),
                    ("terraform", resource.address.as_str()),
                ]
                .map(|(field, value)| (field, value.to_owned()))
                .to_vec(),
                comments: vec![
                    "To complete, where no Aurora cluster above has it: its server and the login are in the settings of Terraform's provider."
                        .to_owned(),
                ],
            }))
        }
        _ => None,
    }
}

fn of_instance(resource: &StateResource) -> Option<Instance> {
    let id = resource.text("identifier").or(resource.text("id"))?;
    let unprotected = |next: Option<String>| {
        let found = match (UnprotectedType::of_terraform(INSTANCE)?.resource(id), next) {
            (FoundResource::Unprotected { what, id, .. }, Some(next)) => FoundResource::Unprotected { what, id, next },
            (found, _) => found,
        };
        Some(Instance::Finding(Box::new(resource.finding(found, Vec::new()))))
    };
    let engine = resource.text("engine")?;
    if engine != "postgres" {
        return unprotected(Some(format!(
            "its engine is {engine}; RDS's own backups or AWS Backup protect it"
        )));
    }
    let version = resource
        .text("engine_version_actual")
        .or(resource.text("engine_version"))?;
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if !major.is_some_and(|major| VERSIONS.contains(&major)) {
        return unprotected(Some(format!(
            "it is Postgres {version}, of which Holdfast has no client program; expected {} to {}. RDS's own backups or AWS Backup protect it",
            VERSIONS.start(),
            VERSIONS.end()
        )));
    }
    let Some(host) = resource.text("address") else {
        return unprotected(None);
    };
    let port = resource.number("port").unwrap_or(PORT);
    // Before version 5 of the provider, the name was in `name`.
    let database = resource.text("db_name").or(resource.text("name"));
    let login = resource.text_in("master_user_secret", "secret_arn");
    let of_instance = format!(
        "Of instance {id}, {}. A dump has this database alone: the instance's other databases need resources of their own, and its \
         settings are in no backup.",
        resource.address
    );
    if let (Some(database), Some(login), Ok(port)) = (database, login, u16::try_from(port)) {
        let target = Target::Postgres {
            database: database.to_owned(),
            host: host.to_owned(),
            port,
            login_secret: login.to_owned(),
            maintenance_database: None,
            jobs: None,
            run_in: None,
        };
        let found = FoundResource::protected(target, database);
        let login =
            "Its login is the master user's, in the secret that RDS manages; docs/postgres.md says what a login needs.";
        return Some(Instance::Finding(Box::new(Finding {
            found,
            address: None,
            comments: vec![of_instance, login.to_owned()],
        })));
    }
    let lacking = match (database, login) {
        (None, None) => "the names of its database and of the secret with a login",
        (None, Some(_)) => "the name of its database",
        _ => "the name of the secret with a login",
    };
    let fields = vec![
        ("kind", "postgres".to_owned()),
        ("database", database.unwrap_or("DATABASE").to_owned()),
        ("host", host.to_owned()),
        ("port", port.to_string()),
        ("login_secret", login.unwrap_or("SECRET").to_owned()),
    ];
    Some(Instance::Pending(PendingEntry {
        name: database.unwrap_or(&resource.label).to_owned(),
        fields,
        comments: vec![of_instance, format!("To complete: the state does not have {lacking}.")],
    }))
}
