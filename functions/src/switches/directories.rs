//! Where in a copy the directory lies that an application uses: seen there, never computed. What is mounted today may be a
//! directory of a restore that came after the set, which the copy has not.

use aws_config::SdkConfig;

use crate::access::{Access, unmounted};
use crate::domain::descriptor::Switch;
use crate::domain::efs_access::roots::{self, DirectoriesInUse, WHOLE};
use crate::domain::kinds::efs;
use crate::domain::restore::item::RestoreItem;
use crate::error::{Error, Result};

/// Looks into copies.
pub struct Directories {
    access: Access,
}

impl Directories {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            access: Access::new(aws),
        }
    }

    /// The path in the copy of what a switch's volume led to when the set was captured; `today` is where it leads now.
    ///
    /// # Errors
    /// `NotFound` where the copy has no such directory, or nothing sees into it.
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
                "{doing}: file system {file_system} has none of {}. See in {directory} where the files are, and switch by hand; \
                 or restore a set of which this directory was a part",
                candidates.join(", ")
            ))
        })
    }
}

/// The directory that a text names: the root of the file system, where it names none.
pub fn named(text: &str) -> &str {
    match text.starts_with('/') {
        true => text,
        false => WHOLE,
    }
}

/// File system and directory of the copy.
pub fn place<'a>(switch: &Switch, item: &'a RestoreItem) -> Result<(&'a str, &'a str)> {
    match item.created.as_ref().and_then(efs::directory) {
        Some((file_system, Some(directory))) => Ok((file_system, directory)),
        Some((_, None)) | None => Err(Error::invalid(
            format!("cut_over.{}.resource", switch.name),
            format!("{}, whose directory is not known,", item.planned.resource.name),
            "a directory found by the file system's access stack (infra/efs-access.yaml): deploy it, or switch by hand",
        )),
    }
}
