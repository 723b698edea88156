//! The control API under `/_lab/`: the ledger, faults, durations, the clock, and the services' own pages.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::backend::{Backend, advance_by};
use crate::faults::Rule;
use crate::service::{Answer, Call};
use crate::skipping;

/// Handles a request of the control API; an invalid one gets status 400 and a message in `error`.
pub async fn answer(house: &Backend, call: &Call) -> Answer {
    match reply(house, call).await {
        Ok(value) => Answer::json(&value),
        Err((status, error)) => Answer {
            status,
            ..Answer::json(&json!({ "error": error }))
        },
    }
}

async fn reply(house: &Backend, call: &Call) -> Result<Value, (u16, String)> {
    let world = &house.world;
    let path = call.path.trim_start_matches("/_lab").trim_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let method = call.method.as_str();
    match (method, parts.as_slice()) {
        ("GET", ["health"]) => Ok(json!({"ready": true})),
        ("GET", ["ledger"]) => {
            let entries = house.ledger.since(since(call)?);
            serde_json::to_value(entries).map_err(|error| (500, error.to_string()))
        }
        ("GET", ["ledger", "position"]) => Ok(json!({ "seq": house.ledger.position() })),
        ("DELETE", ["ledger"]) => {
            house.ledger.clear();
            Ok(json!({}))
        }
        ("GET", ["faults"]) => Ok(world.faults.list()),
        ("POST", ["faults"]) => {
            let rule: Rule = serde_json::from_slice(&call.body).map_err(|error| (400, format!("fault: {error}")))?;
            let id = world.faults.add(rule).map_err(|error| (400, error))?;
            Ok(json!({ "id": id }))
        }
        ("DELETE", ["faults"]) => {
            world.faults.clear();
            Ok(json!({}))
        }
        ("DELETE", ["faults", id]) => match id.parse().is_ok_and(|id| world.faults.remove(id)) {
            true => Ok(json!({})),
            false => Err((404, format!("fault: there is none with id {id}"))),
        },
        ("DELETE", ["databases"]) => {
            for service in &house.services {
                service.clear().await;
            }
            Ok(json!({}))
        }
        ("GET", ["durations"]) => Ok(json!(world.durations.seconds())),
        ("PUT", ["durations"]) => {
            let seconds = world.durations.change(&body(call)?).map_err(|error| (400, error))?;
            let confirmed = house.ministack.set_durations(&seconds).await;
            confirmed.map_err(|error| (500, format!("{error:#}")))?;
            Ok(json!(seconds))
        }
        ("GET", ["clock"]) => Ok(json!({"now": world.clock.now().to_string()})),
        ("POST", ["clock"]) => advance(house, &body(call)?).await,
        ("GET", [page]) => {
            let found = house.services.iter().find_map(|service| service.page(page));
            found.ok_or_else(|| (404, format!("there is no page {}", call.path)))
        }
        _ => Err((
            404,
            format!("there is no {} {}", Method::as_str(&call.method), call.path),
        )),
    }
}

fn since(call: &Call) -> Result<u64, (u16, String)> {
    let pairs = call.query_pairs();
    let since = pairs.iter().find(|(name, _)| name == "since");
    since.map_or(Ok(0), |(_, value)| {
        value
            .parse()
            .map_err(|_| (400, format!("ledger: since={value} is not a number")))
    })
}

fn body(call: &Call) -> Result<Value, (u16, String)> {
    call.json()
        .map_err(|error| (400, format!("the body is not JSON: {error}")))
}

async fn advance(house: &Backend, request: &Value) -> Result<Value, (u16, String)> {
    if request["skip"] == json!(true) {
        return skipping::skip(house).await;
    }
    let seconds = request["advance_seconds"].as_f64().filter(|s| (0.0..=1e9).contains(s));
    let Some(seconds) = seconds else {
        return Err((
            400,
            "clock: `advance_seconds` must be a number from 0 to 1e9, or `skip` true".to_owned(),
        ));
    };
    let now = advance_by(house, Duration::from_secs_f64(seconds)).await?;
    Ok(json!({"now": now.to_string()}))
}
