//! Postgres databases, dumped to S3 and restored as new databases of the same server.

mod connection;
mod description;
mod fields;
mod upkeep;

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

pub use self::connection::{Connection, connection, server};
pub use self::description::{differences, other_tables};
use super::database::Database;
use super::pattern::Pattern;
use super::profile::{Counting, DestinationFacts, Metric, Profile, Stateful, SwitchObstacle};
use crate::domain::descriptor::Fact;
use crate::domain::descriptor::formats::{self, visible};
use crate::domain::descriptor::reader::{Faults, Object, TextFormat};
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::restore::infrastructure::place::{Element, SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::set::Point;

/// Of the Terraform provider `cyrilgdn/postgresql`; CloudFormation has no databases.
const DATABASE: Element = Element {
    terraform: "postgresql_database",
    cloudformation: "",
    key: "",
    argument: Some("name"),
};
const TERRAFORM: TextFormat = visible(
    "the address of the postgresql_database in Terraform's state, such as postgresql_database.main or module.data.postgresql_database.main",
    |text| formats::terraform(text, DATABASE.terraform),
);
pub struct Postgres;

impl Profile for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn noun(&self) -> &'static str {
        "database"
    }

    fn fields(&self) -> &'static [&'static str] {
        fields::NAMES
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
        fields::read(faults, object)
    }

    /// With its server: many servers have a database of the same name.
    fn identity<'a>(&self, target: &'a Target) -> Cow<'a, str> {
        match target {
            Target::Postgres {
                database, host, port, ..
            } => Cow::Owned(format!("{database} at {host}:{port}")),
            other => Cow::Borrowed(other.identifier()),
        }
    }

    fn reached_as(&self, captured: &Target, today: &Target) -> Target {
        connection::reached_as(captured, today)
    }

    fn source(&self, point: &RecoveryPoint) -> Option<Source> {
        let RecoveryPoint::DatabaseDump { arn, folder, .. } = point else {
            return None;
        };
        Some(Source::DatabaseDump {
            arn: arn.clone(),
            folder: folder.clone(),
        })
    }

    fn source_words(&self, source: &Source) -> String {
        match source {
            Source::DatabaseDump { arn, .. } => format!("dump {}", address(arn)),
            other => format!("{other:?}"),
        }
    }

    /// As `aws s3` takes it.
    fn point_words(&self, point: &RecoveryPoint) -> String {
        address(point.arn().unwrap_or_default())
    }

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        Some(&Self)
    }
}

/// The address of an S3 object by its ARN.
fn address(arn: &str) -> String {
    match arn.split_once(":s3:::") {
        Some((_, object)) => format!("s3://{object}"),
        None => arn.to_owned(),
    }
}

impl Stateful for Postgres {
    fn counting(&self) -> Option<Counting> {
        Some(Counting::Rows)
    }

