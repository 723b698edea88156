//! Whether the instances of a copy can be created as they were captured: RDS retires instance classes and certificate
//! authorities.

use std::collections::BTreeMap;

use aws_sdk_rds::types::DbEngineVersion;

use super::builder::PreflightBuilder;
use crate::aws::failure;
use crate::error::Result;
use crate::kinds::aurora::Aurora;
use crate::kinds::aurora::captured::text;

impl Aurora {
    /// Checks that each class can be ordered for the engine version of the copy, and that each certificate authority still signs
    /// for it. If not, it is a fault that lists the possible values.
    pub(super) async fn check_instance_options(
        &self,
        preflight: &mut PreflightBuilder<'_>,
        version: &DbEngineVersion,
    ) -> Result<()> {
        let instances = preflight.plan.instances();
        let by = |name: &str| -> BTreeMap<String, String> {
            let each = instances.iter().filter_map(|instance| {
                let source = instance.source.as_deref().unwrap_or(&instance.name);
                Some((text(&instance.captured, name)?, format!("instance {source}")))
            });
            each.collect()
        };
        let (classes, authorities) = (by("DBInstanceClass"), by("CACertificateIdentifier"));
        let (engine, name) = (version.engine(), version.engine_version());
        let (engine, name) = (engine.unwrap_or_default(), name.unwrap_or_default());
        let resource = preflight.plan.resource.to_owned();
        for (class, of) in classes {
            if !self.can_be_ordered(engine, name, &class).await? {
                preflight.fault(
                    "instance_class",
                    format!("{class} of {of}, which AWS does not offer for {engine} {name} in this Region,"),
                    format!(
                        "a class that can be ordered: start the restore with \"instance_classes\": {{\"{resource}\": \
                         \"db.…\"}}, one of what `aws rds describe-orderable-db-instance-options --engine {engine} \
                         --engine-version {name}` lists"
                    ),
                );
            }
        }
        for (authority, of) in authorities {
            if let Some(offered) = instead(version, &authority) {
                preflight.fault(
                    "ca_certificate",
                    format!("{authority} of {of}, which RDS has retired,"),
                    format!(
                        "one of {}: start the restore with \"ca_certificates\": {{\"{resource}\": \"{}\"}}",
                        offered.join(", "),
                        offered[0]
                    ),
                );
            }
        }
        Ok(())
    }

    async fn can_be_ordered(&self, engine: &str, version: &str, class: &str) -> Result<bool> {
        let call = self.rds.describe_orderable_db_instance_options();
        let call = call.engine(engine).engine_version(version).db_instance_class(class);
        let answer = call.send().await;
        let answer = answer.map_err(|error| failure("looking for offers of instance class", class, error))?;
        Ok(!answer.orderable_db_instance_options().is_empty())
    }
}

/// The authorities that sign for a version, if this one does not. `None` if it does, or if RDS lists none.
fn instead<'a>(version: &'a DbEngineVersion, authority: &str) -> Option<&'a [String]> {
    let offered = version.supported_ca_certificate_identifiers();
    (!offered.is_empty() && !offered.iter().any(|one| one == authority)).then_some(offered)
}
