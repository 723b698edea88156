//! DynamoDB tables: one by name, or all with a prefix.

mod archive;
mod prefix;
mod safeguards;
mod upkeep;

use jiff::Timestamp;
use serde_json::Value;

use super::database::Database;
use super::pattern::Pattern;
use super::profile::{Counting, DestinationFacts, Metric, Profile, Stateful, SwitchObstacle, Use};
use super::safeguard::Safeguard;
use crate::domain::descriptor::Fact;
use crate::domain::descriptor::formats::{self, visible};
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, shown};
use crate::domain::message::words::time;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::infrastructure::place::{Element, SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::set::Point;

const TABLE: Element = Element {
    terraform: "aws_dynamodb_table",
    cloudformation: "AWS::DynamoDB::Table",
    key: "TableName",
    argument: Some("name"),
};
const TERRAFORM: TextFormat = visible(
    "the address of the aws_dynamodb_table in Terraform's state, such as aws_dynamodb_table.main or module.data.aws_dynamodb_table.main",
    |text| formats::terraform(text, TABLE.terraform),
);

pub struct DynamoDb;

impl Profile for DynamoDb {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn noun(&self) -> &'static str {
        "table"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "prefix", "archive", "protect"]
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
        let (table, prefix) = (object.get("table"), object.get("prefix"));
        if table.is_none() && prefix.is_none() {
            let rule = format!("{}, or else a prefix", formats::TABLE.rule);
            faults.add(object.path("table"), "(missing)", rule);
        }
        if let (Some(_), Some(prefix)) = (table, prefix) {
            faults.add(object.path("prefix"), shown(prefix), "either table or prefix, not both");
        }
        let archive = archive::read(faults, object);
        let prefix = object
            .optional_text(faults, "prefix", &formats::PREFIX)
            .map(|prefix| Target::DynamodbPrefix {
                prefix,
                archive: archive.clone(),
            });
        let table = object
            .optional_text(faults, "table", &formats::TABLE)
            .map(|table| Target::DynamoDb { table, archive });
        table.or(prefix)
    }

    fn source(&self, point: &RecoveryPoint) -> Option<Source> {
        let RecoveryPoint::TableBackup { arn, .. } = point else {
            return None;
        };
        Some(Source::TableBackup { arn: arn.clone() })
    }

    fn archive<'a>(&self, point: &'a RecoveryPoint) -> Option<&'a str> {
        match point {
            RecoveryPoint::TableBackup { archive, .. } => archive.as_ref().map(|archive| archive.address.as_str()),
            _ => None,
        }
    }

    fn source_words(&self, source: &Source) -> String {
        match source {
            Source::TableBackup { arn } => format!("table backup {arn}"),
            Source::TableAt { table, at } => {
                format!("the point-in-time recovery of table {table}, as of {}", time(*at))
            }
            other => format!("{other:?}"),
        }
    }

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        Some(&Self)
    }
}

impl Stateful for DynamoDb {
    fn counting(&self) -> Option<Counting> {
        Some(Counting::Items)
    }

