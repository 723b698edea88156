//! What is known of each kind of switch without asking AWS, one file a kind.

mod ecs_restart;
mod ecs_service;
mod instance_refresh;
mod lambda_environment;
mod parameter;
mod profile;
mod rds_proxy;
mod registry;
mod rename;
mod route53_record;
mod secret;
mod ssm_command;

pub use profile::{LoginSource, SwitchProfile};
pub use registry::{ALL, of};