    fn switches(&self) -> &'static [&'static str] {
        &["rename"]
    }

    /// Only its name differs from what was dumped.
    fn facts(&self) -> &'static [(&'static str, Fact)] {
        &[]
    }

    fn fact<'a>(&self, _: &'a CreatedResource, _: Fact) -> Option<&'a str> {
        None
    }

    /// The logins are the server's, and stay.
    fn has_logins(&self) -> bool {
        false
    }

    fn is_mounted(&self) -> bool {
        false
    }

    fn copy_name(&self) -> Result<&'static TextFormat, &'static str> {
        Ok(&formats::DATABASE)
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// The dump's snapshot is taken by the job, not when it is accepted.
    fn is_read_while_backed_up(&self) -> bool {
        true
    }

    fn data_expires(&self, _: &Value) -> bool {
        false
    }

    fn arn(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    fn cloudformation(&self) -> &'static [&'static str] {
        &[]
    }

    /// No AWS identifier leads to a database.
    fn target_of(&self, database: String) -> Target {
        Target::Postgres {
            database,
            host: String::new(),
            port: connection::PORT,
            login_secret: String::new(),
            maintenance_database: None,
            jobs: None,
            run_in: None,
        }
    }

    fn alarm_dimension(&self) -> Option<&'static str> {
        None
    }

    fn terraform(&self) -> (&'static str, &'static TextFormat) {
        (DATABASE.terraform, &TERRAFORM)
    }

    /// Nothing after a rename: the name in the source is the copy's then.
    fn replaced(&self, place: &SourceLocation, item: &RestoreItem, renamed: bool) -> Vec<SourceReplacement> {
        let copy = item.created.as_ref().and_then(|created| self.copy_identifier(created));
        let copy = copy.filter(|_| !renamed);
        let source = item.planned.resource.target.identifier();
        copy.map(|name| place.resource(DATABASE, source, name))
            .into_iter()
            .collect()
    }

    fn destination<'a>(&self, destination: &'a Destination) -> Option<DestinationFacts<'a>> {
        let Destination::Database { database, host, port } = destination else {
            return None;
        };
        Some(DestinationFacts {
            words: format!("database {database} at {host}:{port}"),
            name: database,
            identity: Some(format!("{database} at {host}:{port}")),
            is_resource: true,
        })
    }

    fn copy_identifier<'a>(&self, created: &'a CreatedResource) -> Option<&'a str> {
        let CreatedResource::Database { database, .. } = created else {
            return None;
        };
        Some(database)
    }

    fn copy(&self, created: &CreatedResource, source: &Target) -> Option<Target> {
        Some(source.renamed(self.copy_identifier(created)?))
    }

    fn copy_words(&self, created: &CreatedResource) -> String {
        match created {
            CreatedResource::Database {
                database, host, port, ..
            } => format!("database {database} at {host}:{port}"),
            other => format!("{other:?}"),
        }
    }

    fn other_names(&self, _: &CreatedResource) -> Vec<String> {
        Vec::new()
    }

    /// By its name, or by the path of a connection URL.
    fn is_named(&self, target: &Target, _: &[String], value: &str) -> bool {
        let database = target.identifier();
        let path = value.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        value == database || path.is_some_and(|(_, path)| path.split('?').next() == Some(database))
    }

    /// The server itself reports no use to CloudWatch.
    fn metrics(&self) -> &'static [Metric] {
        &[]
    }

    fn as_of(&self, source: Source, _: Timestamp) -> Source {
        source
    }

    fn starts_per_second(&self) -> Option<u64> {
        None
    }

    fn database<'a>(&self, item: &'a RestoreItem) -> Option<Database<'a>> {
        let Some(CreatedResource::Database {
            database, host, port, ..
        }) = &item.created
        else {
            return None;
        };
        Some(Database {
            identifier: database,
            is_one_database: true,
            host,
            reader_host: host,
            port: *port,
            master_secret: None,
            master_username: None,
            engine: Some("postgres"),
            database: Some(database),
            iam: None,
        })
    }

    fn own_login<'a>(&self, target: &'a Target) -> Option<(&'a str, &'a str)> {
        match target {
            Target::Postgres {
                database, login_secret, ..
            } => Some((login_secret, database)),
            _ => None,
        }
    }

    fn counts_in_backup(&self) -> bool {
        true
    }

    fn directory<'a>(&self, _: &'a CreatedResource) -> Option<(&'a str, Option<&'a str>)> {
        None
    }

    fn hosts<'a>(&self, _: &'a Value) -> Option<Vec<&'a str>> {
        None
    }

    fn stream(&self, _: &Target) -> Option<String> {
        None
    }

    fn limited_backups(&self) -> Option<&'static str> {
        None
    }

    /// Its archives were read when it was verified.
    fn lacks(&self, _: &Point) -> Option<String> {
        None
    }

    fn switch_obstacle(&self, _: &str, _: &Destination) -> Option<SwitchObstacle> {
        None
    }

    fn patterns(&self) -> Option<&'static dyn Pattern> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(database: &str, host: &str) -> Target {
        let mut target = Postgres.target_of(database.to_owned());
        if let Target::Postgres { host: of_target, .. } = &mut target {
            host.clone_into(of_target);
        }
        target
    }

    #[test]
    fn two_servers_may_have_databases_of_one_name() {
        let identity = |target: &Target| Postgres.identity(target).into_owned();
        assert_ne!(
            identity(&target("app", "a.example")),
            identity(&target("app", "b.example"))
        );
        assert_eq!(identity(&target("app", "a.example")), "app at a.example:5432");
    }

    #[test]
    fn a_value_names_a_database_by_itself_or_in_a_url() {
        let named = |value| Postgres.is_named(&target("app", "db"), &[], value);
        assert!(named("app") && named("postgres://u:p@db:5432/app") && named("postgresql://db/app?sslmode=require"));
        assert!(!named("application") && !named("postgres://db/app2") && !named("postgres://app/other"));
    }

    #[test]
    fn a_dump_is_shown_as_the_aws_command_line_takes_it() {
        assert_eq!(
            address("arn:aws:s3:::archive/dumps/sportfin/main/set/manifest.json"),
            "s3://archive/dumps/sportfin/main/set/manifest.json"
        );
    }
}
