//! Captured scheduled actions of Application Auto Scaling: which of them are over, and which capacities the others may have set.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The offset of the last time zone: the farthest behind UTC.
const LAST_ZONE: SignedDuration = SignedDuration::from_hours(12);

/// A captured configuration without the scheduled actions that are over at `now`: they took effect at the source. A one-time action
/// with a zone other than UTC is over when it is over in every zone.
#[must_use]
pub fn without_past(mut configuration: Value, now: Timestamp) -> Value {
    if let Some(Value::Array(actions)) = configuration.get_mut("ScheduledActions") {
        actions.retain(|action| !is_over(action, now));
    }
    configuration
}

/// Before a comparison, sets the copy's capacities to the captured ones where a scheduled action may have changed them. Both
/// configurations refer to the same resource.
pub fn allow_scheduled_capacities(captured: &Value, copy: &mut Value) {
    let list = |name: &str| captured[name].as_array().map_or(&[][..], Vec::as_slice);
    let same = |one: &Value, other: &Value| {
        ["ResourceId", "ScalableDimension"]
            .iter()
            .all(|name| one[*name] == other[*name])
    };
    let Some(Value::Array(targets)) = copy.get_mut("ScalableTargets") else {
        return;
    };
    for target in targets {
        let Some(before) = list("ScalableTargets").iter().find(|before| same(before, target)) else {
            continue;
        };
        for name in ["MinCapacity", "MaxCapacity"] {
            let has_set = |action: &&Value| {
                let to = action["ScalableTargetAction"][name].as_f64();
                same(action, target) && to.is_some() && to == target[name].as_f64()
            };
            if list("ScheduledActions").iter().any(|action| has_set(&action)) {
                target[name] = before[name].clone();
            }
        }
    }
}

fn is_over(action: &Value, now: Timestamp) -> bool {
    // AWS gives times as seconds since 1970.
    let ended = action["EndTime"]
        .as_f64()
        .is_some_and(|end| end < now.as_millisecond() as f64 / 1000.0);
    let once = || {
        let at = action["Schedule"].as_str()?.strip_prefix("at(")?.strip_suffix(')')?;
        let at = at.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let in_utc = matches!(action["Timezone"].as_str(), None | Some("UTC" | "Etc/UTC"));
        Some(if in_utc { at } else { at.checked_add(LAST_ZONE).ok()? })
    };
    ended || once().is_some_and(|at| at < now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn names(actions: Value, now: &str) -> Vec<String> {
        let left = without_past(json!({ "ScheduledActions": actions }), now.parse().unwrap());
        let left = left["ScheduledActions"].as_array().unwrap().iter();
        left.map(|action| action["N"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_has_ended_or_had_one_time_that_has_passed_is_over() {
        let actions = json!([
            { "N": "every day", "Schedule": "rate(1 day)" },
            { "N": "of a season that ended", "Schedule": "cron(0 8 * * ? *)", "EndTime": 1_795_000_000.0 },
            { "N": "of a season", "Schedule": "cron(0 8 * * ? *)", "EndTime": 1_900_000_000.0 },
            { "N": "once", "Schedule": "at(2026-11-20T02:00:00)" },
            { "N": "once, in UTC", "Schedule": "at(2026-11-20T02:00:00)", "Timezone": "UTC" },
            { "N": "once, far west", "Schedule": "at(2026-11-20T02:00:00)", "Timezone": "Etc/GMT+12" },
            { "N": "unreadable", "Schedule": "at(tomorrow)" },
        ]);
        let later = ["every day", "of a season", "unreadable"];
        assert_eq!(names(actions.clone(), "2026-11-20T14:00:01Z"), later);
        let between = ["every day", "of a season", "once, far west", "unreadable"];
        assert_eq!(names(actions.clone(), "2026-11-20T14:00:00Z"), between);
        assert_eq!(names(actions, "2026-11-01T00:00:00Z").len(), 7);
        assert_eq!(without_past(Value::Null, Timestamp::UNIX_EPOCH), Value::Null);
    }

    #[test]
    fn a_capacity_may_be_what_a_scheduled_action_sets_and_nothing_else() {
        let target = |id: &str, most: u32| json!({ "ResourceId": id, "ScalableDimension": "d", "MinCapacity": 1, "MaxCapacity": most });
        let captured = json!({
            "ScalableTargets": [target("a", 9), target("b", 9)],
            "ScheduledActions": [
                { "ResourceId": "a", "ScalableDimension": "d", "ScalableTargetAction": { "MaxCapacity": 20 } },
            ],
        });
        for (id, most, allowed) in [("a", 20, 9), ("a", 21, 21), ("b", 20, 20)] {
            let mut copy = json!({ "ScalableTargets": [target(id, most)] });
            allow_scheduled_capacities(&captured, &mut copy);
            assert_eq!(copy["ScalableTargets"][0]["MaxCapacity"], allowed, "{id} {most}");
            assert_eq!(copy["ScalableTargets"][0]["MinCapacity"], 1);
        }
        allow_scheduled_capacities(&Value::Null, &mut Value::Null);
    }
}
