#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::hcl::{BodyItem, block, quoted};
use super::*;

fn item(name: &str, resource: Value, created: Value, configuration: Value) -> RestoreItem {
    let mut resource = resource;
    resource["name"] = name.into();
    resource["deadline_seconds"] = 60.into();
    serde_json::from_value(json!({
        "restore": "hubs-prod-20261120-030000-630a",
        "planned": {
            "resource": resource, "source": {"from": "table_backup", "arn": "arn"}, "beside": {"into": "nothing"},
        },
        "status": "restored",
        "configuration": configuration,
        "made": created,
    }))
    .unwrap()
}

fn cluster(copy: &str) -> RestoreItem {
    let configuration = json!({
        "DBCluster": {"DBClusterMembers": [
            {"DBInstanceIdentifier": "hubs-two", "IsClusterWriter": true},
            {"DBInstanceIdentifier": "hubs-one", "IsClusterWriter": false},
        ]},
        "DBInstances": [
            {"DBInstanceIdentifier": "hubs-one", "PromotionTier": 0},
            {"DBInstanceIdentifier": "hubs-two", "PromotionTier": 1},
            {"DBInstanceIdentifier": "application-autoscaling-1", "PromotionTier": 15},
        ],
        "ScalableTargets": [{"ResourceId": "cluster:hubs-db", "ScalableDimension": "rds:cluster:ReadReplicaCount"}],
    });
    let created = json!({
        "made": "cluster", "cluster": copy, "arn": "a", "host": "h", "reader_host": "r", "port": 5432,
    });
    item(
        "database",
        json!({"kind": "aurora", "cluster": "hubs-db"}),
        created,
        configuration,
    )
}

fn items() -> Vec<RestoreItem> {
    let table = json!({"kind": "dynamodb", "table": "hubs-rooms"});
    let scaled = json!({"ScalableTargets": [
        {"ResourceId": "table/hubs-rooms", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"},
        {"ResourceId": "table/hubs-rooms/index/by-owner", "ScalableDimension": "dynamodb:index:WriteCapacityUnits"},
    ]});
    let file_system = json!({"kind": "efs", "file_system": "fs-00000001"});
    let directory = json!({
        "made": "directory", "file_system": "fs-00000001", "job": "j",
        "directory": "/aws-backup-restore_2026-11-20T03-00-00-123Z",
    });
    let new = json!({"made": "file_system", "file_system": "fs-00000002", "job": "j"});
    let old = json!({"kind": "efs", "file_system": "fs-00000003"});
    vec![
        cluster("hubs-db-r20261120-030000"),
        item(
            "tables.hubs-rooms",
            table,
            json!({"made": "table", "table": "hubs-rooms-new", "arn": "a"}),
            scaled,
        ),
        item("files", file_system, directory, Value::Null),
        item("old-files", old, new, Value::Null),
        item(
            "login",
            json!({"kind": "secret", "secret": "s"}),
            json!({"made": "nothing"}),
            Value::Null,
        ),
    ]
}

fn descriptor(terraform: &str, rename: bool) -> Descriptor {
    let mut cut_over = json!([
        {"name": "app", "kind": "ecs_service", "resource": "files", "cluster": "hubs", "service": "app", "volume": "storage"},
        {"name": "old-app", "kind": "ecs_service", "resource": "old-files", "cluster": "hubs", "service": "old"},
    ]);
    if rename {
        let rename = json!({"name": "old-name", "kind": "rename", "resource": "database"});
        cut_over.as_array_mut().unwrap().push(rename);
    }
    Descriptor::parse(&json!({
        "deployment": "hubs-prod",
        "resources": {
            "database": {"kind": "aurora", "cluster": "hubs-db", "terraform": terraform, "logical_id": "HubsDb"},
            "tables": {"kind": "dynamodb", "prefix": "hubs-"},
            "files": {"kind": "efs", "file_system": "fs-00000001"},
            "old-files": {"kind": "efs", "file_system": "fs-00000003"},
            "login": {"kind": "secret", "secret": "s"},
        },
        "cut_over": cut_over,
    }))
    .unwrap()
}

#[test]
fn everything_that_is_replaced_is_told_for_every_tool() {
    let text = infrastructure(
        &descriptor("module.data.aws_rds_cluster.main", false),
        &items(),
        CutOverMode::Yes,
        &StateAddresses::default(),
    );
    let whole = format!(
        "{}\n{}\n{}\n{}\n{}",
        text.terraform, text.terraform_commands, text.cloudformation, text.cloudformation_steps, text.ecs
    );
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/domain/restore/infrastructure/tests/whole.txt"
    );
    if std::env::var_os("HOLDFAST_WRITE").is_some() {
        std::fs::write(path, &whole).unwrap();
    }
    assert_eq!(whole, std::fs::read_to_string(path).unwrap());
    let resources: Value = serde_json::from_str(&text.cloudformation).unwrap();
    assert_eq!(resources.as_array().unwrap().len(), 8);
}

