//! What the response to a poll means, and which URL is polled.

use serde_json::Value;

use super::placeholders::{Part, parts};
use super::url::{Url, escaped};
use crate::domain::descriptor::{HttpCondition, HttpPoll};

/// What a response says of the work that is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Failed,
    InProgress,
}

/// Statuses below 500 after which asking again makes sense: Request Timeout, Too Early, Too Many Requests.
const PASSING: [u16; 3] = [408, 425, 429];

/// The longest value from a response that is put into a URL, in characters.
const LONGEST_VALUE: usize = 256;

/// `body` is the response's JSON, if it is some.
pub fn outcome(poll: &HttpPoll, status: u16, body: Option<&Value>) -> Outcome {
    let holds = |condition: &HttpCondition| holds(condition, status, body);
    // The body of an error is not the state that is polled, unless its status is named.
    let is_answer = !poll.success.status.is_empty() || (200..300).contains(&status);
    // A poll that is refused is refused the next time, too. With statuses that mean success, others are the server's way to say
    // "not yet".
    let is_refused = (400..500).contains(&status) && !PASSING.contains(&status) && poll.success.status.is_empty();
    if poll.failure.as_ref().is_some_and(holds) {
        Outcome::Failed
    } else if is_answer && holds(&poll.success) {
        Outcome::Succeeded
    } else if is_refused {
        Outcome::Failed
    } else {
        Outcome::InProgress
    }
}

fn holds(condition: &HttpCondition, status: u16, body: Option<&Value>) -> bool {
    let by_status = condition.status.is_empty() || condition.status.contains(&status);
    let by_value = condition.pointer.as_ref().is_none_or(|pointer| {
        let found = body.and_then(|body| body.pointer(pointer));
        found.is_some_and(|found| condition.equals.iter().any(|wanted| is_same(wanted, found)))
    });
    by_status && by_value
}

/// As JSON compares them: 1 is 1.0.
fn is_same(wanted: &Value, found: &Value) -> bool {
    match (wanted.as_f64(), found.as_f64()) {
        (Some(wanted), Some(found)) => wanted.total_cmp(&found).is_eq(),
        _ => wanted == found,
    }
}

/// The URL that is polled, with the values that it takes from the response to the request. `answer` is that response's JSON.
///
/// # Errors
/// The JSON Pointer under which there is no such value.
pub fn poll_url<'a>(poll: &'a HttpPoll, answer: Option<&Value>) -> Result<String, &'a str> {
    let mut url = String::new();
    for part in parts(&poll.url).unwrap_or_default() {
        match part {
            Part::Text(text) => url.push_str(text),
            Part::Response(value) => {
                let found = answer.and_then(|answer| answer.pointer(value.pointer));
                let found = found.and_then(|found| inserted(found, value.after));
                url.push_str(&escaped(&found.ok_or(value.pointer)?));
            }
            Part::Secret(_) => {}
        }
    }
    Ok(url)
}

/// A value as it is put into a URL, or the word in it that follows `after`. Dots alone would lead to another path.
fn inserted(value: &Value, after: Option<&str>) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let text = match after {
        Some(after) => text.split_once(after)?.1.split_whitespace().next()?.to_owned(),
        None => text,
    };
    let fits = (1..=LONGEST_VALUE).contains(&text.chars().count()) && text != "." && text != "..";
    fits.then_some(text)
}

/// Whether the URL that is polled needs a value from the response to the request.
pub fn needs_response(poll: &HttpPoll) -> bool {
    parts(&poll.url).is_some_and(|parts| parts.iter().any(|part| matches!(part, Part::Response(_))))
}

