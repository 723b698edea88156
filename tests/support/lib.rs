//! Shared by the demo, the suites and the bench: a lab with the stack in it, deployments with data, on-call's inbox.
//!
//! Everything goes through the lab's front door as any AWS client would.
#![allow(clippy::disallowed_methods)] // Tests run in real time.

pub mod access;
pub mod application;
pub mod aws;
pub mod chat;
pub mod clusters;
pub mod data;
pub mod dataset;
pub mod dns;
pub mod emails;
pub mod executions;
pub mod groups;
pub mod inbox;
pub mod instances;
pub mod lab;
pub mod ledger;
pub mod postgres;
pub mod readback;
pub mod records;
pub mod report;
pub mod s3;
pub mod settings;
pub mod soak;
pub mod stack;
pub mod surroundings;
pub mod wait;