/// Earlier, `tables` had the invented address `aws_dynamodb_table.tables_hubs_rooms`.
#[test]
fn an_address_that_the_descriptor_does_not_name_is_to_be_filled_in() {
    let text = infrastructure(
        &descriptor("module.data.aws_rds_cluster.main", false),
        &items(),
        CutOverMode::Yes,
        &StateAddresses::default(),
    );
    for part in [&text.terraform, &text.terraform_commands] {
        assert!(part.contains("# TO FILL IN"), "{part}");
        assert!(
            part.contains("ADDRESS_OF_tables_hubs_rooms, ADDRESS_OF_old_files\n"),
            "{part}"
        );
        assert!(!part.contains("aws_dynamodb_table.tables_hubs_rooms"), "{part}");
        assert!(part.contains("module.data.aws_rds_cluster.main"), "{part}");
    }
    assert!(
        text.cloudformation_steps.contains("LogicalIdOfTablesHubsRooms"),
        "{}",
        text.cloudformation_steps
    );
    assert!(text.cloudformation.contains("\"HubsDb\""), "{}", text.cloudformation);
    let file = text.for_terraform();
    assert!(
        file.contains("\n# terraform state rm") && !file.contains("\nterraform state rm"),
        "{file}"
    );
}

/// Of a state with modules and `for_each`: also the addresses of tables of a prefix, for which a descriptor has none.
#[test]
fn addresses_are_those_of_a_state() {
    let mut state = StateAddresses::default();
    for (kind, id, address) in [
        ("aws_rds_cluster", "hubs-db", "module.rds.aws_rds_cluster.this"),
        (
            "aws_rds_cluster_instance",
            "hubs-one",
            "module.rds.aws_rds_cluster_instance.this[\"b\"]",
        ),
        (
            "aws_rds_cluster_instance",
            "hubs-two",
            "module.rds.aws_rds_cluster_instance.this[\"a\"]",
        ),
        (
            "aws_dynamodb_table",
            "hubs-rooms",
            "module.data.aws_dynamodb_table.table[\"rooms\"]",
        ),
        (
            "aws_appautoscaling_target",
            "dynamodb/table/hubs-rooms/dynamodb:table:ReadCapacityUnits",
            "module.data.aws_appautoscaling_target.read",
        ),
    ] {
        state.insert(kind, id.to_owned(), address);
    }
    let text = infrastructure(
        &descriptor("aws_rds_cluster.wrong", false),
        &items(),
        CutOverMode::Yes,
        &state,
    );
    for line in [
        "terraform import 'module.rds.aws_rds_cluster.this' 'hubs-db-r20261120-030000'",
        "terraform import 'module.rds.aws_rds_cluster_instance.this[\"a\"]' 'hubs-two-r20261120-030000'",
        "terraform import 'module.data.aws_dynamodb_table.table[\"rooms\"]' 'hubs-rooms-new'",
        "terraform import 'module.data.aws_appautoscaling_target.read' 'dynamodb/table/hubs-rooms-new/dynamodb:table:ReadCapacityUnits'",
    ] {
        assert!(
            text.terraform_commands.lines().any(|found| found == line),
            "{line}\n{}",
            text.terraform_commands
        );
    }
    assert!(
        text.terraform.contains("ADDRESS_OF_tables_hubs_rooms_index_by_owner"),
        "what the state lacks"
    );
    assert!(
        text.terraform
            .contains("from = module.rds.aws_rds_cluster_instance.this\n"),
        "{}",
        text.terraform
    );
}

