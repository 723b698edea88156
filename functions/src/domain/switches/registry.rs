//! The list of kinds of switches, one line each.

use super::profile::SwitchProfile;
use super::{
    ecs_restart, ecs_service, instance_refresh, lambda_environment, parameter, rds_proxy, rename, route53_record,
    secret, ssm_command,
};
use crate::domain::descriptor::SwitchAction;

macro_rules! switches {
    ($($kind:path: $action:pat,)*) => {
        /// Each of them, in the order in which they are listed to people.
        pub static ALL: &[&dyn SwitchProfile] = &[$(&$kind),*];

        /// The kind of an action.
        pub fn of(action: &SwitchAction) -> &'static dyn SwitchProfile {
            match action {
                $($action => &$kind,)*
            }
        }
    };
}

switches! {
    secret::Secret: SwitchAction::Secret { .. },
    parameter::Parameter: SwitchAction::Parameter { .. },
    lambda_environment::LambdaEnvironment: SwitchAction::LambdaEnvironment { .. },
    ecs_service::EcsService: SwitchAction::EcsService { .. },
    ecs_restart::EcsRestart: SwitchAction::EcsRestart { .. },
    ssm_command::SsmCommandSwitch: SwitchAction::SsmCommand { .. },
    instance_refresh::InstanceRefresh: SwitchAction::InstanceRefresh { .. },
    route53_record::Route53Record: SwitchAction::Route53Record { .. },
    rds_proxy::RdsProxy: SwitchAction::RdsProxy { .. },
    rename::Rename: SwitchAction::Rename,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::kinds;

    /// A switch that no kind names could not be written; a name that no switch has would be offered to people.
    #[test]
    fn the_kinds_of_resources_name_each_of_them_and_no_other() {
        let named = kinds::ALL.iter().filter_map(|kind| kind.stateful());
        let named: BTreeSet<&str> = named.flat_map(|kind| kind.switches()).copied().collect();
        let known: BTreeSet<&str> = ALL.iter().map(|switch| switch.name()).collect();
        assert_eq!(named, known);
    }
}
