//! What a table costs, and how a person deletes one.

use serde_json::Value;

use super::DynamoDb;
use crate::domain::kinds::prices;
use crate::domain::kinds::upkeep::{MonthlyCost, Upkeep, number};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;

impl Upkeep for DynamoDb {
    /// A table without provisioned capacity costs its storage while nobody uses it.
    fn monthly_cost(&self, item: &RestoreItem) -> MonthlyCost {
        let table = &item.configuration["Table"];
        let class = match table["TableClassSummary"]["TableClass"].as_str() {
            Some("STANDARD_INFREQUENT_ACCESS") => prices::TABLE_STORAGE_INFREQUENT_ACCESS,
            _ => prices::TABLE_STORAGE,
        };
        let size = item.planned.size_bytes;
        let cost = MonthlyCost::of([
            ("its storage", size.map(|size| prices::storage(size, class))),
            (
                "its capacity",
                capacity_an_hour(table).map(|price| price * prices::HOURS),
            ),
        ]);
        match indexes(table).next() {
            Some(_) => cost.and_without("the storage of its indexes"),
            None => cost,
        }
    }

    fn removal_commands(&self, target: &Target) -> Vec<String> {
        vec![format!(
            "aws dynamodb delete-table --table-name {}",
            target.identifier()
        )]
    }
}

fn indexes(table: &Value) -> impl Iterator<Item = &Value> {
    table["GlobalSecondaryIndexes"].as_array().into_iter().flatten()
}

/// What is provisioned for the table and its indexes; `None` if the table was not captured.
fn capacity_an_hour(table: &Value) -> Option<f64> {
    if !table.is_object() {
        return None;
    }
    let provisioned = std::iter::once(table).chain(indexes(table)).map(|of| {
        let units = |name| number(&of["ProvisionedThroughput"], name).unwrap_or(0.0);
        units("WriteCapacityUnits") * prices::TABLE_WRITE_UNIT + units("ReadCapacityUnits") * prices::TABLE_READ_UNIT
    });
    Some(provisioned.sum())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::kinds::Stateful;
    use crate::testing::restores::item;

    fn cost(table: Value, size: Option<u64>) -> String {
        let mut item = item("rooms");
        item.configuration = json!({ "Table": table });
        item.planned.size_bytes = size;
        DynamoDb.monthly_cost(&item).words()
    }

    #[test]
    fn a_table_on_demand_costs_its_storage_by_its_class() {
        let on_demand = json!({"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}});
        assert_eq!(cost(on_demand, Some(100 << 30)), "about $25 a month");
        let cold = json!({"TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"}});
        assert_eq!(cost(cold, Some(100 << 30)), "about $10 a month");
    }

    #[test]
    fn provisioned_capacity_is_charged_for_a_table_and_its_indexes() {
        let units = json!({"ReadCapacityUnits": 30, "WriteCapacityUnits": 20});
        let table = json!({"ProvisionedThroughput": units});
        assert_eq!(cost(table, Some(0)), "about $12 a month");
        let indexed =
            json!({"ProvisionedThroughput": units, "GlobalSecondaryIndexes": [{"ProvisionedThroughput": units}]});
        assert_eq!(
            cost(indexed, Some(0)),
            "about $25 a month, and the storage of its indexes"
        );
    }

    #[test]
    fn a_table_that_was_not_captured_is_charged_at_least_by_size() {
        assert_eq!(
            cost(Value::Null, Some(100 << 30)),
            "about $25 a month, and its capacity"
        );
        let commands = DynamoDb.removal_commands(&DynamoDb.target_of("rooms".into()));
        assert_eq!(commands, ["aws dynamodb delete-table --table-name rooms"]);
    }
}
