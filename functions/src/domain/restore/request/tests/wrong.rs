//! Wrong requests, each with exactly what it is told.

use super::*;

const NAME: &str =
    "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen";
const SUFFIX: &str =
    "1 to 24 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen";
const SET: &str = "newest, or the id of a set such as hubs-prod-20261120-021500-630a";
const TIME: &str = "a time with its zone such as 2026-11-20T02:15:00Z or 2026-11-20T03:15:00+01:00";
const LIST: &str = "a list of 1 to 200 resources such as [\"database\"]";
const RESOURCE: &str = "the name of a resource such as database, or of a table of a prefix such as tables.hubs-rooms";
const COPY: &str = "a name for the copy: 1 to 255 letters, digits, hyphens, underscores and dots";
const BY_RESOURCE: &str = "a mapping from the names of resources";
const BOOL: &str = "true or false, without quotes";
const CUT_OVER: &str = "one of \"yes\", \"no\", \"ask\"";
const APPROVAL: &str = "one of \"required\", \"none\"";
const ON_FAILURE: &str = "one of \"undo\", \"keep\"";
const PURPOSE: &str = "one of \"restore\"";
const SOURCE: &str = "one of \"catalog\", \"retained\"";
const INTO: &str = "one of \"directory\", \"file_system\"";
const UNKNOWN: &str = "one of the fields deployment, purpose, set, before, at, only, except, suffix, names, into, \
                       instance_classes, ca_certificates, cut_over, approval, safety_backup, dry_run, on_failure, source";
const ONE_OF_THREE: &str = "only one of set, before and at";

/// What each field may hold, the JSON types that it takes, and texts that are refused although they are texts.
const FIELDS: [(&str, &str, &[&str], &[&str]); 18] = [
    (
        "deployment",
        NAME,
        &["text"],
        &[
            "",
            "Hubs",
            "hubs--prod",
            "-hubs",
            "hubs-",
            "1hubs",
            "hubs prod",
            "hübs",
            "hubs_prod",
            "hubs.prod",
        ],
    ),
    ("purpose", PURPOSE, &["text"], &["", "backup", "drill"]),
    (
        "set",
        SET,
        &["text"],
        &[
            "",
            "latest",
            "Newest",
            "newest ",
            "hubs",
            "hubs-20261120",
            "hubs-20261120-021500",
            "hubs-20261120-021500-630",
            "hubs-20261120-021500-630A",
            "hubs-2026112-021500-630a",
            "hubs-20261120-02150-630a",
            "20261120-021500-630a",
            "Hubs-20261120-021500-630a",
            "hubs-20261120-021500-630ab",
        ],
    ),
    (
        "before",
        TIME,
        &["text"],
        &[
            "",
            "now",
            "yesterday",
            "2 hours ago",
            "1795140900",
            "2026-11-20T02:15Z",
            "2026-11-20t02:15:00Z",
            "2026-11-20T02:15:00z",
            "2026-11-20 02:15:00Z",
            "2026-11-20T02:15:00+0100",
            "2026-11-20T02:15:00+01",
            "2026-13-20T02:15:00Z",
            "2026-11-31T02:15:00Z",
            "2026-11-20T24:15:00Z",
            "2026-11-20T02:15:00.Z",
            "2026-11-20T02:15:00.1234567890Z",
            "2026-11-20T02:15:00+01:00[Europe/Berlin]",
            "2026-11-20T02:15:00 CET",
            "20.11.2026 02:15",
            "20261120T021500Z",
        ],
    ),
    (
        "at",
        TIME,
        &["text"],
        &[
            "",
            "midnight",
            "02:15:00Z",
            "2026-11-20T02:15:60.5.5Z",
            "2026-02-29T00:00:00Z",
            "26-11-20T02:15:00Z",
            "newest",
        ],
    ),
    ("only", LIST, &["list"], &["", "database", "all"]),
    ("except", LIST, &["list"], &["", "database", "none"]),
    (
        "suffix",
        SUFFIX,
        &["text"],
        &[
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "1a",
            "a_b",
            "a.b",
            "é",
            "abcdefghijklmnopqrstuvwxy",
        ],
    ),
    ("names", BY_RESOURCE, &["map"], &["", "hubs-db-2"]),
    ("into", BY_RESOURCE, &["map"], &["", "directory"]),
    ("instance_classes", BY_RESOURCE, &["map"], &["", "db.r7g.large"]),
    ("ca_certificates", BY_RESOURCE, &["map"], &["", "rds-ca-rsa2048-g1"]),
    ("cut_over", CUT_OVER, &["text"], &["", "maybe", "sure", "true", "later"]),
    ("approval", APPROVAL, &["text"], &["", "please", "on-call", "true"]),
    ("safety_backup", BOOL, &["bool"], &["", "true", "yes"]),
    ("dry_run", BOOL, &["bool"], &["", "false", "no"]),
    ("on_failure", ON_FAILURE, &["text"], &["", "retry", "stop"]),
    ("source", SOURCE, &["text"], &["", "backup", "aws"]),
];

