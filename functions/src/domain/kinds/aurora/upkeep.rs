//! What a cluster costs, and how a person deletes one.

use serde_json::Value;

use super::Aurora;
use crate::domain::kinds::prices;
use crate::domain::kinds::upkeep::{MonthlyCost, Upkeep, number};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;

/// Aurora shows no more than this for a snapshot whose size it does not account for.
const NO_SIZE: u64 = 1 << 30;

impl Upkeep for Aurora {
    /// A Serverless instance costs at least its minimum capacity.
    fn monthly_cost(&self, item: &RestoreItem) -> MonthlyCost {
        let io_optimized = item.configuration["DBCluster"]["StorageType"] == "aurora-iopt1";
        let (storage, factor) = match io_optimized {
            true => (prices::AURORA_STORAGE_IO_OPTIMIZED, prices::AURORA_IO_OPTIMIZED),
            false => (prices::AURORA_STORAGE, 1.0),
        };
        let size = self.size_bytes(item);
        MonthlyCost::of([
            (
                "its instances",
                instances_an_hour(&item.configuration).map(|price| price * factor * prices::HOURS),
            ),
            ("its storage", size.map(|size| prices::storage(size, storage))),
        ])
    }

    fn size_bytes(&self, item: &RestoreItem) -> Option<u64> {
        item.planned.size_bytes.filter(|size| *size > NO_SIZE)
    }

    /// RDS refuses to delete a cluster with an instance that is not being deleted
    /// (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html>).
    fn removal_commands(&self, target: &Target) -> Vec<String> {
        let cluster = target.identifier();
        vec![
            format!(
                "for instance in $(aws rds describe-db-clusters --db-cluster-identifier {cluster} --output text --query \
                 'DBClusters[].DBClusterMembers[].DBInstanceIdentifier'); do aws rds delete-db-instance \
                 --db-instance-identifier $instance; done"
            ),
            format!(
                "aws rds delete-db-cluster --db-cluster-identifier {cluster} --final-db-snapshot-identifier {cluster}-final"
            ),
        ]
    }
}

/// `None` if the instances were not captured, or one is of a class without a known price.
fn instances_an_hour(configuration: &Value) -> Option<f64> {
    let instances = configuration["DBInstances"].as_array()?;
    let scaling = &configuration["DBCluster"]["ServerlessV2ScalingConfiguration"];
    let price = |instance: &Value| match instance["DBInstanceClass"].as_str()? {
        "db.serverless" => Some(number(scaling, "MinCapacity")? * prices::AURORA_CAPACITY_UNIT),
        class => prices::aurora_instance(class),
    };
    instances.iter().map(price).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::kinds::Stateful;
    use crate::testing::restores::item;

    fn cost(configuration: Value, size: Option<u64>) -> String {
        let mut item = item("database");
        item.configuration = configuration;
        item.planned.size_bytes = size;
        Aurora.monthly_cost(&item).words()
    }

    #[test]
    fn instances_are_charged_by_the_hour_and_storage_by_size() {
        let instances = json!([{"DBInstanceClass": "db.r6g.large"}, {"DBInstanceClass": "db.r6g.large"}]);
        let standard = json!({"DBCluster": {"StorageType": "aurora"}, "DBInstances": instances});
        assert_eq!(cost(standard.clone(), Some(100 << 30)), "about $390 a month");
        assert_eq!(
            cost(standard, Some(1 << 30)),
            "about $380 a month, and its storage",
            "Aurora does not account for it"
        );
        let optimized = json!({"DBCluster": {"StorageType": "aurora-iopt1"}, "DBInstances": instances});
        assert_eq!(cost(optimized, Some(100 << 30)), "about $516 a month");
    }

    #[test]
    fn a_serverless_instance_costs_at_least_its_minimum() {
        let scaling = json!({"MinCapacity": 0.5, "MaxCapacity": 16});
        let serverless = json!({
            "DBCluster": {"ServerlessV2ScalingConfiguration": scaling}, "DBInstances": [{"DBInstanceClass": "db.serverless"}],
        });
        assert_eq!(cost(serverless, None), "about $44 a month, and its storage");
    }

    #[test]
    fn instances_that_are_not_known_are_not_free() {
        for unknown in [
            json!(null),
            json!({"DBInstances": [{"DBInstanceClass": "db.x2g.large"}]}),
        ] {
            assert_eq!(
                cost(unknown.clone(), Some(100 << 30)),
                "about $10 a month, and its instances"
            );
            assert_eq!(cost(unknown, None), "not known: its instances and its storage");
        }
    }

    #[test]
    fn instances_are_deleted_before_their_cluster() {
        let commands = Aurora.removal_commands(&Aurora.target_of("hubs-db".into()));
        assert!(commands[0].contains("delete-db-instance"), "{commands:?}");
        assert!(
            commands[1].contains("delete-db-cluster --db-cluster-identifier hubs-db --final"),
            "{commands:?}"
        );
    }
}
