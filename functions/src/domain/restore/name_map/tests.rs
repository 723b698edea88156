use serde_json::json;

use super::*;

fn renaming() -> NameMap {
    let pairs = [
        ("cluster:hubs-db", "cluster:hubs-db-r"),
        ("hubs-db", "hubs-db-r"),
        ("hubs-db-1", "hubs-db-1-r"),
        ("arn:rds:cluster:hubs-db", "arn:rds:cluster:hubs-db-r"),
        ("", "nothing"),
    ];
    NameMap::new(pairs.map(|(from, to)| (from.to_owned(), to.to_owned())))
}

#[test]
fn what_names_the_source_names_the_copy() {
    let policy = json!({
        "PolicyName": "hubs-db", "ResourceId": "cluster:hubs-db", "ScalableDimension": "rds:cluster:ReadReplicaCount",
        "CustomizedMetricSpecification": {
            "Dimensions": [{ "Name": "DBClusterIdentifier", "Value": "hubs-db" }, { "Name": "Role", "Value": "hubs-db-x" }],
            "Metrics": [
                { "Id": "m", "Expression": "SEARCH('DBClusterIdentifier=\"hubs-db\"', 'hubs-db')" },
                { "MetricStat": { "Metric": { "Dimensions": [{ "Name": "DBInstanceIdentifier", "Value": "hubs-db-1" }] } } },
            ],
        },
        "Where": ["arn:rds:cluster:hubs-db", "arn:rds:cluster:hubs-db-other"],
    });
    let renamed = renaming().applied(&policy);
    assert_eq!(renamed["PolicyName"], "hubs-db", "its own name");
    assert_eq!(renamed["ResourceId"], "cluster:hubs-db-r");
    assert_eq!(renamed["ScalableDimension"], policy["ScalableDimension"]);
    let metric = &renamed["CustomizedMetricSpecification"];
    assert_eq!(metric["Dimensions"][0]["Value"], "hubs-db-r");
    assert_eq!(metric["Dimensions"][1]["Value"], "hubs-db-x");
    assert_eq!(
        metric["Metrics"][0]["Expression"],
        "SEARCH('DBClusterIdentifier=\"hubs-db-r\"', 'hubs-db-r')"
    );
    let dimension = &metric["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"][0];
    assert_eq!(dimension["Value"], "hubs-db-1-r");
    assert_eq!(
        renamed["Where"],
        json!(["arn:rds:cluster:hubs-db-r", "arn:rds:cluster:hubs-db-other"])
    );
}

#[test]
fn what_lies_below_a_name_is_renamed_with_it() {
    let renaming = NameMap::new([("table/rooms".to_owned(), "table/rooms-r".to_owned())]);
    for (id, renamed) in [
        ("table/rooms", "table/rooms-r"),
        ("table/rooms/index/by-day", "table/rooms-r/index/by-day"),
        ("table/rooms2", "table/rooms2"),
    ] {
        assert_eq!(renaming.applied(&json!({ "ResourceId": id }))["ResourceId"], renamed);
    }
}
