//! `holdfast restore-stack`, against answers of CloudFormation, the catalog and the services of the set's resources.

mod scene;

use serde_json::Value;

use self::scene::{Scene, run};

const RESTORE: &str = "restore-stack hubs --into hubs-new --param AdminKey=hunter2";

#[test]
fn a_new_stack_gets_the_old_ones_template_and_parameters_and_what_the_set_fills() {
    let ended = run(&Scene::default(), RESTORE);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let created = ended.call("CreateStack").unwrap();
    for (name, value) in [
        ("StackName", "hubs-new"),
        ("OnFailure", "DO_NOTHING"),
        ("DomainName", "hub.example"),
        ("AdminKey", "hunter2"),
        ("RestoreStackName", "hubs-prod"),
        ("RestoreDbSnapshotIdentifier", "hf-snapshot"),
        ("RestoreAppDbSecretArn", scene::SECRET),
        ("RestoreBackupVaultName", "hubs-vault"),
        ("RestoreRecoveryPointArn", scene::POINT),
        ("team", "hubs"),
        ("holdfast:restored-from", scene::SET),
    ] {
        assert_eq!(created.value(name).as_deref(), Some(value), "{name}");
    }
    assert!(created.body.contains("CAPABILITY_NAMED_IAM") && created.body.contains("CAPABILITY_AUTO_EXPAND"));
    assert!(created.body.contains("TemplateBody="), "{}", created.body);
    for part in [
        "Stack hubs-new is CREATE_COMPLETE",
        "Server Settings of the admin console",
        "leave RestoreStackName, RestoreDbSnapshotIdentifier",
        "holdfast discover --stack hubs-new",
    ] {
        assert!(ended.stdout.contains(part), "{part} is not in {}", ended.stdout);
    }
    assert!(ended.stderr.contains("domain, hub.example"), "{}", ended.stderr);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"));
    assert!(!ended.calls.iter().any(|call| call.action == "UpdateStack"));
}

