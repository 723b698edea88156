#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::testing::members as samples;

#[test]
fn a_member_is_read_with_its_places_its_condition_and_its_words() {
    let members = read(
        "# why\n[rds X x] aurora A.* B dynamodb .\nnot-covered One unless off: {source} had {value}\n\ngiven Two @ a_test\nnot-covered Three over 5: w",
    );
    let paths: Vec<_> = members.iter().map(|member| (member.kind, member.path())).collect();
    let path = |text: &str| text.to_owned();
    assert_eq!(
        paths[..4],
        [
            ("aurora", path("A.*.One")),
            ("aurora", path("B.One")),
            ("dynamodb", path("One")),
            ("aurora", path("A.*.Two")),
        ]
    );
    assert_eq!(
        (members[0].unless, members[0].words),
        (LosslessValues::Is("off"), "{source} had {value}")
    );
    assert_eq!(
        (members[3].class, members[3].unless),
        (MemberClass::Compared, LosslessValues::Unset)
    );
    assert_eq!(members[6].unless, LosslessValues::UpTo(5.0));
}

#[test]
fn what_is_lost_is_said_where_it_is_set_and_only_there() {
    let captured = json!({ "DBCluster": { "ActivityStreamStatus": "stopped", "GlobalClusterIdentifier": "",
        "ReadReplicaIdentifiers": ["a", "b"], "DomainMemberships": [{ "Domain": "d-1", "Status": "joined" }] } });
    let remarks = lost("aurora", &captured, "hubs-db", "hubs-db-r");
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].starts_with("a, b replicates from hubs-db"), "{remarks:?}");
    assert!(remarks[1].contains("directory d-1"), "{remarks:?}");
}

#[test]
fn what_may_differ_is_named_below_what_is_compared() {
    let of_instance = expected("aurora", "DBInstances.*");
    for (path, may) in [
        ("Endpoint", true),
        ("DBParameterGroups.*.ParameterApplyStatus", true),
        ("DBInstanceClass", false),
        ("DBParameterGroups.*.DBParameterGroupName", false),
    ] {
        assert_eq!(of_instance.contains(&path.to_owned()), may, "{path}");
    }
    assert!(expected("dynamodb", "").contains(&"Table.GlobalSecondaryIndexes.*.IndexArn".to_owned()));
}

/// Every row that is not covered is reported if it is set, with its own text.
#[test]
fn every_loss_of_the_table_is_said() {
    for kind in ["aurora", "dynamodb"] {
        for member in of(kind).filter(|member| member.class == MemberClass::NotCovered) {
            assert!(!member.words.is_empty(), "{member:?}");
            let captured = samples::with(Value::Null, &member.path(), samples::value(member));
            assert_eq!(lost(kind, &captured, "old", "new").len(), 1, "{member:?}");
        }
    }
}
