//! What a cut-over switches. One trait, one file per kind; a step knows a kind only through the trait.
//!
//! Nothing is deleted here, and nothing is overwritten that changed since it was observed: someone else's change is a `Conflict`,
//! which says what to do.

use std::sync::Arc;

use aws_config::SdkConfig;

use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::job::Run;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::remark::Remark;
use crate::error::{Fault, Result};
use crate::transfers::TransferSettings;

mod directories;
mod ecs;
mod ecs_restart;
mod ecs_service;
mod fact_texts;
pub mod facts;
mod instance_refresh;
mod lambda_environment;
mod parameter;
mod rds_proxy;
mod references;
mod rename;
mod route53_record;
mod secret;
mod ssm_command;
mod switch;

pub use switch::SwitchDriver;

/// One line a kind: its name here, the actions that it carries out, and how it is made.
macro_rules! switches {
    (($aws:ident, $transfers:ident) $($name:ident: $action:pat => $made:expr,)*) => {
        /// Every kind.
        #[derive(Clone)]
        pub struct Switches {
            $(pub $name: Arc<dyn SwitchDriver>,)*
        }

        impl Switches {
            pub fn from_config($aws: &SdkConfig, $transfers: &TransferSettings) -> Self {
                Self {
                    $($name: Arc::new($made),)*
                }
            }

            /// One kind in every place.
            pub fn all(switch: Arc<dyn SwitchDriver>) -> Self {
                Self {
                    $($name: switch.clone(),)*
                }
            }

            /// The kind of an action.
            pub fn of(&self, action: &SwitchAction) -> &dyn SwitchDriver {
                match action {
                    $($action => &*self.$name,)*
                }
            }
        }
    };
}

switches! {
    (aws, transfers)
    secret: SwitchAction::Secret { .. } => secret::Secret::from_config(aws),
    parameter: SwitchAction::Parameter { .. } => parameter::Parameter::from_config(aws),
    lambda_environment: SwitchAction::LambdaEnvironment { .. } => lambda_environment::LambdaEnvironment::from_config(aws),
    ecs_service: SwitchAction::EcsService { .. } => ecs_service::EcsService::from_config(aws),
    ecs_restart: SwitchAction::EcsRestart { .. } => ecs_restart::EcsRestart::from_config(aws),
    ssm_command: SwitchAction::SsmCommand { .. } => ssm_command::SsmCommandSwitch::from_config(aws),
    instance_refresh: SwitchAction::InstanceRefresh { .. } => instance_refresh::InstanceRefresh::from_config(aws),
    route53_record: SwitchAction::Route53Record { .. } => route53_record::Route53Record::from_config(aws),
    rds_proxy: SwitchAction::RdsProxy { .. } => rds_proxy::RdsProxy::from_config(aws),
    rename: SwitchAction::Rename => rename::Rename::from_config(aws, transfers),
}

impl Switches {
    /// Everything that would make one of these switches fail. Switches of resources that are not restored are passed over.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    pub async fn preflight(&self, run: &Run, switches: &[Switch], items: &[RestoreItem]) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for switch in switches {
            if let Some(item) = item_of(switch, items) {
                faults.extend(self.of(&switch.action).preflight(run, switch, item).await?);
            }
        }
        Ok(faults)
    }

    /// The remarks on these switches. Those of resources that are not restored are skipped.
    ///
    /// # Errors
    /// Only if a call to AWS fails.
    pub async fn remarks(&self, switches: &[Switch], items: &[RestoreItem]) -> Result<Vec<Remark>> {
        let mut remarks = Vec::new();
        for switch in switches {
            if let Some(item) = item_of(switch, items) {
                let resource = &item.planned.resource.name;
                let told = self.of(&switch.action).remarks(switch, item).await?;
                remarks.extend(told.into_iter().map(|text| Remark::of(resource, text)));
            }
        }
        Ok(remarks)
    }
}

/// The restored resource of a switch; `None` if it is not restored.
pub fn item_of<'a>(switch: &Switch, items: &'a [RestoreItem]) -> Option<&'a RestoreItem> {
    let name = switch.item_name();
    items.iter().find(|item| item.planned.resource.name == name)
}

#[cfg(test)]
mod tests;
