#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::resource::{Resource, Target};
use crate::testing::generated;
use crate::testing::wrong::check;

fn parse(input: Value) -> RestoreRequest {
    RestoreRequest::parse(&input).unwrap()
}

fn resource(name: &str, target: Target) -> Resource {
    Resource {
        name: name.to_owned(),
        target,
        deadline_seconds: 60,
    }
}

fn resources() -> Vec<Resource> {
    let text = str::to_owned;
    vec![
        resource(
            "database",
            Target::Aurora {
                cluster: text("hubs-db"),
            },
        ),
        resource("login", Target::Secret { secret: text("l") }),
        resource(
            "rooms",
            Target::DynamoDb {
                table: text("hubs-rooms"),
                archive: None,
            },
        ),
        resource(
            "storage",
            Target::Efs {
                file_system: text("fs-00000001"),
                vault: None,
                role: None,
            },
        ),
        resource(
            "tables.hubs-likes",
            Target::DynamoDb {
                table: text("hubs-likes"),
                archive: None,
            },
        ),
    ]
}

#[test]
fn a_deployment_alone_is_restored_from_its_newest_set() {
    let request = parse(json!({"deployment": "hubs-prod"}));
    let usual = RestoreRequest {
        deployment: "hubs-prod".to_owned(),
        purpose: Purpose::Restore,
        wanted: RequestedMoment::Newest,
        only: Vec::new(),
        except: Vec::new(),
        suffix: None,
        names: BTreeMap::new(),
        into: BTreeMap::new(),
        instance_classes: BTreeMap::new(),
        ca_certificates: BTreeMap::new(),
        cut_over: None,
        approval: false,
        safety_backup: false,
        dry_run: false,
        on_failure: OnFailure::Undo,
        source: Origin::Catalog,
    };
    assert_eq!(request, usual);
    assert_eq!(parse(json!({"deployment": "hubs-prod", "set": "newest"})), usual);
}

#[test]
fn every_field_is_read() {
    let request = parse(json!({
        "deployment": "hubs-prod",
        "purpose": "restore",
        "set": "hubs-prod-20261120-021500-630a",
        "only": ["database", "tables.hubs-rooms", "storage"],
        "suffix": "drill-1",
        "names": {"database": "hubs-db-drill", "tables.hubs-rooms": "Hubs_Rooms.drill"},
        "into": {"storage": "file_system"},
        "instance_classes": {"database": "db.r7g.large"},
        "ca_certificates": {"database": "rds-ca-rsa2048-g1"},
        "cut_over": "ask",
        "approval": "required",
        "safety_backup": true,
        "dry_run": true,
        "on_failure": "keep",
        "source": "catalog",
    }));
    assert_eq!(
        request.wanted,
        RequestedMoment::Set("hubs-prod-20261120-021500-630a".to_owned())
    );
    assert_eq!(request.only, ["database", "tables.hubs-rooms", "storage"]);
    assert_eq!(request.suffix.as_deref(), Some("drill-1"));
    assert_eq!(request.names["tables.hubs-rooms"], "Hubs_Rooms.drill");
    assert_eq!(request.into["storage"], RequestedDestination::FileSystem);
    assert_eq!(request.instance_classes["database"], "db.r7g.large");
    assert_eq!(request.ca_certificates["database"], "rds-ca-rsa2048-g1");
    assert_eq!(request.cut_over, Some(CutOverMode::Ask));
    assert!(request.approval && request.safety_backup && request.dry_run);
    assert_eq!(request.on_failure, OnFailure::Keep);
    let retained = parse(json!({"deployment": "hubs", "source": "retained", "except": ["rooms"]}));
    assert_eq!(
        (retained.source, retained.except),
        (Origin::Retained, vec!["rooms".to_owned()])
    );
}

#[test]
fn times_are_read_in_their_zone() {
    let utc: Timestamp = "2026-11-20T02:15:00Z".parse().unwrap();
    for time in [
        "2026-11-20T02:15:00Z",
        "2026-11-20T03:15:00+01:00",
        "2026-11-19T21:45:00.000-04:30",
    ] {
        let request = parse(json!({"deployment": "hubs", "before": time}));
        assert_eq!(request.wanted, RequestedMoment::Before(utc), "{time}");
    }
    let request = parse(json!({"deployment": "hubs", "at": "2026-11-20T02:15:00.123456789Z"}));
    assert_eq!(
        request.wanted,
        RequestedMoment::At("2026-11-20T02:15:00.123456789Z".parse().unwrap())
    );
}

