//! Rules for single members of a cluster's configuration. Each returns `InvalidParameterValue` or
//! `InvalidParameterCombination`, naming the member, and `None` for an absent one.

use super::fault::{Fault, Result};
use super::query::Query;

/// `Port`, from 1150 on, as Aurora has it.
pub fn port(query: &Query) -> Result<Option<u16>> {
    match query.number("Port")? {
        Some(port) if port < 1150 => Err(Fault::value(format!(
            "Invalid Port {port}: it must be from 1150 to 65535"
        ))),
        port => Ok(port),
    }
}

/// `VpcSecurityGroupIds`: ids, not names.
pub fn security_groups(query: &Query) -> Result<Option<Vec<String>>> {
    let groups = query.given_list("VpcSecurityGroupIds");
    match groups.iter().flatten().find(|id| !id.starts_with("sg-")) {
        Some(id) => Err(Fault::value(format!(
            "Invalid security group , groupId= {id}, groupName=."
        ))),
        None => Ok(groups),
    }
}

/// `BackupRetentionPeriod`: 1 to 35 days.
pub fn retention(query: &Query) -> Result<Option<u32>> {
    match query.number("BackupRetentionPeriod")? {
        Some(days) if !(1..=35).contains(&days) => Err(Fault::value(format!(
            "Invalid backup retention period: {days}. Retention period must be between 1 and 35"
        ))),
        days => Ok(days),
    }
}

/// A daily or weekly window: `hh24:mi-hh24:mi` has 11 characters, `ddd:hh24:mi-ddd:hh24:mi` 19.
pub fn window(query: &Query, name: &str, length: usize) -> Result<Option<String>> {
    let Some(window) = query.text(name) else {
        return Ok(None);
    };
    let digits = window.chars().filter(char::is_ascii_digit).count();
    if window.len() == length && digits == 8 && window.contains('-') {
        return Ok(Some(window.to_ascii_lowercase()));
    }
    Err(Fault::value(format!("Invalid {name} format: {window}")))
}

/// `StorageType`: `aurora` or `aurora-iopt1`.
pub fn storage_type(query: &Query) -> Result<Option<String>> {
    match query.text("StorageType") {
        Some(kind) if !["aurora", "aurora-iopt1"].contains(&kind) => Err(Fault::combination(format!(
            "Invalid storage type for aurora-postgresql: {kind}"
        ))),
        kind => Ok(kind.map(str::to_owned)),
    }
}

/// Aurora Serverless v2 capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serverless {
    /// Aurora capacity units, 0 or from 0.5 in steps of 0.5.
    pub min: f64,
    /// Aurora capacity units, 1 to 256.
    pub max: f64,
    /// Seconds of idleness before a pause, with `min` 0.
    pub pause: Option<u32>,
}

/// A `ServerlessV2ScalingConfiguration`; what it omits stays as it was `before`.
pub fn serverless(query: &Query, before: Option<Serverless>) -> Result<Serverless> {
    let min = query.number("MinCapacity")?.or(before.map(|s| s.min));
    let max = query.number("MaxCapacity")?.or(before.map(|s| s.max));
    let (Some(min), Some(max)) = (min, max) else {
        return Err(Fault::combination(
            "ServerlessV2ScalingConfiguration needs MinCapacity and MaxCapacity",
        ));
    };
    let pause = query.number("SecondsUntilAutoPause")?.or(before.and_then(|s| s.pause));
    let halves = |capacity: f64| (capacity * 2.0).fract() == 0.0;
    let in_order = 0.0 <= min && min <= max && (1.0..=256.0).contains(&max);
    if !in_order || !halves(min) || !halves(max) {
        return Err(Fault::value(format!(
            "Serverless v2 capacity {min} to {max} is not valid: from 0 to 256 in steps of 0.5, the maximum at least 1"
        )));
    }
    if pause.is_some_and(|seconds| !(300..=86_400).contains(&seconds)) {
        return Err(Fault::value("SecondsUntilAutoPause must be from 300 to 86400"));
    }
    Ok(Serverless { min, max, pause })
}
