//! The parameter groups of a copy: those that are gone are made anew from what was captured, under the same name, and go
//! with the copy when the restore is undone.

use aws_sdk_rds::types::{ApplyMethod, Parameter, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use super::Aurora;
use super::parameter_groups;
use super::wanted::{Group, GroupOf, Wanted, tagged_by, text};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::error::{Error, Result};
use crate::kinds::whose::untold;

/// What RDS sets in one call.
const MOST_AT_ONCE: usize = 20;

/// RDS's answer to both kinds; the first is what its model says of a cluster's.
const MISSING: &[&str] = &["DBClusterParameterGroupNotFound", "DBParameterGroupNotFound"];

impl Aurora {
    /// The ARN of a parameter group, if it is there.
    pub(super) async fn group_arn(&self, group: &Group) -> Result<Option<String>> {
        let described = match group.of {
            GroupOf::Cluster => parameter_groups::of_cluster(&self.rds, &group.name).await,
            GroupOf::Instances => parameter_groups::described(&self.rds, &group.name)
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

    /// Whether this run made what the ARN names, for this resource.
    pub(super) async fn made(&self, run: &Run, resource: &str, arn: &str) -> Result<bool> {
        Ok(tagged_by(&self.tags(arn).await?, run, resource))
    }

    async fn tags(&self, arn: &str) -> Result<Vec<Tag>> {
        let listed = self.rds.list_tags_for_resource().resource_name(arn).send().await;
        let listed = listed.map_err(|error| failure("listing the tags of", arn, error))?;
        Ok(listed.tag_list.unwrap_or_default())
    }

    /// Makes what is missing of the copy's parameter groups, and finishes what an earlier try of this run left without its
    /// parameters.
    pub(super) async fn make_groups(&self, run: &Run, wanted: &Wanted<'_>) -> Result<()> {
        for group in wanted.groups() {
            let ours = match self.group_arn(&group).await? {
                Some(arn) => self.made(run, wanted.resource, &arn).await?,
                None => self.make_group(run, wanted, &group).await?,
            };
            if ours {
                self.set_parameters(&group).await?;
            }
        }
        Ok(())
    }

    /// False when somebody else made it meanwhile. What is there by now may be ours: the answer to a create can be lost.
    async fn make_group(&self, run: &Run, wanted: &Wanted<'_>, group: &Group) -> Result<bool> {
        let Some(family) = &group.family else {
            return Err(Error::NotFound(format!(
                "creating {}: its family was not captured. Create it, then start a new run",
                group.words()
            )));
        };
        let tags = wanted.tags(run, &Value::Null);
        let refused = match group.of {
            GroupOf::Cluster => {
                let call = self.rds.create_db_cluster_parameter_group();
                let call = call.db_cluster_parameter_group_name(&group.name);
                let call = call.db_parameter_group_family(family).description(&group.description);
                let created = call.set_tags(Some(tags)).send().await;
                created.err().map(|error| told("creating", group, error))
            }
            GroupOf::Instances => {
                let call = self.rds.create_db_parameter_group();
                let call = call.db_parameter_group_name(&group.name);
                let call = call.db_parameter_group_family(family).description(&group.description);
                let created = call.set_tags(Some(tags)).send().await;
                created.err().map(|error| told("creating", group, error))
            }
        };
        match refused {
            None => Ok(true),
            Some((Some(code), _)) if code == "DBParameterGroupAlreadyExists" => {
                let Some(arn) = self.group_arn(group).await? else {
                    return Ok(false);
                };
                let tags = self.tags(&arn).await?;
                // It was not there a moment ago.
                if tags.is_empty() {
                    return Err(Error::NotReady(untold(&group.words())));
                }
                Ok(tagged_by(&tags, run, wanted.resource))
            }
            Some((_, error)) => Err(error),
        }
    }

    /// Sets what was captured; setting it again changes nothing.
    async fn set_parameters(&self, group: &Group) -> Result<()> {
        let parameters: Vec<Parameter> = group.parameters.iter().filter_map(parameter).collect();
        for some in parameters.chunks(MOST_AT_ONCE) {
            let some = Some(some.to_vec());
            let refused = match group.of {
                GroupOf::Cluster => {
                    let call = self.rds.modify_db_cluster_parameter_group();
                    let call = call.db_cluster_parameter_group_name(&group.name).set_parameters(some);
                    let set = call.send().await;
                    set.err().map(|error| told("setting the parameters of", group, error))
                }
                GroupOf::Instances => {
                    let call = self.rds.modify_db_parameter_group();
                    let call = call.db_parameter_group_name(&group.name).set_parameters(some);
                    let set = call.send().await;
                    set.err().map(|error| told("setting the parameters of", group, error))
                }
            };
            if let Some((_, error)) = refused {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Deletes the parameter groups that this run made; in words what waits for its last user to go.
    pub(super) async fn remove_groups(&self, run: &Run, wanted: &Wanted<'_>) -> Result<Option<String>> {
        let mut waiting = None;
        for group in wanted.groups() {
            let Some(arn) = self.group_arn(&group).await? else {
                continue;
            };
            if !self.made(run, wanted.resource, &arn).await? {
                continue;
            }
            let refused = match group.of {
                GroupOf::Cluster => {
                    let call = self.rds.delete_db_cluster_parameter_group();
                    let deleted = call.db_cluster_parameter_group_name(&group.name).send().await;
                    deleted.err().map(|error| told("deleting", &group, error))
                }
                GroupOf::Instances => {
                    let call = self.rds.delete_db_parameter_group();
                    let deleted = call.db_parameter_group_name(&group.name).send().await;
                    deleted.err().map(|error| told("deleting", &group, error))
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

/// A refusal's code, and the refusal as ours.
fn told<E>(doing: &str, group: &Group, error: SdkError<E, HttpResponse>) -> (Option<String>, Error)
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