#[test]
fn what_has_its_own_name_again_keeps_its_address() {
    let table = json!({"kind": "dynamodb", "table": "hubs-rooms"});
    let own = item(
        "tables.hubs-rooms",
        table,
        json!({"made": "table", "table": "hubs-rooms", "arn": "a"}),
        Value::Null,
    );
    let mut state = StateAddresses::default();
    let address = "module.data.aws_dynamodb_table.table[\"rooms\"]";
    state.insert("aws_dynamodb_table", "hubs-rooms".to_owned(), address);
    let text = infrastructure(
        &descriptor("aws_rds_cluster.main", false),
        &[own],
        CutOverMode::Yes,
        &state,
    );
    let import = format!("\nimport {{\n  to = {address}\n  id = \"hubs-rooms\"\n}}\n");
    assert!(text.terraform.ends_with(&import), "{}", text.terraform);
    assert!(
        !text.terraform.contains("removed") && !text.terraform.contains("rename"),
        "{}",
        text.terraform
    );
    assert!(
        !text.terraform_commands.contains("state rm"),
        "{}",
        text.terraform_commands
    );
    let command = format!("terraform state show '{address}' >/dev/null || terraform import '{address}' 'hubs-rooms'\n");
    assert!(
        text.terraform_commands.contains(&command),
        "{}",
        text.terraform_commands
    );
    assert!(
        !text.cloudformation_steps.contains("1. Give"),
        "{}",
        text.cloudformation_steps
    );
    assert!(
        text.cloudformation_steps.contains("LogicalIdOfTablesHubsRooms"),
        "{}",
        text.cloudformation_steps
    );
    assert_formatted(&text.terraform);
}

#[test]
fn nothing_replaced_is_nothing_to_do() {
    let guard = items().split_off(4);
    assert_eq!(
        infrastructure(
            &descriptor("aws_rds_cluster.main", true),
            &guard,
            CutOverMode::Yes,
            &StateAddresses::default()
        ),
        Infrastructure::default()
    );
}

#[test]
fn a_cluster_that_is_renamed_has_its_old_name() {
    let of = |rename, mode| {
        let text = infrastructure(
            &descriptor("aws_rds_cluster.main", rename),
            &[cluster("hubs-db-new")],
            mode,
            &StateAddresses::default(),
        );
        let ids: Vec<String> = text
            .terraform_commands
            .lines()
            .filter_map(|line| Some(line.split_once("terraform import ")?.1.to_owned()))
            .collect();
        ids
    };
    let instances = [
        "'aws_rds_cluster_instance.main[0]' 'hubs-two-new'",
        "'aws_rds_cluster_instance.main[1]' 'hubs-one-new'",
    ];
    let scaling =
        "'aws_appautoscaling_target.main_read_replica_count' 'rds/cluster:hubs-db-new/rds:cluster:ReadReplicaCount'";
    let copy = [
        "'aws_rds_cluster.main' 'hubs-db-new'",
        instances[0],
        instances[1],
        scaling,
    ];
    let old = [instances[0], instances[1], "'aws_rds_cluster.main' 'hubs-db'"];
    assert_eq!(of(true, CutOverMode::Yes), old);
    assert_eq!(of(true, CutOverMode::Ask), old);
    assert_eq!(of(true, CutOverMode::No), copy);
    assert_eq!(of(false, CutOverMode::Yes), copy);
}

#[test]
fn instances_of_a_copy_with_a_name_of_its_own_are_numbered() {
    let commands = |item: &RestoreItem| {
        infrastructure(
            &descriptor("aws_rds_cluster.main", false),
            std::slice::from_ref(item),
            CutOverMode::Yes,
            &StateAddresses::default(),
        )
        .terraform_commands
    };
    let item = cluster("other");
    assert!(commands(&item).contains("main[0]' 'other-1'\n") && commands(&item).contains("main[1]' 'other-2'\n"));
    let bare = RestoreItem {
        configuration: Value::Null,
        ..item
    };
    assert!(commands(&bare).contains("main[0]' 'other-1'\n") && !commands(&bare).contains("main[1]"));
}

#[test]
fn no_removed_block_has_an_index() {
    for address in [
        "aws_rds_cluster.main[0]",
        "module.a[\"b.c\"].aws_rds_cluster.main",
        "aws_rds_cluster.main[\"aws_x.y\"]",
    ] {
        let text = infrastructure(
            &descriptor(address, false),
            &[cluster("hubs-db-new")],
            CutOverMode::Yes,
            &StateAddresses::default(),
        );
        assert!(
            text.terraform.contains(&format!("# {address} is one of several")),
            "{}",
            text.terraform
        );
        for line in text
            .terraform
            .lines()
            .filter(|line| line.trim_start().starts_with("from"))
        {
            assert!(!line.contains('['), "{line}");
        }
        assert!(
            text.terraform_commands
                .contains(&format!("terraform state rm '{address}'\n"))
        );
    }
}

