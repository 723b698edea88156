//! How long a service's deployments take because of its strategy, in addition to the start of its tasks.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.

use serde_json::Value;

/// Minutes for which both revisions run after all traffic is shifted, if the service sets none.
const BAKE: u64 = 15;
/// The default step of a linear deployment in percent, and the minutes that it waits after each step.
const LINEAR: (f64, u64) = (10.0, 6);
/// Minutes after the first part of a canary deployment, by default.
const CANARY: u64 = 10;

/// Seconds for which a deployment waits because of its strategy; 0 for a rolling update.
pub fn seconds(configuration: &Value) -> u64 {
    let minutes = |of: &Value, name: &str, default: u64| of[name].as_u64().unwrap_or(default);
    let baked = minutes(configuration, "bakeTimeInMinutes", BAKE);
    let shifted = match configuration["strategy"].as_str() {
        Some("BLUE_GREEN") => 0,
        Some("LINEAR") => {
            let linear = &configuration["linearConfiguration"];
            let percent = linear["stepPercent"]
                .as_f64()
                .filter(|percent| *percent > 0.0)
                .unwrap_or(LINEAR.0);
            // After the last step, only the bake time is left.
            let shifted = (1..).take_while(|step| f64::from(*step) * percent < 100.0).count() as u64;
            shifted * minutes(linear, "stepBakeTimeInMinutes", LINEAR.1)
        }
        Some("CANARY") => minutes(&configuration["canaryConfiguration"], "canaryBakeTimeInMinutes", CANARY),
        _ => return 0,
    };
    (baked + shifted) * 60
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_waits_as_long_as_its_strategy_says() {
        for (configuration, minutes) in [
            (Value::Null, 0),
            (json!({"strategy": "ROLLING", "bakeTimeInMinutes": 30}), 0),
            (json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1440}), 1440),
            (json!({"strategy": "LINEAR", "bakeTimeInMinutes": 0}), 54),
            (
                json!({"strategy": "LINEAR", "bakeTimeInMinutes": 5, "linearConfiguration": {"stepPercent": 33.4, "stepBakeTimeInMinutes": 60}}),
                125,
            ),
            (
                json!({"strategy": "LINEAR", "bakeTimeInMinutes": 0, "linearConfiguration": {"stepPercent": 100.0}}),
                0,
            ),
            (json!({"strategy": "CANARY", "bakeTimeInMinutes": 5}), 15),
            (
                json!({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 600}}),
                615,
            ),
        ] {
            assert_eq!(seconds(&configuration), minutes * 60, "{configuration}");
        }
    }
}