/// The URL that is polled as it is, or with examples of values from the response: for checks.
pub fn example_url(poll_url: &str) -> Option<Url> {
    let text = |part| match part {
        Part::Text(text) => Some(text),
        Part::Response(_) => Some("0"),
        Part::Secret(_) => None,
    };
    let url: String = parts(poll_url)?.into_iter().map(text).collect::<Option<_>>()?;
    Url::parse(&url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn poll(success: Value, failure: Value) -> HttpPoll {
        serde_json::from_value(json!({
            "url": "https://x.example/tasks/${response:/id}?n=${response:/n}", "success": success, "failure": failure,
        }))
        .unwrap()
    }

    #[test]
    fn failure_comes_before_success_and_anything_else_is_asked_again() {
        let status = |equals: Value| json!({ "pointer": "/status", "equals": equals });
        let poll = poll(status(json!(["DONE", 2])), status(json!(["FAILED", "DONE LATE"])));
        for (code, body, wanted) in [
            (200, json!({"status": "DONE"}), Outcome::Succeeded),
            (200, json!({"status": 2.0}), Outcome::Succeeded),
            (200, json!({"status": "FAILED"}), Outcome::Failed),
            (200, json!({"status": "RUNNING"}), Outcome::InProgress),
            (200, json!({"status": "done"}), Outcome::InProgress),
            (200, json!({}), Outcome::InProgress),
            (500, json!({"status": "DONE"}), Outcome::InProgress),
            (500, json!({"status": "FAILED"}), Outcome::Failed),
            (404, json!({"status": "DONE"}), Outcome::Failed),
            (401, json!({}), Outcome::Failed),
            (429, json!({}), Outcome::InProgress),
        ] {
            assert_eq!(outcome(&poll, code, Some(&body)), wanted, "{code} {body}");
        }
        assert_eq!(outcome(&poll, 200, None), Outcome::InProgress);
    }

    #[test]
    fn named_statuses_leave_the_others_to_the_server() {
        let poll = poll(json!({"status": [200]}), json!({"status": [500, 410]}));
        for (code, wanted) in [
            (200, Outcome::Succeeded),
            (404, Outcome::InProgress),
            (503, Outcome::InProgress),
            (500, Outcome::Failed),
            (410, Outcome::Failed),
        ] {
            assert_eq!(outcome(&poll, code, None), wanted, "{code}");
        }
        let both = self::poll(
            json!({"status": [202], "pointer": "/up", "equals": [true]}),
            json!({"status": [500]}),
        );
        assert_eq!(outcome(&both, 202, Some(&json!({"up": true}))), Outcome::Succeeded);
        assert_eq!(outcome(&both, 200, Some(&json!({"up": true}))), Outcome::InProgress);
        assert_eq!(outcome(&both, 202, Some(&json!({"up": false}))), Outcome::InProgress);
    }

    #[test]
    fn a_value_from_the_response_stays_within_its_place() {
        let poll = poll(json!({"status": [200]}), json!({"status": [500]}));
        let url = |answer: Value| poll_url(&poll, Some(&answer)).map_err(str::to_owned);
        assert_eq!(
            url(json!({"id": "a/../b", "n": 7})).unwrap(),
            "https://x.example/tasks/a%2F..%2Fb?n=7"
        );
        for wrong in [
            json!({"n": 7}),
            json!({"id": ".."}),
            json!({"id": ""}),
            json!({"id": ["a"]}),
            json!({"id": "a".repeat(257)}),
        ] {
            assert_eq!(url(wrong).unwrap_err(), "/id");
        }
        assert_eq!(poll_url(&poll, None), Err("/id"));
        let within = HttpPoll {
            url: "https://x.example/tasks/${response:/message:Operation id: }".to_owned(),
            ..poll
        };
        let url = |message: &str| poll_url(&within, Some(&json!({ "message": message }))).ok();
        let wanted = Some("https://x.example/tasks/a-1".to_owned());
        assert_eq!(url("Indexing to x. Operation id: a-1"), wanted);
        assert_eq!(url("Operation id: a-1 begins"), wanted);
        assert_eq!(url("Operation: a-1"), None);
    }
}
