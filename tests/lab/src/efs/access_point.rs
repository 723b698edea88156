//! Access points: a root directory and a POSIX user for their clients.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::refusals::{bad_request, bare_id, required};
use super::state::{AccessPoint, Efs, State};
use super::tags;
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::Answer;

impl Efs {
    pub(super) fn create_access_point(&self, request: &Request) -> Reply {
        let now = self.world.clock.now();
        let token = required(request, "ClientToken")?;
        let available_at = self.available_at();
        let mut state = self.state();
        let fs = state.file_system(request)?;
        fs.must_be_available(now)?;
        let file_system = fs.id.clone();
        if let Some(earlier) = state.access_points.values().find(|point| point.token == token) {
            let message = format!("Access point already exists in this account: {}", earlier.id);
            return Err(
                Refusal::new(409, "AccessPointAlreadyExists", message).with("AccessPointId", earlier.id.clone())
            );
        }
        let root = match &request.body["RootDirectory"] {
            Value::Null => json!({"Path": "/"}),
            given => given.clone(),
        };
        make_root(&self.place(&file_system), &root)?;
        let point = AccessPoint {
            id: format!("fsap-{}", crate::ids::hex(17)),
            file_system,
            tags: tags::read(&request.body)?,
            token,
            user: request.body["PosixUser"].clone(),
            root,
            available_at,
        };
        let view = self.describe_point(&point);
        state.access_points.insert(point.id.clone(), point);
        Ok(Answer::json(&view))
    }

    pub(super) fn describe_access_points(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let (fs, id) = (request.text("FileSystemId"), request.text("AccessPointId"));
        if fs.is_some() && id.is_some() {
            return Err(bad_request("Either FileSystemId or AccessPointId, not both"));
        }
        if fs.is_some() {
            state.file_system(request)?;
        }
        if let Some(id) = id.as_deref() {
            state.access_point(bare_id(id))?;
        }
        let wanted = |point: &&AccessPoint| {
            fs.as_deref().is_none_or(|fs| bare_id(fs) == point.file_system)
                && id.as_deref().is_none_or(|id| bare_id(id) == point.id)
        };
        let views: Vec<Value> = state
            .access_points
            .values()
            .filter(wanted)
            .map(|p| self.describe_point(p))
            .collect();
        let (page, next) = request.page(views, "MaxResults", "NextToken");
        Ok(Answer::json(&without_nulls(
            json!({"AccessPoints": page, "NextToken": next}),
        )))
    }

    pub(super) fn delete_access_point(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let id = required(request, "AccessPointId")?;
        let id = state.access_point(bare_id(&id))?.id.clone();
        state.access_points.remove(&id);
        Ok(Answer::empty(204))
    }

    fn describe_point(&self, point: &AccessPoint) -> Value {
        let available = self.world.clock.now() >= point.available_at;
        without_nulls(json!({
            "ClientToken": point.token,
            "Name": point.tags.get("Name"),
            "Tags": tags::write(&point.tags),
            "AccessPointId": point.id,
            "AccessPointArn": self.world.arn("elasticfilesystem", &format!("access-point/{}", point.id)),
            "FileSystemId": point.file_system,
            "PosixUser": point.user,
            "RootDirectory": point.root,
            "OwnerId": self.world.account,
            "LifeCycleState": if available { "available" } else { "creating" },
        }))
    }
}

impl State {
    pub(super) fn access_point(&mut self, id: &str) -> Result<&mut AccessPoint, Refusal> {
        let missing = || {
            Refusal::new(
                404,
                "AccessPointNotFound",
                format!("Access point '{id}' does not exist."),
            )
        };
        self.access_points.get_mut(id).ok_or_else(missing)
    }
}

/// Creates the root directory, as EFS does, if it is missing and the request names an owner.
fn make_root(file_system: &Path, root: &Value) -> Result<(), Refusal> {
    use std::os::unix::fs::PermissionsExt;
    let path = PathBuf::from(root["Path"].as_str().unwrap_or("/"));
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    if !path.is_absolute() || !path.components().all(plain) {
        return Err(bad_request("RootDirectory.Path must be absolute and without . and .."));
    }
    let place = file_system.join(path.strip_prefix("/").unwrap_or(&path));
    let info = &root["CreationInfo"];
    if place.exists() || info.is_null() {
        return Ok(());
    }
    let octal = info["Permissions"]
        .as_str()
        .and_then(|p| u32::from_str_radix(p, 8).ok());
    let permissions = octal.ok_or_else(|| bad_request("CreationInfo.Permissions must be octal"))?;
    let owner = |name: &str| info[name].as_u64().and_then(|id| u32::try_from(id).ok());
    let made = std::fs::create_dir_all(&place)
        .and_then(|()| std::fs::set_permissions(&place, PermissionsExt::from_mode(permissions)));
    made.map_err(|error| {
        Refusal::new(
            500,
            "InternalServerError",
            format!("making {}: {error}", place.display()),
        )
    })?;
    // Only root can change owners; for anybody else the owner is the user who runs the lab.
    let _ = std::os::unix::fs::chown(&place, owner("OwnerUid"), owner("OwnerGid"));
    Ok(())
}
