//! The login in a secret, under the key names that RDS, Secrets Manager's rotation functions and applications use.

use serde_json::{Map, Value};

/// A login read from a secret. It does not implement `Debug`, so that it is never shown.
pub struct Credentials {
    pub username: String,
    pub password: String,
    pub database: Option<String>,
    pub port: Option<u16>,
}

/// Names of the keys, compared without case, hyphens and underscores.
const USERNAME: &[&str] = &[
    "username",
    "user",
    "dbusername",
    "dbuser",
    "databaseusername",
    "databaseuser",
    "postgresuser",
    "pguser",
];
const PASSWORD: &[&str] = &[
    "password",
    "pass",
    "dbpassword",
    "dbpass",
    "databasepassword",
    "postgrespassword",
    "pgpassword",
];
const DATABASE: &[&str] = &[
    "dbname",
    "database",
    "databasename",
    "db",
    "dbdatabase",
    "postgresdb",
    "pgdatabase",
];
const PORT: &[&str] = &["port", "dbport", "databaseport", "postgresport", "pgport"];

/// The login in a secret's JSON object; otherwise what is missing, without any value.
pub fn credentials(text: &str) -> Result<Credentials, &'static str> {
    // The JSON parser's error may quote its input, so it is not passed on.
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err("a value that is not a JSON object");
    };
    let username = find(&object, USERNAME).and_then(text_of);
    let password = find(&object, PASSWORD).and_then(text_of);
    let port = find(&object, PORT).map(|value| match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|port| u16::try_from(port).ok()),
    });
    match (username, password, port) {
        (_, _, Some(None)) => Err("an invalid port"),
        (Some(username), Some(password), port) => Ok(Credentials {
            username,
            password,
            database: find(&object, DATABASE).and_then(text_of),
            port: port.flatten(),
        }),
        (None, None, _) => Err("neither a user name nor a password"),
        (None, ..) => Err("a password without a user name"),
        (_, None, _) => Err("a user name without a password"),
    }
}

/// The value of the first of these names that exists.
fn find<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let plain = |key: &str| key.replace(['-', '_'], "").to_ascii_lowercase();
    names.iter().find_map(|name| {
        object
            .iter()
            .find(|(key, _)| plain(key) == *name)
            .map(|(_, value)| value)
    })
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_login_is_read_under_the_names_that_applications_use() {
        for text in [
            r#"{"username":"app","password":"s3cret","dbname":"hubs","port":5433,"engine":"postgres"}"#,
            r#"{"DB_USER":"app","DB_PASSWORD":"s3cret","database":"x","DB_NAME":"hubs","DB_PORT":"5433"}"#,
            r#"{"PGUSER":"app","PGPASSWORD":"s3cret","PGDATABASE":"hubs","PGPORT":"5433"}"#,
        ] {
            let read = credentials(text).ok().unwrap();
            assert_eq!((read.username.as_str(), read.password.as_str()), ("app", "s3cret"));
            assert_eq!((read.database.as_deref(), read.port), (Some("hubs"), Some(5433)));
        }
        let bare = credentials(r#"{"username":"app","password":"s3cret"}"#).ok().unwrap();
        assert_eq!((bare.database, bare.port), (None, None));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_a_value() {
        for (text, expected) in [
            ("postgres://app:s3cret@host/db", "not a JSON object"),
            (r#"["s3cret"]"#, "not a JSON object"),
            (r#"{"host":"s3cret"}"#, "neither"),
            (r#"{"password":"s3cret"}"#, "without a user name"),
            (r#"{"username":"s3cret"}"#, "without a password"),
            (r#"{"username":"a","password":""}"#, "without a password"),
            (r#"{"username":"a","password":"b","port":"s3cret"}"#, "an invalid port"),
        ] {
            let why = credentials(text).err().unwrap();
            assert!(why.contains(expected) && !why.contains("s3cret"), "{why}");
        }
    }
}
