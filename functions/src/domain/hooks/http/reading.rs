//! Reads the fields of the hook `http`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::placeholders::{has_secret, has_secrets_alone, is_pointer, keys, texts};
use super::polling::example_url;
use super::url::Url;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, quoted, shown};
use crate::domain::descriptor::{Http, HttpCondition, HttpPoll, HttpRequest, formats};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const MOST_HEADERS: usize = 20;
const MOST_STATUSES: usize = 20;
const MOST_VALUES: usize = 50;
const LONGEST_HEADER: usize = 2_000;
/// Bytes of `body`, as JSON.
const LARGEST_BODY: usize = 64 * 1024;

/// They are about the connection, or Holdfast sets them.
const RESERVED_HEADERS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Words in the names of headers that hold something secret.
const SECRET_HEADERS: [&str; 7] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "api-key",
    "apikey",
];

const METHOD: TextFormat = formats::visible("GET, POST, PUT, PATCH or DELETE", |text| METHODS.contains(&text));

const URL: TextFormat = TextFormat {
    rule: "a URL such as https://app.example.org/api/v1/mode, without user, password, fragment and ${…}; nothing secret, since URLs are \
           stored and logged",
    accepts: |text| text.len() <= 1_000 && Url::parse(text).is_some(),
    hidden: false,
};

const POLL_URL: TextFormat = TextFormat {
    rule: "a URL as in `url`; after the host it may hold ${response:/POINTER}, a value from the JSON of the response, or \
           ${response:/POINTER:TEXT}, the word in it that follows TEXT",
    accepts: |text| text.len() <= 1_000 && !host_of(text).contains("${") && example_url(text).is_some(),
    hidden: false,
};

const HEADER: TextFormat = TextFormat {
    rule: "the value of a header: 1 to 2000 visible ASCII characters and spaces, with secrets as ${secret:NAME} or ${secret:NAME:KEY}",
    accepts: |text| {
        let is_visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        (1..=LONGEST_HEADER).contains(&text.len())
            && text.bytes().all(is_visible)
            && text.trim() == text
            && has_secrets_alone(text)
    },
    hidden: true,
};

const POINTER: TextFormat = formats::visible("a JSON Pointer (RFC 6901) such as /status", |text| {
    !text.is_empty() && is_pointer(text)
});

const REQUEST: [&str; 6] = ["method", "url", "headers", "body", "expected_status", "poll"];

pub fn http(faults: &mut Faults, object: &Object<'_>) -> Option<Http> {
    let request = request(faults, object, None);
    let undo = match object.get("undo") {
        None => Some(None),
        Some(value) => {
            let rule = format!("a mapping with the fields {}", REQUEST.join(", "));
            Object::open(faults, &object.path("undo"), value, &rule).and_then(|undo| {
                undo.only(faults, &REQUEST);
                self::request(faults, &undo, request.as_ref()).map(Some)
            })
        }
    };
    Some(Http {
        request: request?,
        undo: undo?,
    })
}

/// `first` is the request that this one undoes.
fn request(faults: &mut Faults, object: &Object<'_>, first: Option<&HttpRequest>) -> Option<HttpRequest> {
    let method = match object.get("method") {
        None => Some("POST".to_owned()),
        Some(_) => object.optional_text(faults, "method", &METHOD),
    };
    let url = object.text(faults, "url", &URL);
    let headers = headers(faults, object);
    if let Some(first) = first {
        ensure_own_headers(faults, object, (&first.url, first.headers.as_ref()), url.as_deref());
    }
    let body = body(faults, object);
    if method.as_deref() == Some("GET") && body.as_ref().is_some_and(|body| !body.is_null()) {
        faults.add(object.path("body"), "a body of GET", "no body, or another method");
    }
    let expected_status = statuses(faults, object, "expected_status");
    let poll = match object.get("poll") {
        None => Some(None),
        Some(value) => {
            let inherited = headers.clone().flatten().or_else(|| first?.headers.clone());
            let of = (url.as_deref().unwrap_or_default(), inherited.as_ref());
            poll(faults, object, value, of).map(Some)
        }
    };
    Some(HttpRequest {
        method: method?,
        url: url?,
        headers: headers?,
        body: body?,
        expected_status: expected_status?,
        poll: poll?,
    })
}

fn poll(
    faults: &mut Faults,
    object: &Object<'_>,
    value: &Value,
    of: (&str, Option<&BTreeMap<String, String>>),
) -> Option<HttpPoll> {
    const FIELDS: [&str; 4] = ["url", "headers", "success", "failure"];
    let rule = format!("a mapping with the fields {}", FIELDS.join(", "));
    let object = Object::open(faults, &object.path("poll"), value, &rule)?;
    object.only(faults, &FIELDS);
    let url = object.text(faults, "url", &POLL_URL);
    let headers = headers(faults, &object);
    ensure_own_headers(faults, &object, of, url.as_deref());
    let success = condition(faults, &object, "success");
    if object.get("success").is_none() {
        faults.add(object.path("success"), "(missing)", CONDITION);
    }
    let failure = condition(faults, &object, "failure");
    Some(HttpPoll {
        url: url?,
        headers: headers?,
        success: success??,
        failure: failure?,
    })
}

/// Headers are taken over for the same server alone: they may hold its secret. `of` is the request that has them.
fn ensure_own_headers(
    faults: &mut Faults,
    object: &Object<'_>,
    (first, inherited): (&str, Option<&BTreeMap<String, String>>),
    url: Option<&str>,
) {
    let servers = (Url::parse(first), url.and_then(example_url));
    if let (Some(first), Some(url)) = servers
        && inherited.is_some_and(|headers| !headers.is_empty())
        && object.get("headers").is_none()
        && !first.may_hand_on_to(&url)
    {
        faults.add(
            object.path("headers"),
            "(missing)",
            format!(
                "the headers for {}, which is another server than {}'s; {{}} for none",
                url.host, first.host
            ),
        );
    }
}

