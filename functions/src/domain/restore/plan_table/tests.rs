#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::resource::Target;
use crate::domain::resource::{Resource, Version};
use crate::domain::restore::matching::{Gap, GapKind, Matching};
use crate::domain::restore::plan::Source;
use crate::domain::restore::remark::Remark;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn planned(name: &str, target: Target, source: Source, destination: Destination) -> PlannedResource {
    PlannedResource {
        resource: Resource {
            name: name.to_owned(),
            target,
            deadline_seconds: 3600,
        },
        source,
        destination,
        holds: Some(at("2026-11-20T02:16:04Z")),
        loss_seconds: Some(2_640),
        size_bytes: Some(3 << 29),
        usual_seconds: Some(1_260),
        creates: Vec::new(),
    }
}

fn plan() -> Plan {
    let cluster = Target::Aurora {
        cluster: "hubs-db".to_owned(),
    };
    let snapshot = Source::ClusterSnapshot {
        id: "hf-hubs-prod-20261120-021500-630a-1b2c3d".to_owned(),
        arn: "arn".to_owned(),
    };
    let copy = Destination::Cluster {
        cluster: "hubs-db-r20261120-030000".to_owned(),
    };
    let mut database = planned("database", cluster, snapshot, copy);
    database.creates = vec!["parameter group hubs-db-r20261120-030000".to_owned()];
    let secret = Target::Secret {
        secret: "hubs/login".to_owned(),
    };
    let versions = vec![Version {
        name: "hubs/login".to_owned(),
        version: "1".to_owned(),
    }];
    let mut login = planned("login", secret, Source::Versions { versions }, Destination::Nothing);
    (login.size_bytes, login.usual_seconds) = (None, None);
    Plan {
        set: Some("hubs-prod-20261120-021500-630a".to_owned()),
        at: None,
        at_rest: true,
        made_at: at("2026-11-20T03:00:04Z"),
        resources: vec![database, login],
        not_covered: vec!["storage: left out by except".to_owned()],
        remarks: vec!["1 newer sealed set is passed over".into()],
        cut_over: CutOverMode::Yes,
        approval: false,
        safety_backup: true,
        dry_run: true,
        on_failure: OnFailure::Undo,
        switches: vec!["login: host and port of secret hubs/login".to_owned()],
        matching: Matching::default(),
        security_groups: Vec::new(),
        options: Vec::new(),
        naming: Vec::new(),
        expected_seconds: Some(1_260),
    }
}

#[test]
fn a_plan_reads_like_this() {
    assert_eq!(table(&plan()), include_str!("plan.txt"));
}

#[test]
fn what_has_no_counterpart_and_what_stays_live_is_told() {
    let mut plan = plan();
    plan.matching.gaps.push(Gap {
        of: GapKind::Probe,
        name: "users".to_owned(),
        why: "its statement was changed".to_owned(),
    });
    plan.matching.live.push("rooms".to_owned());
    let text = table(&plan);
    let gap = "Without a counterpart, which leaves the restore unproven\n  - probe users: its statement was changed\n";
    assert!(text.contains(gap), "{text}");
    assert!(
        text.contains("The application continues to use the live\n  - rooms\n"),
        "{text}"
    );
}

#[test]
fn every_source_and_every_place_is_told() {
    let target = || Target::DynamoDb {
        table: "rooms".to_owned(),
        archive: None,
    };
    let database = || Target::Aurora {
        cluster: "db".to_owned(),
    };
    let files = || Target::Efs {
        file_system: "fs-1".to_owned(),
        vault: None,
        role: None,
    };
    let time = at("2026-11-20T02:16:04Z");
    let cluster = |resource_id: Option<&str>, at| Source::ClusterAt {
        cluster: "db".to_owned(),
        resource_id: resource_id.map(str::to_owned),
        at,
    };
    let text = |text: &str| text.to_owned();
    for (target, source, expected) in [
        (
            database(),
            cluster(None, None),
            "the continuous backup of cluster db, at its latest time",
        ),
        (
            database(),
            cluster(Some("cluster-ABC"), Some(time)),
            "the retained automated backup cluster-ABC of cluster db, as of 2026-11-20 02:16:04 UTC",
        ),
        (
            files(),
            Source::RecoveryPoint {
                arn: text("arn:p"),
                vault: text("v"),
            },
            "recovery point arn:p in vault v",
        ),
        (
            target(),
            Source::TableBackup { arn: text("arn:b") },
            "table backup arn:b",
        ),
        (
            target(),
            Source::TableAt {
                table: text("t"),
                at: time,
            },
            "the point-in-time recovery of table t, as of 2026-11-20 02:16:04 UTC",
        ),
    ] {
        let planned = planned("a", target, source, Destination::Nothing);
        assert_eq!(reads(&planned), [expected]);
        assert_eq!(creates(&planned), [""; 0]);
    }
    for (target, destination, words) in [
        (target(), Destination::Table { table: text("t") }, "table t"),
        (
            files(),
            Destination::Directory {
                file_system: text("fs-1"),
            },
            "a new directory of file system fs-1",
        ),
        (
            files(),
            Destination::FileSystem { token: text("x") },
            "a new file system, with creation token x",
        ),
    ] {
        let source = Source::TableBackup { arn: text("b") };
        let expected = format!("{words}; usually created within 21 minutes");
        assert_eq!(creates(&planned("a", target, source, destination)), [expected]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_line_is_too_long_and_no_word_is_lost(names in vec("[a-z]{1,200}", 0..5), lost: u64, bytes: u64, remarks in vec("(\\PC{1,20} ?|[\\x00-\\x1f]){0,40}", 0..5)) {
        let mut plan = plan();
        let one = plan.resources[0].clone();
        plan.resources = names.iter().map(|name| {
            let mut planned = one.clone();
            planned.resource.name = name.clone();
            (planned.loss_seconds, planned.size_bytes) = (Some(lost), Some(bytes));
            planned
        }).collect();
        plan.remarks = remarks.iter().cloned().map(Remark::from).collect();
        let table = table(&plan);
        for line in table.lines() {
            prop_assert!(line.chars().count() <= WIDTH, "{}: {}", line.chars().count(), line);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert_eq!(line.trim_end(), line);
        }
        // Apart from spaces, the whole text is in the table, wherever lines were broken.
        let all: String = table.chars().filter(|c| !c.is_whitespace()).collect();
        for text in names.iter().chain(&remarks) {
            let text: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
            prop_assert!(all.contains(&text), "{}", text);
        }
    }
}