/// A value of each JSON type, and how a fault shows it.
fn of_each_type() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("null", json!(null), "null"),
        ("bool", json!(true), "true"),
        ("number", json!(7), "7"),
        ("fraction", json!(1.5), "1.5"),
        ("empty list", json!([]), "[]"),
        ("list", json!(["database"]), "a list with 1 entry"),
        ("map", json!({"database": "x", "y": 1}), "a mapping with 2 fields"),
    ]
}

fn told(path: &str, value: &str, rule: &str) -> String {
    format!("{path}: {value} is not allowed; expected {rule}")
}

fn with(field: &str, value: Value) -> Value {
    let mut request = json!({"deployment": "hubs"});
    request[field] = value;
    request
}

/// Every field with every type that it does not take, and with texts that are none of its own.
fn by_field() -> Vec<(Value, Vec<String>)> {
    let mut cases = Vec::new();
    for (field, rule, takes, texts) in FIELDS {
        for (kind, value, shown) in of_each_type() {
            if !takes.contains(&kind) {
                cases.push((with(field, value), vec![told(field, shown, rule)]));
            }
        }
        for text in texts {
            cases.push((
                with(field, json!(text)),
                vec![told(field, &format!("\"{text}\""), rule)],
            ));
        }
    }
    cases
}

/// Elements of lists and mappings.
fn inside() -> Vec<(Value, Vec<String>)> {
    let mut cases = Vec::new();
    for field in ["only", "except"] {
        for (_, value, shown) in of_each_type() {
            cases.push((
                with(field, json!([value])),
                vec![told(&format!("{field}[0]"), shown, RESOURCE)],
            ));
        }
        for text in [
            "",
            "Database",
            "data base",
            "database.",
            ".hubs",
            "database.a",
            "tables.a b",
            "*",
        ] {
            let shown = format!("\"{text}\"");
            cases.push((
                with(field, json!(["rooms", text])),
                vec![told(&format!("{field}[1]"), &shown, RESOURCE)],
            ));
        }
        let twice = json!(["rooms", "database", "rooms"]);
        cases.push((
            with(field, twice),
            vec![told(&format!("{field}[2]"), "\"rooms\"", "each resource once")],
        ));
        let many: Vec<String> = (0..201).map(|index| format!("r{index}")).collect();
        cases.push((
            with(field, json!(many)),
            vec![told(field, "a list with 201 entries", LIST)],
        ));
    }
    for (field, rule) in [("names", COPY), ("into", INTO)] {
        for (_, value, shown) in of_each_type() {
            cases.push((
                with(field, json!({"database": value})),
                vec![told(&format!("{field}.database"), shown, rule)],
            ));
        }
        for text in ["", "a b", "a/b", "é", "a\"b"] {
            let shown = serde_json::to_string(text).unwrap();
            cases.push((
                with(field, json!({"database": text})),
                vec![told(&format!("{field}.database"), &shown, rule)],
            ));
        }
        let right = if field == "into" { "directory" } else { "hubs-x" };
        for (name, path) in [("", "\"\""), ("Data", "Data"), ("a b", "\"a b\""), ("a.b", "\"a.b\"")] {
            let shown = format!("\"{name}\"");
            cases.push((
                with(field, json!({name: right})),
                vec![told(&format!("{field}.{path}"), &shown, RESOURCE)],
            ));
        }
    }
    cases
}

