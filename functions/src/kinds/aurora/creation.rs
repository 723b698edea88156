//! The calls that create a copy's cluster. Every captured setting is passed explicitly: an omitted setting gets the default of the
//! account or of the engine (RestoreDBClusterFromSnapshot, RestoreDBClusterToPointInTime).

use aws_sdk_rds::types::{DbClusterSnapshot, ServerlessV2ScalingConfiguration};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::Aurora;
use super::plan::ClusterPlan;
use crate::aws::{code, failure, is_shortage};
use crate::domain::job::Run;
use crate::error::Result;
use crate::kinds::part;

/// The captured settings that both calls accept. Deletion protection is enabled last, or an undo could not delete the copy.
macro_rules! configured {
    ($call:expr, $run:expr, $plan:expr) => {{
        let plan: &ClusterPlan<'_> = $plan;
        let some = |texts: Vec<String>| (!texts.is_empty()).then_some(texts);
        $call
            .db_cluster_identifier(plan.copy)
            .set_port(plan.number("Port"))
            .set_db_subnet_group_name(plan.text("DBSubnetGroup"))
            .set_vpc_security_group_ids(some(plan.security_groups()))
            .set_db_cluster_parameter_group_name(plan.text("DBClusterParameterGroup"))
            .set_kms_key_id(plan.text("KmsKeyId"))
            .set_enable_iam_database_authentication(plan.flag("IAMDatabaseAuthenticationEnabled"))
            .set_enable_cloudwatch_logs_exports(some(plan.texts("EnabledCloudwatchLogsExports")))
            .set_copy_tags_to_snapshot(plan.flag("CopyTagsToSnapshot"))
            .set_storage_type(storage_type(plan))
            .set_network_type(plan.text("NetworkType"))
            .set_engine_lifecycle_support(plan.text("EngineLifecycleSupport"))
            .set_backtrack_window(backtrack(plan))
            .set_enable_vpc_networking(without_vpc(plan).map(|on| !on))
            .set_enable_internet_access_gateway(without_vpc(plan))
            .set_serverless_v2_scaling_configuration(serverless(plan))
            .deletion_protection(false)
            .set_tags(Some(plan.tags($run, plan.cluster())))
    }};
}

impl Aurora {
    /// Restores a cluster from a snapshot, in zones that Aurora chooses: a zone that is not offered any more would fail the call.
    /// Also succeeds if a cluster of that name already exists: the next poll checks its owner. Returns what it waits for, as text,
    /// if AWS has no capacity now.
    pub(super) async fn restore_from_snapshot(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        snapshot: &DbClusterSnapshot,
        reference: &str,
        version: &str,
    ) -> Result<Option<String>> {
        let call = self
            .rds
            .restore_db_cluster_from_snapshot()
            .snapshot_identifier(reference)
            .set_engine(snapshot.engine().map(str::to_owned))
            .engine_version(version)
            .set_engine_mode(plan.text("EngineMode"));
        match configured!(call, run, plan).send().await {
            Err(error) if is_shortage(&error) => Ok(Some(shortage(plan))),
            Err(error) if code(&error) != Some("DBClusterAlreadyExistsFault") => {
                let what = format!("{} from cluster snapshot {reference}", plan.copy);
                Err(failure("restoring cluster", &what, error))
            }
            _ => Ok(None),
        }
    }

    /// Restores a cluster from a continuous backup, as of `at` or as of the latest restorable time; otherwise as
    /// [`Aurora::restore_from_snapshot`].
    pub(super) async fn restore_to_point_in_time(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        cluster: &str,
        resource_id: Option<&str>,
        at: Option<Timestamp>,
    ) -> Result<Option<String>> {
        let by_id = resource_id.is_none().then(|| cluster.to_owned());
        let call = self
            .rds
            .restore_db_cluster_to_point_in_time()
            .restore_type("full-copy")
            .set_source_db_cluster_identifier(by_id)
            .set_source_db_cluster_resource_id(resource_id.map(str::to_owned));
        let call = match at {
            Some(at) => call.restore_to_time(date_time(at)),
            None => call.use_latest_restorable_time(true),
        };
        match configured!(call, run, plan).send().await {
            Err(error) if is_shortage(&error) => Ok(Some(shortage(plan))),
            Err(error) if code(&error) != Some("DBClusterAlreadyExistsFault") => {
                let what = format!("{} from the continuous backup of {cluster}", plan.copy);
                Err(failure("restoring cluster", &what, error))
            }
            _ => Ok(None),
        }
    }
}

fn shortage(plan: &ClusterPlan<'_>) -> String {
    format!("cluster {} waits until AWS has capacity for it", plan.copy)
}

/// RDS omits the standard storage type from its descriptions, but chooses a type itself if the request omits it.
fn storage_type(plan: &ClusterPlan<'_>) -> Option<String> {
    let captured = plan.captured().then(|| plan.text("StorageType"))?;
    Some(captured.unwrap_or_else(|| "aurora".to_owned()))
}

/// In seconds; Aurora MySQL only.
fn backtrack(plan: &ClusterPlan<'_>) -> Option<i64> {
    part(plan.cluster(), "BacktrackWindow")
        .as_i64()
        .filter(|seconds| *seconds > 0)
}

/// `true` for a cluster that is reached by the internet access gateway, without a VPC; otherwise omitted, as AWS's default.
fn without_vpc(plan: &ClusterPlan<'_>) -> Option<bool> {
    plan.flag("InternetAccessGatewayEnabled").filter(|on| *on)
}

fn serverless(plan: &ClusterPlan<'_>) -> Option<ServerlessV2ScalingConfiguration> {
    let captured = part(plan.cluster(), "ServerlessV2ScalingConfiguration");
    let pause = part(captured, "SecondsUntilAutoPause").as_i64();
    captured.is_object().then(|| {
        ServerlessV2ScalingConfiguration::builder()
            .set_min_capacity(part(captured, "MinCapacity").as_f64())
            .set_max_capacity(part(captured, "MaxCapacity").as_f64())
            .set_seconds_until_auto_pause(pause.and_then(|seconds| i32::try_from(seconds).ok()))
            .build()
    })
}

fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_nanos(at.as_nanosecond()).unwrap_or_else(|_| DateTime::from_secs(at.as_second()))
}
