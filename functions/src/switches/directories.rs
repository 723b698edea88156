//! Locates the directory in a copy that an application uses: found there, never computed. The directory that is mounted today may
//! come from a restore after the set, and not exist in the copy.

use aws_config::SdkConfig;

use crate::access::{Access, unmounted};
use crate::domain::descriptor::Switch;
use crate::domain::efs_access::roots::{self, DirectoriesInUse, WHOLE};
use crate::domain::kinds;
use crate::domain::restore::item::RestoreItem;
use crate::error::{Error, Result};

/// Finds directories in copies.
pub struct Directories {
    access: Access,
}

impl Directories {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            access: Access::new(aws),
        }
    }

    /// The path in the copy of the directory that a switch's volume mounted when the set was captured; `today` is the present one.
    ///
    /// # Errors
    /// `NotFound` if the copy has no such directory, or no function mounts it.
    pub async fn find(&self, switch: &Switch, volume: &str, item: &RestoreItem, today: &str) -> Result<String> {
        let (file_system, directory) = place(switch, item)?;
        let configuration = &item.configuration;
        let recorded = DirectoriesInUse::captured(configuration)
            .and_then(|in_use| in_use.mounted(configuration, &switch.name, volume));
        let candidates: Vec<String> = roots::candidates(recorded, today)
            .iter()
            .map(|path| roots::in_copy(directory, path))
            .collect();
        let doing = format!(
            "looking in the copy of {} for the directory of switch {}",
            item.planned.resource.name, switch.name
        );
        let Some(found) = self.access.find(file_system, &candidates).await? else {
            return Err(Error::NotFound(format!(
                "{doing}: {}. Then start a new restore, or switch by hand",
                unmounted(file_system)
            )));
        };
        let first = candidates.iter().find(|path| found.contains(path)).cloned();
        first.ok_or_else(|| {
            Error::NotFound(format!(
                "{doing}: file system {file_system} has none of {}. Check in {directory} where the files are, and switch by \
                 hand; or restore a set that contains this directory",
                candidates.join(", ")
            ))
        })
    }
}

/// The directory in a text; the root of the file system if it names none.
pub fn named(text: &str) -> &str {
    match text.starts_with('/') {
        true => text,
        false => WHOLE,
    }
}

/// File system and directory of the copy.
pub fn place<'a>(switch: &Switch, item: &'a RestoreItem) -> Result<(&'a str, &'a str)> {
    match kinds::directory(item) {
        Some((file_system, Some(directory))) => Ok((file_system, directory)),
        Some((_, None)) | None => Err(Error::invalid(
            format!("cut_over.{}.resource", switch.name),
            format!("{}, whose directory is not known,", item.planned.resource.name),
            "a directory found by the file system's access stack (infra/efs-access.yaml): deploy it, or switch by hand",
        )),
    }
}