/// Times without a zone are told how to be written.
fn local_times() -> Vec<(Value, Vec<String>)> {
    let mut cases = Vec::new();
    for (local, utc) in [
        ("2026-11-20T02:15:00", "2026-11-20T02:15:00Z"),
        ("2026-11-20 02:15:00", "2026-11-20T02:15:00Z"),
        ("2026-11-20T02:15", "2026-11-20T02:15:00Z"),
        ("2026-11-20 02:15", "2026-11-20T02:15:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T02:15:00.75", "2026-11-20T02:15:00Z"),
    ] {
        let rule = format!("a time with its zone: {utc} if UTC is meant");
        for field in ["before", "at"] {
            cases.push((
                with(field, json!(local)),
                vec![told(field, &format!("\"{local}\""), &rule)],
            ));
        }
    }
    cases
}

/// Fields that exclude each other.
fn together() -> Vec<(Value, Vec<String>)> {
    let time = json!("2026-11-20T02:15:00Z");
    let shown = "\"2026-11-20T02:15:00Z\"";
    let id = "hubs-20261120-021500-630a";
    let hubs = |fields: Value| {
        let mut request = fields;
        request["deployment"] = "hubs".into();
        request
    };
    let retained = "no such field with \"source\": \"retained\", which reads no set; a moment goes into at";
    let nothing_left = "false with \"source\": \"retained\": what is deleted cannot be backed up";
    let only = "either only or except, not both";
    let other = "a set of hubs, whose id begins so";
    vec![
        (
            hubs(json!({"set": id, "before": time})),
            vec![told("before", shown, ONE_OF_THREE)],
        ),
        (
            hubs(json!({"set": "newest", "before": time})),
            vec![told("before", shown, ONE_OF_THREE)],
        ),
        (
            hubs(json!({"set": id, "at": time})),
            vec![told("at", shown, ONE_OF_THREE)],
        ),
        (
            hubs(json!({"before": time, "at": time})),
            vec![told("at", shown, ONE_OF_THREE)],
        ),
        (
            hubs(json!({"set": id, "before": time, "at": time})),
            vec![told("before", shown, ONE_OF_THREE), told("at", shown, ONE_OF_THREE)],
        ),
        (
            hubs(json!({"set": "x", "at": "now"})),
            vec![
                told("set", "\"x\"", SET),
                told("at", "\"now\"", TIME),
                told("at", "\"now\"", ONE_OF_THREE),
            ],
        ),
        (
            hubs(json!({"only": ["a"], "except": ["b"]})),
            vec![told("except", "a list with 1 entry", only)],
        ),
        (
            hubs(json!({"only": "a", "except": "b"})),
            vec![
                told("only", "\"a\"", LIST),
                told("except", "\"b\"", LIST),
                told("except", "\"b\"", only),
            ],
        ),
        (
            hubs(json!({"source": "retained", "set": id})),
            vec![told("set", &format!("\"{id}\""), retained)],
        ),
        (
            hubs(json!({"source": "retained", "set": "newest"})),
            vec![told("set", "\"newest\"", retained)],
        ),
        (
            hubs(json!({"source": "retained", "before": time})),
            vec![told("before", shown, retained)],
        ),
        (
            hubs(json!({"source": "retained", "safety_backup": true})),
            vec![told("safety_backup", "true", nothing_left)],
        ),
        (
            hubs(json!({"set": "other-20261120-021500-630a"})),
            vec![told("set", "\"other-20261120-021500-630a\"", other)],
        ),
        (
            hubs(json!({"set": "hubs-prod-20261120-021500-630a"})),
            vec![told("set", "\"hubs-prod-20261120-021500-630a\"", other)],
        ),
        (
            json!({"deployment": 7, "set": 7, "before": 7, "only": 7, "suffix": 7, "dry_run": 7}),
            vec![
                told("deployment", "7", NAME),
                told("set", "7", SET),
                told("before", "7", TIME),
                told("before", "7", ONE_OF_THREE),
                told("only", "7", LIST),
                told("suffix", "7", SUFFIX),
                told("dry_run", "7", BOOL),
            ],
        ),
    ]
}

