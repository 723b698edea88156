//! `sql`: a database of the deployment, closed to its application and opened again, or changed by statements of the owner.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::hook_surroundings::HookSurroundings;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, bare, shown};
use crate::domain::descriptor::texts::texts;
use crate::domain::descriptor::{Count, HookAction, HookPlace, Sql, formats, sql};
use crate::domain::kinds::{self, Counting, any_of};
use crate::domain::resource::Target;
use crate::domain::switches::{self, LoginSource};

/// As PostgreSQL's names, which have at most 63 bytes.
const ROLE: TextFormat = formats::visible(
    "the name of a role that exists in the database's server: 1 to 63 bytes without control characters, and not public",
    |text| (1..=63).contains(&text.len()) && !text.chars().any(char::is_control) && text != "public",
);

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn fields(&self) -> &'static [&'static str] {
        &[
            "resource",
            "database",
            "secret",
            "close",
            "except",
            "statements",
            "undo",
        ]
    }

    /// Sessions take a moment to end.
    fn is_polled(&self) -> bool {
        true
    }

    fn only_quiesces(&self, action: &HookAction) -> Option<&'static str> {
        matches!(action, HookAction::Sql(sql) if sql.close).then_some("sql with `close`")
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        let resource = object.text(faults, "resource", &formats::NAME);
        let database = object.optional_text(faults, "database", &formats::DATABASE);
        let secret = object.optional_text(faults, "secret", &formats::SECRET);
        let close = object.optional_bool(faults, "close").unwrap_or(false);
        let except = texts(faults, object, "except", &ROLE);
        let statements = texts(faults, object, "statements", &sql::CHANGE);
        let undo = texts(faults, object, "undo", &sql::CHANGE);
        let is_read = object.get("close").is_none_or(Value::is_boolean);
        if is_read && close == object.get("statements").is_some() {
            let found = if close { "both" } else { "(missing)" };
            faults.add(
                object.path("statements"),
                found,
                "either SQL statements, or `close: true`, not both",
            );
        }
        let unused = if close { "undo" } else { "except" };
        if let Some(value) = object.get(unused).filter(|_| is_read) {
            let rule = match close {
                true => "nothing: what `close` does is undone by itself",
                false => "nothing: it belongs to `close: true`",
            };
            faults.add(object.path(unused), shown(value), rule);
        }
        Some(HookAction::Sql(Sql {
            resource: resource?,
            database,
            secret,
            close,
            except: except?,
            statements: statements?,
            undo: undo?,
        }))
    }

    fn place(
        &self,
        faults: &mut Faults,
        path: &str,
        action: &HookAction,
        surroundings: &HookSurroundings<'_>,
    ) -> Option<HookPlace> {
        let HookAction::Sql(sql) = action else {
            return None;
        };
        let Some(found) = surroundings.resources.get(sql.resource.as_str()) else {
            refuse_resource(faults, path, &sql.resource, surroundings);
            return None;
        };
        // One that could not be read is a fault already.
        let target: &Target = (*found)?;
        if !has_rows(target) {
            refuse_resource(faults, path, &sql.resource, surroundings);
            return None;
        }
        let own = kinds::stateful(target).and_then(|kind| kind.own_login(target));
        let (secret, database) = match own {
            Some((own_secret, own_database)) => {
                let database = sql.database.as_deref().unwrap_or(own_database);
                if database != own_database {
                    let rule = "the resource's own database, or nothing";
                    faults.add(format!("{path}.database"), shown(&Value::from(database)), rule);
                }
                (sql.secret.as_deref().unwrap_or(own_secret), database)
            }
            None => {
                for (field, value, rule) in [
                    ("database", &sql.database, formats::DATABASE.rule),
                    ("secret", &sql.secret, formats::SECRET.rule),
                ] {
                    if value.is_none() {
                        faults.add(format!("{path}.{field}"), "(missing)", rule);
                    }
                }
                (sql.secret.as_deref()?, sql.database.as_deref()?)
            }
        };
        let probes = surroundings
            .probes
            .values()
            .filter(|probe| probe.resource == sql.resource);
        let others = probes.filter_map(|probe| match &probe.count {
            Count::Sql { secret, .. } => Some(secret.as_str()),
            Count::Items { .. } => None,
        });
        let mut others: Vec<String> = others.chain(own.map(|(secret, _)| secret)).map(str::to_owned).collect();
        others.sort();
        others.dedup();
        others.retain(|other| other != secret);
        let place = HookPlace {
            resource: sql.resource.clone(),
            target: target.clone(),
            database: database.to_owned(),
            secret: secret.to_owned(),
            others,
        };
        if sql.close {
            refuse_shared_login(faults, path, &place, surroundings);
        }
        Some(place)
    }

    fn closes<'a>(&self, action: &'a HookAction) -> Option<&'a str> {
        match action {
            HookAction::Sql(sql) if sql.close => Some(&sql.resource),
            _ => None,
        }
    }

    fn secret_mut<'a>(&self, action: &'a mut HookAction) -> Option<&'a mut String> {
        match action {
            HookAction::Sql(sql) => sql.secret.as_mut(),
            _ => None,
        }
    }

    fn has_undo(&self, action: &HookAction) -> bool {
        matches!(action, HookAction::Sql(sql) if sql.close || !sql.undo.is_empty())
    }

    fn is_gone(&self, seen: &Value) -> bool {
        seen["gone"] == true
    }

    fn as_gone(&self, mut last_seen: Value) -> Value {
        last_seen["gone"] = true.into();
        last_seen
    }

    /// A database is still closed if none of those from whom CONNECT was revoked has it: then it was open as recorded.
    fn before_rest(&self, _: &HookAction, earlier: &Value, seen: Value) -> Value {
        let (had, kept, has) = (&earlier["connect"], &earlier["kept"], &seen["connect"]);
        let contains = |list: &Value, role: &Value| list.as_array().is_some_and(|list| list.contains(role));
        let had = had.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut revoked = had.iter().filter(|role| !contains(kept, role)).peekable();
        let is_closed = revoked.peek().is_some() && !revoked.any(|role| contains(has, role));
        if !is_closed {
            return seen;
        }
        let mut before = earlier.clone();
        // Whom a person has let in since stays in.
        let now = has.as_array().map(Vec::as_slice).unwrap_or_default();
        let new = now.iter().filter(|role| !had.contains(role) && !contains(kept, role));
        before["connect"] = had.iter().chain(new).cloned().collect();
        before
    }

    fn undo_by_hand(&self, action: &HookAction, before: &Value) -> String {
        let HookAction::Sql(sql) = action else {
            return String::new();
        };
        let database = before["database"].as_str().or(sql.database.as_deref());
        let database = match database {
            Some(database) => format!("database {database} of resource {}", sql.resource),
            None => format!("the database of resource {}", sql.resource),
        };
        if !sql.close {
            let statements = if sql.undo.is_empty() {
                &sql.statements
            } else {
                &sql.undo
            };
            return format!("execute in {database}: {}", statements.join("; "));
        }
        let kept = before["kept"].as_array().map(Vec::as_slice).unwrap_or_default();
        let had = before["connect"].as_array().map(Vec::as_slice).unwrap_or_default();
        let roles: Vec<&str> = had
            .iter()
            .filter(|role| !kept.contains(role))
            .filter_map(Value::as_str)
            .collect();
        let roles = match roles.is_empty() {
            true => "the roles that had it".to_owned(),
            false => roles.join(", "),
        };
        format!("as its owner, connect to the server of {database} and grant CONNECT on it to {roles}")
    }
}