const CONDITION: &str =
    "a mapping with `status`, a list of HTTP statuses, or with `pointer` and `equals`, or with all three";

/// `Some(None)` if it is absent.
fn condition(faults: &mut Faults, object: &Object<'_>, field: &str) -> Option<Option<HttpCondition>> {
    let Some(value) = object.get(field) else {
        return Some(None);
    };
    let object = Object::open(faults, &object.path(field), value, CONDITION)?;
    object.only(faults, &["status", "pointer", "equals"]);
    let status = statuses(faults, &object, "status");
    let has = |field: &str| object.get(field).is_some();
    if !has("status") && !has("pointer") && !has("equals") {
        faults.add(object.path("status"), "(missing)", CONDITION);
        return None;
    }
    let (pointer, equals) = match has("pointer") || has("equals") {
        false => (Some(None), Some(Vec::new())),
        true => (
            object.text(faults, "pointer", &POINTER).map(Some),
            values(faults, &object),
        ),
    };
    Some(Some(HttpCondition {
        status: status?,
        pointer: pointer?,
        equals: equals?,
    }))
}

fn values(faults: &mut Faults, object: &Object<'_>) -> Option<Vec<Value>> {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    let values = object.get("equals").and_then(Value::as_array);
    let values = values.filter(|values| (1..=MOST_VALUES).contains(&values.len()) && values.iter().all(is_plain));
    if values.is_none() {
        let found = object.get("equals").map_or("(missing)".to_owned(), shown);
        let rule = format!("a list of 1 to {MOST_VALUES} values: texts, numbers, true, false or null");
        faults.add(object.path("equals"), found, rule);
    }
    values.cloned()
}

/// Empty if absent.
fn statuses(faults: &mut Faults, object: &Object<'_>, field: &str) -> Option<Vec<u16>> {
    let Some(value) = object.get(field) else {
        return Some(Vec::new());
    };
    let status = |value: &Value| {
        let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
        status.filter(|status| (200..=599).contains(status))
    };
    let entries = value
        .as_array()
        .filter(|entries| (1..=MOST_STATUSES).contains(&entries.len()));
    let read = entries.and_then(|entries| entries.iter().map(status).collect());
    if read.is_none() {
        let rule = format!("a list of 1 to {MOST_STATUSES} HTTP statuses from 200 to 599");
        faults.add(object.path(field), shown(value), rule);
    }
    read
}

/// `Some(None)` if absent.
fn headers(faults: &mut Faults, object: &Object<'_>) -> Option<Option<BTreeMap<String, String>>> {
    let Some(value) = object.get("headers") else {
        return Some(None);
    };
    let path = object.path("headers");
    let rule = format!("a mapping of at most {MOST_HEADERS} headers, each with its value");
    let object = Object::open(faults, &path, value, &rule)?;
    if object.entries().len() > MOST_HEADERS {
        faults.add(path, shown(value), rule);
        return None;
    }
    let (mut read, mut names, mut is_right) = (BTreeMap::new(), BTreeSet::new(), true);
    for (name, _) in object.entries() {
        let lower = name.to_ascii_lowercase();
        if !is_token(name) || RESERVED_HEADERS.contains(&lower.as_str()) {
            let rule = format!("the name of a header, other than {}", RESERVED_HEADERS.join(", "));
            faults.add(object.path(name), quoted(name), rule);
            is_right = false;
        } else if !names.insert(lower.clone()) {
            faults.add(object.path(name), quoted(name), "each header once, in capitals or not");
            is_right = false;
        }
        let Some(text) = object.text(faults, name, &HEADER) else {
            is_right = false;
            continue;
        };
        if SECRET_HEADERS.iter().any(|word| lower.contains(word)) && !has_secret(&text) {
            faults.add(
                object.path(name),
                format!("(text of {} characters, not shown)", text.chars().count()),
                "its secret as ${secret:NAME} or ${secret:NAME:KEY}, since descriptors are stored and shown",
            );
            is_right = false;
        }
        read.insert(name.clone(), text);
    }
    is_right.then_some(Some(read))
}

/// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>.
fn is_token(name: &str) -> bool {
    (1..=100).contains(&name.len()) && formats::plain(name, "!#$%&'*+-.^_`|~")
}

/// Null if absent.
fn body(faults: &mut Faults, object: &Object<'_>) -> Option<Value> {
    let Some(value) = object.get("body") else {
        return Some(Value::Null);
    };
    let is_sendable = value.is_string() || value.is_object() || value.is_array();
    let is_well_formed =
        texts(value).into_iter().all(has_secrets_alone) && !keys(value).into_iter().any(|key| key.contains("${"));
    let fits = is_sendable && is_well_formed && value.to_string().len() <= LARGEST_BODY;
    if !fits {
        let found = match value.as_str() {
            Some(text) => format!("(text of {} characters, not shown)", text.chars().count()),
            None => shown(value),
        };
        faults.add(
            object.path("body"),
            found,
            format!(
                "a mapping or list, which is sent as JSON, or a text; of at most {LARGEST_BODY} bytes, with secrets in its values as \
                 ${{secret:NAME}} or ${{secret:NAME:KEY}}"
            ),
        );
    }
    fits.then(|| value.clone())
}

/// From the beginning of a URL to the end of its host.
fn host_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    &url[..end]
}
