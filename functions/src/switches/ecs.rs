//! What the switches of ECS services share: a service's names and description, and the progress of its deployments.

pub mod named;
pub mod rollout;
pub mod service;
pub mod strategy;
