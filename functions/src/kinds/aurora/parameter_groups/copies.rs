//! The parameter groups of a copy. A group that no longer exists is created again from the captured configuration, under the same
//! name, and is deleted with the copy when the restore is undone.

use aws_sdk_rds::types::{ApplyMethod, Parameter, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::error::{Error, Result};
use crate::kinds::aurora::Aurora;
use crate::kinds::aurora::captured::text;
use crate::kinds::aurora::parameter_groups;
use crate::kinds::aurora::plan::{ClusterPlan, GroupKind, ParameterGroup};
use crate::kinds::aurora::tags::tagged_by;
use crate::kinds::ownership::not_tagged_yet;

/// Maximum number of parameters in one call.
const MOST_AT_ONCE: usize = 20;

/// RDS's errors for both kinds; its model lists only the first for a cluster's group.
const MISSING: &[&str] = &["DBClusterParameterGroupNotFound", "DBParameterGroupNotFound"];

impl Aurora {
    /// The ARN of a parameter group, if it exists.
    pub(in crate::kinds::aurora) async fn parameter_group_arn(&self, group: &ParameterGroup) -> Result<Option<String>> {
        let described = match group.of {
            GroupKind::Cluster => parameter_groups::of_cluster(&self.rds, &group.name).await,
            GroupKind::Instances => parameter_groups::described(&self.rds, &group.name)
                .await
                .map(|group| json!({ "DBParameterGroupArn": group.db_parameter_group_arn() })),
        };
        match described {
            Ok(described) => {
                let arn = ["DBClusterParameterGroupArn", "DBParameterGroupArn"];
                let arn = arn.iter().find_map(|name| text(&described, name));
                Ok(Some(arn.unwrap_or_default()))
            }
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether this run created the group with this ARN, for this resource.
    pub(in crate::kinds::aurora) async fn is_created_by(&self, run: &Run, resource: &str, arn: &str) -> Result<bool> {
        Ok(tagged_by(&self.tags(arn).await?, run, resource))
    }

    async fn tags(&self, arn: &str) -> Result<Vec<Tag>> {
        let listed = self.rds.list_tags_for_resource().resource_name(arn).send().await;
        let listed = listed.map_err(|error| failure("listing the tags of", arn, error))?;
        Ok(listed.tag_list.unwrap_or_default())
    }

    /// Creates the missing parameter groups of the copy, and sets the parameters of groups that an earlier attempt of this run left
    /// without them.
    pub(in crate::kinds::aurora) async fn create_parameter_groups(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
    ) -> Result<()> {
        for group in plan.groups() {
            let ours = match self.parameter_group_arn(&group).await? {
                Some(arn) => self.is_created_by(run, plan.resource, &arn).await?,
                None => self.create_parameter_group(run, plan, &group).await?,
            };
            if ours {
                self.set_parameters(&group).await?;
            }
        }
        Ok(())
    }

    /// Returns `false` if someone else created it meanwhile. An existing group may be this run's: the response to a create can be
    /// lost.
    async fn create_parameter_group(&self, run: &Run, plan: &ClusterPlan<'_>, group: &ParameterGroup) -> Result<bool> {
        let Some(family) = &group.family else {
            return Err(Error::NotFound(format!(
                "creating {}: its family was not captured. Create it, then start a new run",
                group.words()
            )));
        };
        let tags = plan.tags(run, &Value::Null);
        let refused = match group.of {
            GroupKind::Cluster => {
                let call = self.rds.create_db_cluster_parameter_group();
                let call = call.db_cluster_parameter_group_name(&group.name);
                let call = call.db_parameter_group_family(family).description(&group.description);
                let created = call.set_tags(Some(tags)).send().await;
                created.err().map(|error| refusal("creating", group, error))
            }
            GroupKind::Instances => {
                let call = self.rds.create_db_parameter_group();
                let call = call.db_parameter_group_name(&group.name);
                let call = call.db_parameter_group_family(family).description(&group.description);
                let created = call.set_tags(Some(tags)).send().await;
                created.err().map(|error| refusal("creating", group, error))
            }
        };
        match refused {
            None => Ok(true),
            Some((Some(code), _)) if code == "DBParameterGroupAlreadyExists" => {
                let Some(arn) = self.parameter_group_arn(group).await? else {
                    return Ok(false);
                };
                let tags = self.tags(&arn).await?;
                // It did not exist a moment ago.
                if tags.is_empty() {
                    return Err(Error::NotReady(not_tagged_yet(&group.words())));
                }
                Ok(tagged_by(&tags, run, plan.resource))
            }
            Some((_, error)) => Err(error),
        }
    }

    /// Sets the captured parameters; idempotent.
    async fn set_parameters(&self, group: &ParameterGroup) -> Result<()> {
        let parameters: Vec<Parameter> = group.parameters.iter().filter_map(parameter).collect();
        for some in parameters.chunks(MOST_AT_ONCE) {
            let some = Some(some.to_vec());
            let refused = match group.of {
                GroupKind::Cluster => {
                    let call = self.rds.modify_db_cluster_parameter_group();
                    let call = call.db_cluster_parameter_group_name(&group.name).set_parameters(some);
                    let set = call.send().await;
                    set.err()
                        .map(|error| refusal("setting the parameters of", group, error))
                }
                GroupKind::Instances => {
                    let call = self.rds.modify_db_parameter_group();
                    let call = call.db_parameter_group_name(&group.name).set_parameters(some);
                    let set = call.send().await;
                    set.err()
                        .map(|error| refusal("setting the parameters of", group, error))
                }
            };
            if let Some((_, error)) = refused {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Deletes the parameter groups that this run created; returns the group that is still in use, as text.
    pub(in crate::kinds::aurora) async fn delete_parameter_groups(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
    ) -> Result<Option<String>> {
        let mut waiting = None;
        for group in plan.groups() {
            let Some(arn) = self.parameter_group_arn(&group).await? else {
                continue;
            };
            if !self.is_created_by(run, plan.resource, &arn).await? {
                continue;
            }
            let refused = match group.of {
                GroupKind::Cluster => {
                    let call = self.rds.delete_db_cluster_parameter_group();
                    let deleted = call.db_cluster_parameter_group_name(&group.name).send().await;
                    deleted.err().map(|error| refusal("deleting", &group, error))
                }
                GroupKind::Instances => {
                    let call = self.rds.delete_db_parameter_group();
                    let deleted = call.db_parameter_group_name(&group.name).send().await;
                    deleted.err().map(|error| refusal("deleting", &group, error))
                }
            };
            match refused {
                None => {}
                Some((Some(code), _)) if MISSING.contains(&code.as_str()) => {}
                Some((Some(code), _)) if code == "InvalidDBParameterGroupState" => {
                    waiting = Some(format!("{} is still in use", group.words()));
                }
                Some((_, error)) => return Err(error),
            }
        }
        Ok(waiting)
    }
}

/// The error code of a refusal, and the refusal as an [`Error`].
fn refusal<E>(doing: &str, group: &ParameterGroup, error: SdkError<E, HttpResponse>) -> (Option<String>, Error)
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = code(&error).map(str::to_owned);
    (code, failure(doing, &group.words(), error))
}

fn parameter(captured: &Value) -> Option<Parameter> {
    let method = text(captured, "ApplyMethod");
    Some(
        Parameter::builder()
            .parameter_name(text(captured, "ParameterName")?)
            .parameter_value(text(captured, "ParameterValue")?)
            .apply_method(method.as_deref().map_or(ApplyMethod::PendingReboot, ApplyMethod::from))
            .build(),
    )
}
