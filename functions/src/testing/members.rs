//! A configuration in which every member of the table is set.

use serde_json::{Value, json};

use crate::domain::restore::members::{self, LosslessValues, Member, MemberClass};

/// A value of a member that counts as set.
pub fn value(member: &Member) -> Value {
    match member.unless {
        LosslessValues::UpTo(usual) => json!(usual + 1.0),
        _ => json!(format!("a {}", member.name)),
    }
}

/// The configuration with a value at a path, in which `*` matches a list's only element.
pub fn with(mut configuration: Value, path: &str, value: Value) -> Value {
    let mut place = &mut configuration;
    for step in path.split('.') {
        if step == "*" {
            if !place.is_array() {
                *place = json!([null]);
            }
            place = &mut place[0];
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[step];
        }
    }
    *place = value;
    configuration
}

/// A configuration with every member of a kind.
pub fn everything(kind: &str) -> Value {
    let members = members::of(kind).filter(|member| member.class != MemberClass::Inside);
    members.fold(json!({}), |all, member| with(all, &member.path(), value(member)))
}
