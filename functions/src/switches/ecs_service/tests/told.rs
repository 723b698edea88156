use super::*;

#[tokio::test]
async fn what_its_volumes_mount_is_told() {
    let mut by_point = efs("logs", None);
    by_point["efsVolumeConfiguration"]["authorizationConfig"] = json!({"accessPointId": "fsap-1"});
    let volumes = json!([efs("storage", Some("/hubs/")), by_point, {"name": "scratch", "host": {}}]);
    let described = json!({"taskDefinition": definition(OLD, volumes), "tags": []});
    let (replay, service) = script(vec![
        stable(OLD),
        answers("DescribeTaskDefinition", described.to_string()),
    ]);
    let mounts = service.mounts(&service_switch(None), "fs-1").await.unwrap();
    let told: Vec<_> = mounts
        .iter()
        .map(|mount| {
            (
                mount.volume.as_str(),
                mount.root.as_deref(),
                mount.access_point.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("storage", Some("/hubs/"), None), ("logs", None, Some("fsap-1"))]
    );
    replay.played();
}

#[tokio::test]
async fn a_service_that_is_gone_is_said_so() {
    let missing = || {
        answers(
            "DescribeServices",
            json!({"services": [], "failures": [{"reason": "MISSING"}]}).to_string(),
        )
    };
    let (replay, service) = script(vec![missing(), missing()]);
    assert_eq!(apply(&service, Value::Null).await.unwrap_err().name(), "NotFound");
    assert_eq!(revert(&service, Value::Null).await.unwrap_err().name(), "NotFound");
    replay.played();
}

#[tokio::test]
async fn what_would_fail_is_found_before() {
    let by = |controller: &str, status: &str| {
        let service = json!({
            "status": status, "taskDefinition": OLD, "deploymentController": {"type": controller},
        });
        answers("DescribeServices", json!({"services": [service]}).to_string())
    };
    let with = |volumes: Value| {
        let body = json!({"taskDefinition": definition(OLD, volumes), "tags": []});
        answers("DescribeTaskDefinition", body.to_string())
    };
    let mut by_access_point = efs("storage", None);
    by_access_point["efsVolumeConfiguration"]["authorizationConfig"] = json!({"accessPointId": "fsap-1"});
    let all = service_switch(None);
    let cases = [
        (
            vec![refuses("DescribeServices", 400, "ClusterNotFoundException")],
            &all,
            "an active service",
        ),
        (vec![by("ECS", "DRAINING")], &all, "an active service"),
        (vec![by("CODE_DEPLOY", "ACTIVE")], &all, "through CodeDeploy by hand"),
        (
            vec![by("EXTERNAL", "ACTIVE")],
            &all,
            "the tool that creates the service's task sets",
        ),
        (
            vec![by("ECS", "ACTIVE"), with(json!([]))],
            &all,
            "no volume of which mounts fs-1",
        ),
        (
            vec![by("ECS", "ACTIVE"), with(json!([by_access_point]))],
            &all,
            "without an access point",
        ),
        (
            vec![by("ECS", "ACTIVE"), with(volumes())],
            &service_switch(Some("scratch")),
            "volume scratch does not mount fs-1",
        ),
    ];
    for (exchanges, switch, word) in cases {
        let (replay, service) = script(exchanges);
        let faults = service.preflight(&run(), switch, &directory()).await.unwrap();
        assert_eq!(faults.len(), 1, "{word}: {faults:?}");
        assert!(faults[0].to_string().contains(word), "{}", faults[0]);
        replay.played();
    }
    let good = || vec![by("ECS", "ACTIVE"), with(volumes())];
    let (replay, service) = script(good());
    assert_eq!(service.preflight(&run(), &all, &directory()).await.unwrap(), []);
    replay.played();
    let (replay, service) = script(good());
    let faults = service.preflight(&run(), &all, &table()).await.unwrap();
    assert!(faults[0].to_string().contains("a file system"), "{faults:?}");
    replay.played();
}

/// A bake time is up to a day, and applies in both directions.
#[tokio::test]
async fn how_long_its_strategy_waits_is_told_before_anything_is_restored() {
    let remarks = async |configuration: Value| {
        let of = json!({"status": "ACTIVE", "taskDefinition": OLD, "deploymentConfiguration": configuration});
        let (_, service) = script(vec![answers("DescribeServices", json!({"services": [of]}).to_string())]);
        service.remarks(&service_switch(None), &directory()).await.unwrap()
    };
    assert_eq!(remarks(json!({"strategy": "ROLLING"})).await, [""; 0]);
    assert_eq!(
        remarks(json!({"strategy": "LINEAR", "bakeTimeInMinutes": 120})).await,
        [
            "switch web: service web of cluster hubs deploys by strategy LINEAR, which waits 2 hours 54 minutes in addition to the time that its tasks take to start, and as long again to switch back; until then both revisions run"
        ]
    );
}

#[tokio::test]
async fn where_it_leads_is_told_by_what_its_volumes_mount() {
    let reference = async |volume: Option<&str>, file_system: &str| {
        let (_, service) = script(vec![stable(OLD), old()]);
        let target = Target::Efs {
            file_system: file_system.to_owned(),
            vault: None,
            role: None,
        };
        service.reference(&service_switch(volume), &target).await.unwrap()
    };
    assert_eq!(reference(None, "fs-1").await, Reference::Matches);
    assert_eq!(
        reference(None, "fs-2").await,
        Reference::Elsewhere("file system fs-1".to_owned())
    );
    assert!(matches!(
        reference(Some("no-such"), "fs-1").await,
        Reference::Unknown(_)
    ));
}