#[test]
fn a_time_to_come_is_refused() {
    let now: Timestamp = "2026-11-20T02:15:00.5Z".parse().unwrap();
    for field in ["before", "at"] {
        let faults = |time: &str| parse(json!({"deployment": "hubs", field: time})).check_times(now);
        assert_eq!(faults("2026-11-20T02:15:00.5Z"), []);
        let later = faults("2026-11-20T03:15:01+01:00");
        assert_eq!(
            later[0].to_string(),
            format!(
                "{field}: \"2026-11-20T02:15:01Z\" is not allowed; expected a time that has passed: it is 2026-11-20T02:15:00Z"
            )
        );
    }
    assert_eq!(parse(json!({"deployment": "hubs"})).check_times(now), []);
}

#[test]
fn a_prefix_stands_for_its_tables() {
    let covers = |request: Value| -> Vec<String> {
        let request = parse(request);
        let names = resources().into_iter().map(|resource| resource.name);
        names.filter(|name| request.covers(name)).collect()
    };
    assert_eq!(covers(json!({"deployment": "hubs"})).len(), 5);
    assert_eq!(
        covers(json!({"deployment": "hubs", "only": ["tables"]})),
        ["tables.hubs-likes"]
    );
    assert_eq!(
        covers(json!({"deployment": "hubs", "only": ["tables.hubs-likes", "rooms"]})),
        ["rooms", "tables.hubs-likes"]
    );
    assert_eq!(covers(json!({"deployment": "hubs", "only": ["table"]})), [""; 0]);
    assert_eq!(
        covers(json!({"deployment": "hubs", "except": ["tables", "login"]})),
        ["database", "rooms", "storage"]
    );
}

#[test]
fn what_the_resources_do_not_allow_is_told() {
    let all = "one of the resources database, login, rooms, storage, tables.hubs-likes";
    let cluster =
        "a DBClusterIdentifier in lowercase: 1 to 63 letters, digits and single hyphens, beginning with a letter";
    let table = "the name of a DynamoDB table: 3 to 255 letters, digits, hyphens, underscores and dots";
    let no_name = "no name: EFS gives a file system its id, AWS Backup a directory its name; use into";
    for (request, faults) in [
        (json!({"only": ["database", "rooms", "tables"]}), vec![]),
        (json!({"names": {"database": "hubs-db-2", "rooms": "hubs-db-2"}, "into": {"storage": "directory"}}), vec![]),
        (json!({"only": ["databse"]}), vec![format!("only[0]: \"databse\" is not allowed; expected {all}; did you mean database?"),
            "only: \"databse\" is not allowed; expected at least one resource to restore; secrets and parameters are only compared".into()]),
        (json!({"except": ["x", "rooms"]}), vec![format!("except[0]: \"x\" is not allowed; expected {all}")]),
        (json!({"only": ["login"]}), vec!["only: \"login\" is not allowed; expected at least one resource to restore; secrets and parameters are only compared".into()]),
        (json!({"except": ["database", "rooms", "storage", "tables"]}), vec!["except: \"database, rooms, storage, tables\" is not allowed; expected at least one resource to restore; secrets and parameters are only compared".into()]),
        (json!({"names": {"data": "hubs-x"}}), vec![format!("names.data: \"data\" is not allowed; expected {all}; did you mean database?")]),
        (json!({"names": {"tables": "hubs-x"}}), vec![format!("names.tables: \"tables\" is not allowed; expected {all}; did you mean tables.hubs-likes?")]),
        (json!({"names": {"database": "Hubs_Db"}}), vec![format!("names.database: \"Hubs_Db\" is not allowed; expected {cluster}")]),
        (json!({"names": {"database": "a".repeat(64)}}), vec![format!("names.database: \"{}…\" is not allowed; expected {cluster}", "a".repeat(60))]),
        (json!({"names": {"rooms": "ab"}}), vec![format!("names.rooms: \"ab\" is not allowed; expected {table}")]),
        // Its own name, which it gets if it is gone.
        (json!({"names": {"database": "hubs-db"}}), Vec::new()),
        (json!({"names": {"rooms": "same", "tables.hubs-likes": "same"}}), vec!["names.tables.hubs-likes: \"same\" is not allowed; expected a name that no other copy has; rooms has this one".into()]),
        (json!({"names": {"storage": "files"}}), vec![format!("names.storage: \"files\" is not allowed; expected {no_name}")]),
        (json!({"names": {"login": "l2"}}), vec!["names.login: \"l2\" is not allowed; expected no name: secrets and parameters are compared, not restored".into()]),
        (json!({"names": {"rooms": "rooms-2"}, "except": ["rooms"]}), vec!["names.rooms: \"rooms\" is not allowed; expected a resource that only and except do not leave out".into()]),
        (json!({"into": {"rooms": "directory"}}), vec!["into.rooms: \"rooms\" is not allowed; expected a resource of kind efs; rooms is of kind dynamodb".into()]),
        (json!({"into": {"files": "directory"}}), vec![format!("into.files: \"files\" is not allowed; expected {all}")]),
        (json!({"into": {"storage": "directory"}, "only": ["rooms"]}), vec!["into.storage: \"storage\" is not allowed; expected a resource that only and except do not leave out".into()]),
    ] {
        let mut input = request.clone();
        input["deployment"] = "hubs".into();
        let found: Vec<String> = parse(input).check_names(&resources()).iter().map(ToString::to_string).collect();
        assert_eq!(found, faults, "{request}");
    }
}

