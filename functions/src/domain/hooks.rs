//! What is known of each kind of hook without asking AWS: its fields in a descriptor, and what a person does in its place. One
//! file per kind; everything else knows a kind only through [`HookProfile`].

mod ecs_scale;
mod event_source;
pub mod http;
mod lambda;
mod left_at_rest;
pub mod profile;
pub mod quiesced_window;
pub mod record;
mod registry;
mod sql;
mod ssm_command;
mod stack_parameter;
mod step_function;

pub use left_at_rest::{is_taken_over, last_seen, left_at_rest, resumes_until};
pub use profile::HookProfile;
pub use record::{HookPhase, HookRecord, hook_wait};
pub use registry::{ALL, of};