/// Evaluates a quoted HCL template without interpolation (HCL native syntax, "Template Literals").
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let mut rest: Vec<char> = inner.chars().rev().collect();
    let mut plain = String::new();
    while let Some(c) = rest.pop() {
        match c {
            '\\' => match rest.pop().unwrap() {
                'n' => plain.push('\n'),
                'r' => plain.push('\r'),
                't' => plain.push('\t'),
                'u' => {
                    let digits: String = (0..4).map(|_| rest.pop().unwrap()).collect();
                    plain.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                }
                c @ ('"' | '\\') => plain.push(c),
                other => panic!("\\{other} is no escape"),
            },
            '"' => panic!("the text ends early"),
            '$' | '%' if rest.ends_with(&['{', c]) => {
                rest.pop();
                rest.pop();
                plain.extend([c, '{']);
            }
            '$' | '%' if rest.last() == Some(&'{') => panic!("an interpolation begins"),
            c => plain.push(c),
        }
    }
    plain
}

/// Asserts the format of `terraform fmt`: two spaces per level, equals signs of neighbouring attributes aligned as far left as
/// possible, no trailing spaces, at most one empty line.
fn assert_formatted(text: &str) {
    let mut depth = 0;
    let mut run: Vec<(usize, usize)> = Vec::new();
    for (number, line) in text.lines().chain([""]).enumerate() {
        assert_eq!(line, line.trim_end(), "line {number}");
        let body = line.trim_start();
        if body == "}" {
            depth -= 1;
        }
        let attribute = body.split_once(" = ").filter(|_| !body.starts_with('#'));
        match attribute {
            Some((name, _)) => run.push((line.find(" = ").unwrap(), name.trim_end().len() + depth * 2)),
            None => {
                let column = run.iter().map(|(_, end)| *end).max();
                assert!(
                    run.iter().all(|(at, _)| Some(*at) == column),
                    "before line {number}:\n{text}"
                );
                run.clear();
            }
        }
        if !body.is_empty() {
            assert_eq!(line.len() - body.len(), depth * 2, "line {number}: {line:?}");
        }
        if body.ends_with('{') && !body.starts_with('#') {
            depth += 1;
        }
    }
    assert_eq!(depth, 0);
    assert!(
        !text.contains("\n\n\n") && !text.contains("{\n\n") && !text.contains("\n\n}"),
        "{text}"
    );
    assert!(text.ends_with('\n') && !text.starts_with('\n'));
}

#[test]
fn equals_signs_of_neighbours_stand_in_one_column() {
    let attribute = |name, value: &str| BodyItem::Attribute(name, value.to_owned());
    let body = [
        attribute("to", "a.b"),
        attribute("provider", "aws.x"),
        BodyItem::Block("inner".to_owned(), vec![attribute("x", "1"), attribute("yyy", "2")]),
        attribute("id", "\"i\""),
    ];
    let text = block("import", &body);
    assert_eq!(
        text,
        "import {\n  to       = a.b\n  provider = aws.x\n\n  inner {\n    x   = 1\n    yyy = 2\n  }\n\n  id = \"i\"\n}\n"
    );
    assert_formatted(&text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_quoted_text_stands_for_itself(text in "([$%]{0,3}\\{|[\"\\\\\\n]|\\PC|[\\x00-\\x1f\\x7f-\\x9f]){0,12}") {
        let quoted = quoted(&text);
        prop_assert!(!quoted.chars().any(char::is_control));
        prop_assert_eq!(unquoted(&quoted), text);
    }

    #[test]
    fn odd_names_change_no_layout_and_no_syntax(copies in vec("([$%]{0,2}\\{|[\"'\\\\\\n]|\\PC){1,12}", 1..4)) {
        let items: Vec<RestoreItem> = copies.iter().enumerate().map(|(index, copy)| {
            let created = json!({"made": "table", "table": copy, "arn": "a"});
            item(&format!("t{index}"), json!({"kind": "dynamodb", "table": "the-source"}), created, Value::Null)
        }).collect();
        let text = infrastructure(
            &descriptor("aws_rds_cluster.main", false),
            &items,
            CutOverMode::Yes,
            &StateAddresses::default(),
        );
        assert_formatted(&text.terraform);
        let ids: Vec<String> = text.terraform.lines().filter_map(|line| line.strip_prefix("  id = ")).map(unquoted).collect();
        prop_assert_eq!(&ids, &copies);
        let resources: Value = serde_json::from_str(&text.cloudformation).unwrap();
        for (resource, copy) in resources.as_array().unwrap().iter().zip(&copies) {
            prop_assert_eq!(resource["ResourceIdentifier"]["TableName"].as_str(), Some(copy.as_str()));
        }
    }
}

#[test]
fn the_blocks_are_formatted() {
    for address in ["aws_rds_cluster.main", "aws_rds_cluster.main[0]"] {
        let nowhere = StateAddresses::default();
        assert_formatted(&infrastructure(&descriptor(address, true), &items(), CutOverMode::Yes, &nowhere).terraform);
    }
}