    fn switches(&self) -> &'static [&'static str] {
        &[
            "secret",
            "parameter",
            "lambda_environment",
            "ecs_restart",
            "ssm_command",
            "instance_refresh",
        ]
    }

    fn facts(&self) -> &'static [(&'static str, Fact)] {
        &[("table", Fact::Table)]
    }

    fn fact<'a>(&self, created: &'a CreatedResource, fact: Fact) -> Option<&'a str> {
        self.copy_identifier(created).filter(|_| fact == Fact::Table)
    }

    fn has_logins(&self) -> bool {
        false
    }

    fn is_mounted(&self) -> bool {
        false
    }

    fn copy_name(&self) -> Result<&'static TextFormat, &'static str> {
        Ok(&formats::TABLE)
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// A backup is taken when it is accepted.
    fn is_read_while_backed_up(&self) -> bool {
        false
    }

    /// DynamoDB deletes expired items, also from a copy.
    fn data_expires(&self, configuration: &Value) -> bool {
        configuration["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    }

    fn safeguards_off(&self, configuration: &Value) -> Vec<Safeguard> {
        safeguards::off(configuration)
    }

    fn arn(&self) -> Option<(&'static str, &'static str)> {
        Some(("dynamodb", "table/"))
    }

    fn cloudformation(&self) -> &'static [&'static str] {
        &[TABLE.cloudformation, "AWS::DynamoDB::GlobalTable"]
    }

    fn target_of(&self, table: String) -> Target {
        Target::DynamoDb { table, archive: None }
    }

    fn alarm_dimension(&self) -> Option<&'static str> {
        Some("TableName")
    }

    fn terraform(&self) -> (&'static str, &'static TextFormat) {
        (TABLE.terraform, &TERRAFORM)
    }

    fn replaced(&self, place: &SourceLocation, item: &RestoreItem, _: bool) -> Vec<SourceReplacement> {
        let Some(copy) = item.created.as_ref().and_then(|created| self.copy_identifier(created)) else {
            return Vec::new();
        };
        let source = item.planned.resource.target.identifier();
        let scaled = format!("table/{source}");
        let mut replaced = vec![place.resource(TABLE, source, copy)];
        replaced.extend(place.scaled(&item.configuration, "dynamodb", &scaled, &format!("table/{copy}")));
        replaced
    }

    fn destination<'a>(&self, destination: &'a Destination) -> Option<DestinationFacts<'a>> {
        let Destination::Table { table } = destination else {
            return None;
        };
        Some(DestinationFacts {
            words: format!("table {table}"),
            name: table,
            identity: Some(table.clone()),
            is_resource: true,
        })
    }

    fn copy_identifier<'a>(&self, created: &'a CreatedResource) -> Option<&'a str> {
        let CreatedResource::Table { table, .. } = created else {
            return None;
        };
        Some(table)
    }

    fn copy(&self, created: &CreatedResource, _: &Target) -> Option<Target> {
        let table = self.copy_identifier(created)?.to_owned();
        Some(Target::DynamoDb { table, archive: None })
    }

    fn copy_words(&self, created: &CreatedResource) -> String {
        format!("table {}", self.copy_identifier(created).unwrap_or_default())
    }

    /// By its name or its ARN.
    fn other_names(&self, _: &CreatedResource) -> Vec<String> {
        Vec::new()
    }

    fn is_named(&self, target: &Target, _: &[String], value: &str) -> bool {
        let table = target.identifier();
        value == table || value.ends_with(&format!(":table/{table}"))
    }

    fn metrics(&self) -> &'static [Metric] {
        const UNITS: Metric = Metric {
            namespace: "AWS/DynamoDB",
            name: "ConsumedWriteCapacityUnits",
            statistic: "Sum",
            counts: Use::Writes,
            done: "written",
        };
        &[
            UNITS,
            Metric {
                name: "ConsumedReadCapacityUnits",
                counts: Use::Reads,
                done: "read",
                ..UNITS
            },
        ]
    }

    fn as_of(&self, source: Source, moment: Timestamp) -> Source {
        match source {
            Source::TableAt { table, .. } => Source::TableAt { table, at: moment },
            fixed => fixed,
        }
    }

    /// DynamoDB allows five ListBackups and five TagResource requests per second in an account; a step makes one of each per table.
    fn starts_per_second(&self) -> Option<u64> {
        Some(4)
    }

    fn database<'a>(&self, _: &'a RestoreItem) -> Option<Database<'a>> {
        None
    }

    fn directory<'a>(&self, _: &'a CreatedResource) -> Option<(&'a str, Option<&'a str>)> {
        None
    }

    fn hosts<'a>(&self, _: &'a Value) -> Option<Vec<&'a str>> {
        None
    }

    fn stream(&self, target: &Target) -> Option<String> {
        match target {
            Target::DynamoDb { table, .. } => Some(format!(":table/{table}/stream/")),
            _ => None,
        }
    }

    fn lacks(&self, _: &Point) -> Option<String> {
        None
    }

    fn limited_backups(&self) -> Option<&'static str> {
        None
    }

    fn switch_obstacle(&self, _: &str, _: &Destination) -> Option<SwitchObstacle> {
        None
    }

    fn patterns(&self) -> Option<&'static dyn Pattern> {
        Some(&Self)
    }

    /// A retry after a lost response of `CreateBackup` may have created a second backup of the same name.
    fn is_double(&self, one: &RecoveryPoint, other: &RecoveryPoint) -> bool {
        backup_name(one).is_some() && backup_name(one) == backup_name(other)
    }

    /// The name of a backup ends with a hash of the resource's name.
    fn name_without_tags(&self, set: &str, target: &Target, point: &RecoveryPoint, known: &[Resource]) -> String {
        let table = target.identifier();
        let mut candidates = known.iter().filter_map(|resource| match &resource.target {
            Target::DynamoDb { table: own, .. } => (own == table).then(|| resource.name.clone()),
            other => self
                .closeness(other, table)
                .map(|_| format!("{}.{table}", resource.name)),
        });
        let named = candidates.find(|name| Some(names::recovery_point(set, name).as_str()) == backup_name(point));
        named.unwrap_or_else(|| table.to_owned())
    }
}

fn backup_name(point: &RecoveryPoint) -> Option<&str> {
    match point {
        RecoveryPoint::TableBackup { name, .. } => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_table_with_a_time_to_live_expires() {
        let on = json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}});
        assert!(DynamoDb.data_expires(&on) && !DynamoDb.data_expires(&json!({})));
    }
}