fn has_rows(target: &Target) -> bool {
    let counting = kinds::stateful(target).and_then(|kind| kind.counting());
    counting == Some(Counting::Rows)
}

fn refuse_resource(faults: &mut Faults, path: &str, resource: &str, surroundings: &HookSurroundings<'_>) {
    let all = surroundings.resources.iter();
    let fitting = all.filter(|(_, target)| target.is_some_and(has_rows));
    let fitting: Vec<String> = fitting.map(|(name, _)| bare(name)).take(20).collect();
    let names = if fitting.is_empty() {
        "there is none".to_owned()
    } else {
        fitting.join(", ")
    };
    let counts_rows = |kind: &dyn kinds::Profile| {
        let counting = kind.stateful().and_then(kinds::Stateful::counting);
        counting == Some(Counting::Rows)
    };
    faults.add(
        format!("{path}.resource"),
        shown(&Value::from(resource)),
        format!(
            "the name of a resource of kind {}: {names}",
            any_of(&kinds::names(counts_rows))
        ),
    );
}

/// Closing keeps Holdfast's own logins in, and with them an application that has the same.
fn refuse_shared_login(faults: &mut Faults, path: &str, place: &HookPlace, surroundings: &HookSurroundings<'_>) {
    let of_resource = surroundings
        .cut_over
        .iter()
        .filter(|switch| switch.resource == place.resource);
    for switch in of_resource {
        let source = switches::of(&switch.action).login(&switch.action);
        let secret = match (&switch.login, source) {
            (Some(login), _) => login.clone(),
            (None, LoginSource::Secret { secret, .. }) => secret,
            (None, LoginSource::MasterSecret | LoginSource::None) => continue,
        };
        if secret == place.secret || place.others.contains(&secret) {
            faults.add(
                format!("{path}.close"),
                format!("true, although switch {} has the secret of this hook, or of a probe,", switch.name),
                "a database in which the application logs in as another role than Holdfast, whose logins keep their access",
            );
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn closing() -> HookAction {
        HookAction::Sql(Sql {
            resource: "database".to_owned(),
            database: Some("app".to_owned()),
            secret: None,
            close: true,
            except: Vec::new(),
            statements: Vec::new(),
            undo: Vec::new(),
        })
    }

    #[test]
    fn a_database_that_an_earlier_run_left_closed_was_open() {
        let earlier = json!({"connect": ["app", "owner", "public"], "kept": ["owner", "probe"], "database": "app"});
        let before = |seen: Value| Kind.before_rest(&closing(), &earlier, seen);
        let closed = json!({"connect": ["owner", "probe"], "kept": ["owner", "probe"], "database": "app"});
        assert_eq!(before(closed), earlier);
        let with_new = before(json!({"connect": ["new", "owner", "probe"], "kept": ["owner", "probe"]}));
        assert_eq!(with_new["connect"], json!(["app", "owner", "public", "new"]));
        let by_hand = json!({"connect": ["app", "owner", "probe"], "kept": ["owner", "probe"]});
        assert_eq!(before(by_hand.clone()), by_hand, "a person has opened it by hand");
    }

    #[test]
    fn a_person_grants_what_was_revoked() {
        let before = json!({"connect": ["app", "owner", "public"], "kept": ["owner", "probe"], "database": "app"});
        let by_hand = Kind.undo_by_hand(&closing(), &before);
        assert!(by_hand.ends_with("grant CONNECT on it to app, public"), "{by_hand}");
        let unknown = Kind.undo_by_hand(&closing(), &Value::Null);
        assert!(
            unknown.contains("database app of resource database") && unknown.ends_with("the roles that had it"),
            "{unknown}"
        );
    }
}
