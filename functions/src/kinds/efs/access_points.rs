//! The access points of a new file system: the captured ones, with the restored directory prefixed to their paths.

use std::collections::BTreeMap;

use aws_sdk_efs::types::{CreationInfo, PosixUser, RootDirectory};
use serde_json::Value;

use super::canonical::tags;
use super::captured::list;
use super::new_file_system::{NewFileSystem, sdk_tags, unreadable};
use crate::aws::{code, failure};
use crate::domain::efs_access::roots::normal;
use crate::domain::names;
use crate::error::{Error, Result};
use crate::kinds::part;

/// Maximum length of an access point's path (EFS API, RootDirectory).
const LONGEST_PATH: usize = 100;
const DEEPEST_PATH: usize = 4;

/// The access points of the new file system.
#[derive(Debug, Default)]
pub struct CreatedAccessPoints {
    /// The new ids by the captured ones.
    pub ids: BTreeMap<String, String>,
    pub remarks: Vec<String>,
}

/// Creates the missing access points, identified by their client tokens. Creates none without a directory, since their paths are
/// then unknown.
pub async fn create(new: &NewFileSystem<'_>, directory: Option<&str>) -> Result<CreatedAccessPoints> {
    let captured = list(part(new.before, "AccessPoints"));
    let mut points = CreatedAccessPoints::default();
    let Some(directory) = directory else {
        if !captured.is_empty() {
            points.remarks.push(format!(
                "the {} access points were not created in file system {}: create each with the restored directory prefixed to \
                 its path",
                captured.len(),
                new.id
            ));
        }
        return Ok(points);
    };
    for before in captured {
        let old = before["AccessPointId"].as_str().unwrap_or_default();
        let path = below(directory, before["RootDirectory"]["Path"].as_str().unwrap_or("/"));
        if path.len() > LONGEST_PATH || path.matches('/').count() > DEEPEST_PATH {
            points.remarks.push(format!(
                "access point {old} was not created in file system {}: EFS accepts no path as long or as deep as {path}. Move \
                 the directory up, then create it",
                new.id
            ));
            continue;
        }
        let resource = &new.plan.item.planned.resource.name;
        let token = names::token(&new.run.id, resource, &format!("access point {old}"));
        let there = list(part(&new.now, "AccessPoints"))
            .iter()
            .find(|point| point["ClientToken"].as_str() == Some(token.as_str()));
        let id = match there {
            Some(found) => {
                ensure_as_planned(new, before, &path, found)?;
                found["AccessPointId"].as_str().map(str::to_owned)
            }
            None => create_access_point(new, before, &path, &token).await?,
        };
        if let Some(id) = id {
            points.ids.insert(old.to_owned(), id);
        }
    }
    Ok(points)
}

/// Its id, if EFS reports it.
async fn create_access_point(
    new: &NewFileSystem<'_>,
    before: &Value,
    path: &str,
    token: &str,
) -> Result<Option<String>> {
    let resource = &new.plan.item.planned.resource.name;
    let mut wanted = tags(&before["Tags"]);
    let ours = names::restore_tags(&new.run.deployment, &new.run.id, resource);
    wanted.extend(ours.map(|(key, value)| (key.to_owned(), value)));
    let created = new
        .efs
        .efs
        .create_access_point()
        .client_token(token)
        .file_system_id(new.id)
        .set_posix_user(user(&before["PosixUser"])?)
        .root_directory(
            RootDirectory::builder()
                .path(path)
                .set_creation_info(creation(&before["RootDirectory"]["CreationInfo"])?)
                .build(),
        )
        .set_tags(Some(sdk_tags(&wanted)?))
        .send()
        .await;
    match created {
        Ok(created) => Ok(created.access_point_id),
        // An earlier attempt created it, and the list did not show it yet: the next call checks that it is as planned.
        Err(error) if code(&error) == Some("AccessPointAlreadyExists") => Err(Error::Unavailable(format!(
            "creating an access point of file system {}: an earlier attempt created it, and EFS does not list it yet. It is \
             checked again",
            new.id
        ))),
        Err(error) => Err(failure("creating an access point of file system", new.id, error)),
    }
}

/// Ensures that an access point with this restore's token has the planned path and user: an earlier attempt may have found the
/// files in another directory.
fn ensure_as_planned(new: &NewFileSystem<'_>, before: &Value, path: &str, found: &Value) -> Result<()> {
    let creation = |point: &Value| point["RootDirectory"]["CreationInfo"].clone();
    let differs = match () {
        () if normal(found["RootDirectory"]["Path"].as_str().unwrap_or("/")) != normal(path) => "has another path than",
        () if found["PosixUser"] != before["PosixUser"] => "has another user than that of",
        () if creation(found) != creation(before) => "creates its directory with other settings than that of",
        () => return Ok(()),
    };
    Err(Error::Conflict(format!(
        "creating the access points of file system {}: access point {} has this restore's token and {differs} {path}. Delete \
         it, and it is created again",
        new.id,
        found["AccessPointId"].as_str().unwrap_or_default()
    )))
}

fn below(directory: &str, path: &str) -> String {
    format!("{}{}", directory.trim_end_matches('/'), path.trim_end_matches('/'))
}

fn user(captured: &Value) -> Result<Option<PosixUser>> {
    if captured.is_null() {
        return Ok(None);
    }
    let groups = list(&captured["SecondaryGids"]).iter().filter_map(Value::as_i64);
    let groups: Vec<_> = groups.collect();
    PosixUser::builder()
        .set_uid(captured["Uid"].as_i64())
        .set_gid(captured["Gid"].as_i64())
        .set_secondary_gids((!groups.is_empty()).then_some(groups))
        .build()
        .map(Some)
        .map_err(|error| unreadable("PosixUser", error))
}

fn creation(captured: &Value) -> Result<Option<CreationInfo>> {
    if captured.is_null() {
        return Ok(None);
    }
    CreationInfo::builder()
        .set_owner_uid(captured["OwnerUid"].as_i64())
        .set_owner_gid(captured["OwnerGid"].as_i64())
        .set_permissions(captured["Permissions"].as_str().map(str::to_owned))
        .build()
        .map(Some)
        .map_err(|error| unreadable("CreationInfo", error))
}