/// Fields that there are not, and words that are nearly right.
fn mistyped() -> Vec<(Value, Vec<String>)> {
    let mut cases = Vec::new();
    for (field, guess) in [
        ("Set", "; did you mean set?"),
        ("cutover", "; did you mean cut_over?"),
        ("cut-over", "; did you mean cut_over?"),
        ("dryRun", "; did you mean dry_run?"),
        ("dry-run", "; did you mean dry_run?"),
        ("safetyBackup", "; did you mean safety_backup?"),
        ("onFailure", "; did you mean on_failure?"),
        ("exept", "; did you mean except?"),
        ("name", "; did you mean names?"),
        ("sufix", "; did you mean suffix?"),
        ("befor", "; did you mean before?"),
        ("sources", "; did you mean source?"),
        ("time", ""),
        ("point", ""),
        ("region", ""),
        ("force", "; did you mean source?"),
        ("yes", ""),
    ] {
        cases.push((
            with(field, json!("x")),
            vec![told(field, "\"x\"", &format!("{UNKNOWN}{guess}"))],
        ));
    }
    for (field, value, shown) in [
        ("password", json!("hunter2"), "(text of 7 characters, not shown)"),
        ("api_key", json!(1234), "(number, not shown)"),
        ("token", json!("AQCEAAAA"), "(text of 8 characters, not shown)"),
        (
            "database_url",
            json!("postgres://u:p@h/d"),
            "(text of 18 characters, not shown)",
        ),
        ("dsn", json!(["postgres://u:p@h/d"]), "a list with 1 entry"),
    ] {
        cases.push((with(field, value), vec![told(field, shown, UNKNOWN)]));
    }
    for (field, word, meant, rule) in [
        ("cut_over", "Ask", "ask", CUT_OVER),
        ("cut_over", "yess", "yes", CUT_OVER),
        ("approval", "require", "required", APPROVAL),
        ("on_failure", "undoo", "undo", ON_FAILURE),
        ("on_failure", "keeps", "keep", ON_FAILURE),
        ("source", "retain", "retained", SOURCE),
        ("source", "Catalog", "catalog", SOURCE),
    ] {
        let rule = format!("{rule}; did you mean {meant}?");
        cases.push((
            with(field, json!(word)),
            vec![told(field, &format!("\"{word}\""), &rule)],
        ));
    }
    let rule = format!("{INTO}; did you mean file_system?");
    cases.push((
        with("into", json!({"storage": "filesystem"})),
        vec![told("into.storage", "\"filesystem\"", &rule)],
    ));
    // A connection string in any field shows its scheme alone.
    cases.push((
        with("suffix", json!("postgres://u:hunter2@h")),
        vec![told("suffix", "\"postgres://…\"", SUFFIX)],
    ));
    cases
}

/// Inputs that are no mapping, or have no deployment.
fn documents() -> Vec<(Value, Vec<String>)> {
    let input = r#"an input such as {"deployment": "hubs-prod"}"#;
    let mut cases: Vec<(Value, Vec<String>)> = of_each_type()
        .into_iter()
        .filter(|(kind, ..)| *kind != "map")
        .map(|(_, value, shown)| (value, vec![told("(document)", shown, input)]))
        .collect();
    cases.push((json!("hubs"), vec![told("(document)", "\"hubs\"", input)]));
    cases.push((json!({}), vec![told("deployment", "(missing)", NAME)]));
    cases.push((json!({"set": "newest"}), vec![told("deployment", "(missing)", NAME)]));
    cases
}