/// A message prints these options to repeat the restore: with fewer, it would restore and switch more than was requested.
#[test]
fn a_request_is_repeated_with_what_it_left_out_and_where_it_led_copies() {
    let input = json!({
        "deployment": "hubs", "only": ["database", "files"], "into": {"files": "file_system"}, "suffix": "night",
        "names": {"database": "db2"}, "instance_classes": {"database": "db.r6g.large"}, "cut_over": "no",
    });
    let request = RestoreRequest::parse(&input).unwrap();
    assert_eq!(
        request.options(),
        [
            "--only database,files",
            "--into files=file_system",
            "--instance-class database=db.r6g.large"
        ]
    );
    assert_eq!(request.naming(), ["--suffix night", "--name database=db2"]);
    let plain = RestoreRequest::parse(&json!({"deployment": "hubs"})).unwrap();
    assert!(plain.options().is_empty() && plain.naming().is_empty());
}

#[test]
fn what_is_taken_back_is_named_with_its_deployment() {
    let right = json!({"deployment": "hubs-prod", "restore": "hubs-prod-20261120-021500-630a"});
    let request = UndoRequest::parse(&right).unwrap();
    assert_eq!(
        (request.deployment.as_str(), request.restore.as_str()),
        ("hubs-prod", "hubs-prod-20261120-021500-630a")
    );
}

#[test]
fn wrong_requests_are_told_exactly_what_is_wrong() {
    check(
        include_str!("wrong.txt"),
        &json!({"deployment": "hubs"}),
        RestoreRequest::parse,
    );
}

#[test]
fn wrong_undo_requests_are_told_exactly_what_is_wrong() {
    let right = json!({"deployment": "hubs", "restore": "hubs-20261120-021500-630a"});
    check(include_str!("wrong_undo.txt"), &right, UndoRequest::parse);
}

#[test]
fn a_list_has_at_most_two_hundred_resources() {
    let resources: Vec<String> = (0..201).map(|index| format!("r{index}")).collect();
    for field in ["only", "except"] {
        let error = RestoreRequest::parse(&json!({"deployment": "hubs", field: resources})).unwrap_err();
        let fault = format!("{field}: a list with 201 entries is not allowed; expected a list of 1 to 200 resources");
        assert!(error.to_string().starts_with(&fault), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_input_is_a_request_or_refused_by_its_faults(input in generated::restore_request()) {
        generated::refused_by_its_faults(RestoreRequest::parse(&input))?;
        generated::refused_by_its_faults(UndoRequest::parse(&input))?;
        if let Ok(request) = RestoreRequest::parse(&input) {
            for fault in request.check_names(&resources()) {
                prop_assert!(!fault.to_string().chars().any(char::is_control), "{:?}", fault);
            }
        }
    }
}
