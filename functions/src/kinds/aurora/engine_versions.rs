//! The engine version of a copy of a snapshot: the snapshot's, as long as AWS offers it.

use aws_sdk_rds::types::{DbEngineVersion, UpgradeTarget};

use super::Aurora;
use crate::aws::failure;
use crate::error::Result;

impl Aurora {
    /// The version of a copy of `version`: the same, or, if that is not offered any more, the nearest of the same major version
    /// that it can be upgraded to. `None` if there is none.
    pub(super) async fn offered(&self, engine: &str, version: &str) -> Result<Option<String>> {
        let offered = self.find_offered_version(engine, version).await?;
        Ok(offered.and_then(|offered| offered.engine_version))
    }

    /// The same, as RDS describes it.
    pub(super) async fn find_offered_version(&self, engine: &str, version: &str) -> Result<Option<DbEngineVersion>> {
        let versions = self.rds.describe_db_engine_versions().engine(engine).include_all(true);
        let listed: Vec<DbEngineVersion> = versions
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| failure("describing the versions of engine", engine, error))?;
        let chosen = choose(&listed, version);
        Ok(listed
            .into_iter()
            .find(|listed| listed.engine_version().is_some() && listed.engine_version() == chosen.as_deref()))
    }
}

fn choose(listed: &[DbEngineVersion], version: &str) -> Option<String> {
    let offered = |asked: &str| {
        let found = listed.iter().find(|listed| listed.engine_version() == Some(asked));
        found.is_some_and(|found| found.status().unwrap_or("available") == "available")
    };
    if offered(version) {
        return Some(version.to_owned());
    }
    let known = listed.iter().find(|listed| listed.engine_version() == Some(version));
    let targets = known.map(DbEngineVersion::valid_upgrade_target).unwrap_or_default();
    let upgrades = targets
        .iter()
        .filter(|target| target.is_major_version_upgrade() != Some(true))
        .filter_map(UpgradeTarget::engine_version);
    let nearest = |versions: &mut dyn Iterator<Item = &str>| {
        versions
            .filter(|other| offered(other) && major(other) == major(version) && order(other) > order(version))
            .min_by_key(|other| order(other))
            .map(str::to_owned)
    };
    // AWS lists no upgrades of a version that it does not list any more.
    nearest(&mut upgrades.into_iter())
        .or_else(|| nearest(&mut listed.iter().filter_map(DbEngineVersion::engine_version)))
}

/// `16` for `16.4`; `8.0.mysql_aurora.3` for `8.0.mysql_aurora.3.04.1`.
fn major(version: &str) -> &str {
    match version.find("mysql_aurora.") {
        Some(at) => {
            let from = at + "mysql_aurora.".len();
            let minor = version[from..].find('.').map_or(version.len(), |dot| from + dot);
            &version[..minor]
        }
        None => version.split('.').next().unwrap_or(version),
    }
}

/// The numbers in a version, in order.
fn order(version: &str) -> Vec<u64> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str, status: &str, targets: &[&str]) -> DbEngineVersion {
        let targets = targets.iter().map(|target| {
            UpgradeTarget::builder()
                .engine_version(*target)
                .is_major_version_upgrade(major(target) != major(name))
                .build()
        });
        DbEngineVersion::builder()
            .engine_version(name)
            .status(status)
            .set_valid_upgrade_target(Some(targets.collect()))
            .build()
    }

    #[test]
    fn a_version_that_is_not_offered_becomes_the_nearest_it_can_be_upgraded_to() {
        let listed = [
            version("16.4", "deprecated", &["16.8", "16.6", "16.5", "17.4"]),
            version("16.5", "deprecated", &[]),
            version("16.6", "available", &["16.8", "16.10"]),
            version("16.8", "available", &["16.10"]),
            version("16.10", "available", &[]),
            version("17.4", "available", &[]),
        ];
        for (captured, given) in [
            ("16.8", Some("16.8")),
            ("16.4", Some("16.6")),
            // Not listed at all: the lowest version above it.
            ("16.7", Some("16.8")),
            ("16.9", Some("16.10")),
            ("16.2", Some("16.6")),
            ("16.11", None),
            ("15.9", None),
        ] {
            assert_eq!(choose(&listed, captured).as_deref(), given, "{captured}");
        }
    }

    #[test]
    fn mysql_versions_are_told_apart_by_auroras_part() {
        assert_eq!(major("8.0.mysql_aurora.3.04.1"), "8.0.mysql_aurora.3");
        assert!(order("8.0.mysql_aurora.3.10.0") > order("8.0.mysql_aurora.3.9.2"));
    }
}