#[test]
fn the_wait_ends_with_the_outputs_or_with_the_first_failure() {
    let ended = run(&Scene::default(), &format!("{RESTORE} --watch"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for part in [
        "Stack hubs-new is created from set",
        "AddressForRootDomain",
        "delete-stack --region eu-west-1 --stack-name arn:aws:cloudformation:",
    ] {
        assert!(ended.stdout.contains(part), "{part} is not in {}", ended.stdout);
    }

    let failing = Scene {
        creation: "CREATE_FAILED",
        ..Scene::default()
    };
    let ended = run(&failing, &format!("{RESTORE} --watch"));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let said = ended.stderr;
    let first = said
        .find("AppDb (AWS::RDS::DBCluster): CREATE_FAILED: no such engine version")
        .unwrap();
    assert!(first < said.find("StorageEFS (Custom::EFS)").unwrap(), "{said}");
    assert!(
        !said.contains("cancelled") && said.contains("Stack hubs-prod was not changed"),
        "{said}"
    );
}

#[test]
fn what_would_harm_or_mislead_is_refused_before_anything_is_created() {
    let default = Scene::default;
    for (scene, line, code, words) in [
        (
            default(),
            "restore-stack hubs --into hubs-prod",
            1,
            "it is the existing stack. An update with the restore parameters",
        ),
        (
            Scene {
                existing: Some("UPDATE_COMPLETE"),
                ..default()
            },
            RESTORE,
            1,
            "exists (UPDATE_COMPLETE), and no existing stack is updated",
        ),
        (
            Scene {
                existing: Some("ROLLBACK_COMPLETE"),
                ..default()
            },
            RESTORE,
            1,
            "aws cloudformation delete-stack --stack-name arn:aws:cloudformation:",
        ),
        (
            Scene {
                secret_is_scheduled: true,
                ..default()
            },
            RESTORE,
            1,
            "aws secretsmanager restore-secret --secret-id hubs/database",
        ),
        (
            Scene {
                secret_is_gone: true,
                ..default()
            },
            RESTORE,
            1,
            "hubs/database",
        ),
        (
            Scene {
                snapshot: None,
                ..default()
            },
            RESTORE,
            1,
            "cluster snapshot hf-snapshot is not there any more",
        ),
        (
            Scene {
                snapshot: Some("creating"),
                ..default()
            },
            RESTORE,
            1,
            "is creating, not available",
        ),
        (
            Scene {
                point: "EXPIRED",
                ..default()
            },
            RESTORE,
            1,
            "is EXPIRED, not COMPLETED",
        ),
        (
            Scene {
                set: "failed",
                ..default()
            },
            RESTORE,
            3,
            "no sealed set is in the catalog",
        ),
        (
            Scene {
                region: "us-east-1",
                ..default()
            },
            RESTORE,
            2,
            "create the stack in us-east-1 (--region us-east-1)",
        ),
        (
            Scene { old: None, ..default() },
            RESTORE,
            3,
            "keeps its template and parameters under its ARN for 90 days",
        ),
        (
            default(),
            "restore-stack hubs --into hubs-new",
            2,
            "--param AdminKey: (missing)",
        ),
        (
            default(),
            "restore-stack hubs --into hubs-new --param AdminKy=hunter2",
            2,
            "did you mean AdminKey?",
        ),
        (
            default(),
            "restore-stack hubs --into hubs-new --param RestoreStackName=other",
            2,
            "filled from the set, with hubs-prod",
        ),
        (
            Scene {
                template_bytes: 51_201,
                ..default()
            },
            RESTORE,
            2,
            "--template-url https://BUCKET.s3.eu-west-1.amazonaws.com/hubs-prod",
        ),
        (
            Scene {
                has_restore_parameters: false,
                ..default()
            },
            RESTORE,
            2,
            "it has none of Hubs'",
        ),
    ] {
        let ended = run(&scene, line);
        assert_eq!(ended.code, code, "{words}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{words} is not in {}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        let changing = ["CreateStack", "UpdateStack", "DeleteStack"];
        assert!(
            !ended.calls.iter().any(|call| changing.contains(&call.action.as_str())),
            "{words}"
        );
    }
}

#[test]
fn a_long_template_is_taken_from_s3() {
    let scene = Scene {
        template_bytes: 100_000,
        ..Scene::default()
    };
    let ended = run(
        &scene,
        &format!("{RESTORE} --template-url https://b.s3.eu-west-1.amazonaws.com/t"),
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let body = &ended.call("CreateStack").unwrap().body;
    assert!(
        body.contains("TemplateURL=https") && !body.contains("TemplateBody"),
        "{body}"
    );
}

#[test]
fn a_deleted_stack_is_restored_by_its_arn() {
    let scene = Scene {
        old: Some("DELETE_COMPLETE"),
        ..Scene::default()
    };
    let ended = run(&scene, &format!("{RESTORE} --from {}", scene::OLD));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        ended.call("CreateStack").unwrap().value("RestoreStackName").as_deref(),
        Some("hubs-prod")
    );
    assert!(
        !ended.stderr.contains("While stack hubs-prod serves it"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_is_printed_can_be_pasted_and_changes_nothing() {
    for line in [
        "restore-stack hubs --into hubs-new --print",
        &format!("{RESTORE} --print"),
    ] {
        let ended = run(
            &Scene {
                template_bytes: 100_000,
                ..Scene::default()
            },
            line,
        );
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        for part in [
            "  RestoreDbSnapshotIdentifier = hf-snapshot\n",
            "  AdminKey = (put the value here)\n",
            "--parameters file://parameters.json --capabilities CAPABILITY_AUTO_EXPAND CAPABILITY_NAMED_IAM",
            "Never update stack hubs-prod with them",
        ] {
            assert!(ended.stdout.contains(part), "{part} is not in {}", ended.stdout);
        }
        assert!(!ended.stdout.contains("hunter2") && ended.call("CreateStack").is_none());
        let json = run(&Scene::default(), &format!("{line} --json"));
        let parameters: Value = serde_json::from_str(&json.stdout).unwrap();
        let snapshot =
            serde_json::json!({ "ParameterKey": "RestoreDbSnapshotIdentifier", "ParameterValue": "hf-snapshot" });
        assert!(parameters.as_array().unwrap().contains(&snapshot), "{parameters}");
    }
}

#[test]
fn the_same_command_again_follows_the_stack_that_it_created() {
    let ours = Scene {
        existing: Some("CREATE_COMPLETE"),
        existing_is_ours: true,
        ..Scene::default()
    };
    let ended = run(&ours, &format!("{RESTORE} --watch"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.call("CreateStack").is_none());
    // The response to the creation was lost, and the client asked again.
    let lost = Scene {
        creation_exists: true,
        ..Scene::default()
    };
    let ended = run(&lost, RESTORE);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let other = Scene {
        creation_exists: true,
        existing_is_ours: false,
        ..Scene::default()
    };
    let ended = run(&other, RESTORE);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
}