#[test]
fn wrong_requests_are_told_exactly_what_is_wrong() {
    let cases = [by_field(), inside(), local_times(), together(), mistyped(), documents()].concat();
    let mut wrong = String::new();
    for (request, faults) in &cases {
        let error = RestoreRequest::parse(request).expect_err(&request.to_string());
        assert_eq!(error.name(), "InvalidInput");
        if error.to_string() != faults.join("\n") {
            wrong.push_str(&format!("{request}\n{error}\nand not\n{}\n\n", faults.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases.len() >= 300, "{} cases", cases.len());
}

#[test]
fn wrong_undo_requests_are_told_exactly_what_is_wrong() {
    const RESTORE: &str = "the id of a restore such as hubs-prod-20261120-021500-630a";
    let input = r#"an input such as {"deployment": "hubs-prod", "restore": "hubs-prod-20261120-021500-630a"}"#;
    let id = "hubs-20261120-021500-630a";
    let mut cases: Vec<(Value, Vec<String>)> = Vec::new();
    for (kind, value, shown) in of_each_type() {
        cases.push((
            json!({"deployment": "hubs", "restore": value}),
            vec![told("restore", shown, RESTORE)],
        ));
        cases.push((
            json!({"deployment": value, "restore": id}),
            vec![told("deployment", shown, NAME)],
        ));
        if kind != "map" {
            cases.push((value, vec![told("(document)", shown, input)]));
        }
    }
    for text in ["", "newest", "hubs", "hubs-20261120-021500", "r20261120-021500"] {
        cases.push((
            json!({"deployment": "hubs", "restore": text}),
            vec![told("restore", &format!("\"{text}\""), RESTORE)],
        ));
    }
    cases.push((
        json!({}),
        vec![
            told("deployment", "(missing)", NAME),
            told("restore", "(missing)", RESTORE),
        ],
    ));
    cases.push((
        json!({"deployment": "hubs"}),
        vec![told("restore", "(missing)", RESTORE)],
    ));
    cases.push((
        json!({"deployment": "other", "restore": id}),
        vec![told(
            "restore",
            &format!("\"{id}\""),
            "a restore of other, whose id begins so",
        )],
    ));
    cases.push((
        json!({"deployment": "hubs", "restore": id, "dry_run": true}),
        vec![told("dry_run", "true", "one of the fields deployment, restore")],
    ));
    for (request, faults) in &cases {
        let error = UndoRequest::parse(request).expect_err(&request.to_string());
        assert_eq!(error.to_string(), faults.join("\n"), "{request}");
    }
}

/// A right request with up to three fields put in, most of them wrong.
pub fn near() -> impl Strategy<Value = Value> {
    let field = proptest::sample::select(FIELDS.map(|(field, ..)| field).to_vec());
    let text = proptest::sample::select(vec![
        "newest",
        "2026-11-20T02:15:00Z",
        "yes",
        "required",
        "undo",
        "retained",
        "hubs-prod-20261120-021500-630a",
        "database",
    ]);
    let value = prop_oneof![
        generated::anything(),
        text.clone().prop_map(Value::from),
        text.clone().prop_map(|text| json!([text])),
        (text.clone(), text).prop_map(|(key, text)| json!({key: text})),
        any::<bool>().prop_map(Value::from),
    ];
    let fields = proptest::collection::vec((field, value), 0..4);
    fields.prop_map(|fields| {
        let mut request = json!({"deployment": "hubs-prod", "restore": "hubs-prod-20261120-021500-630a"});
        if !fields.is_empty() {
            request.as_object_mut().unwrap().remove("restore");
        }
        for (field, value) in fields {
            request[field] = value;
        }
        request
    })
}
