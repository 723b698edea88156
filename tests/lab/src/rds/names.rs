//! Identifiers: what RDS accepts, how it stores them, and their ARNs.

use super::fault::{Fault, Result};

/// A new identifier in lower case. 1 to 63 letters, digits and hyphens, a letter first, no hyphen last, none doubled.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn new_identifier(parameter: &str, text: &str) -> Result<String> {
    let id = text.to_ascii_lowercase();
    let valid = (1..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !id.ends_with('-')
        && !id.contains("--");
    if valid {
        return Ok(id);
    }
    Err(Fault::value(format!(
        "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; must not end with a hyphen or contain two consecutive hyphens; and have at most 63 characters."
    )))
}

/// The identifier in a name or an ARN, in lower case: `arn:aws:rds:us-east-1:0:cluster:Hubs` is `hubs`.
/// `kind` is the ARN's resource type (`cluster`, `cluster-snapshot`, `db`).
#[must_use]
pub fn identifier(kind: &str, text: &str) -> String {
    let mut parts = text.splitn(7, ':');
    let is_arn = parts.next() == Some("arn") && parts.nth(4) == Some(kind);
    let name = if is_arn { parts.next().unwrap_or("") } else { text };
    name.to_ascii_lowercase()
}

/// Type and name in an RDS ARN.
#[must_use]
pub fn arn_parts(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(7, ':');
    if parts.next() != Some("arn") || parts.nth(1) != Some("rds") {
        return None;
    }
    Some((parts.nth(2)?, parts.next()?))
}

/// Checks a master user's name: 1 to 63 letters, digits and underscores, a letter first, no reserved word.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn master_username(name: &str) -> Result<String> {
    let plain = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let reserved = ["rdsadmin", "admin", "rds_superuser", "rdsrepladmin"].contains(&name);
    if plain && !reserved && !name.starts_with("pg_") {
        return Ok(name.to_owned());
    }
    Err(Fault::value(format!(
        "MasterUsername {name} cannot be used as it is a reserved word used by the engine or not a valid name"
    )))
}

/// Checks a master password: 8 to 41 printable ASCII characters without `/`, `"`, `@` and space.
///
/// # Errors
/// `InvalidParameterValue`, without the password.
pub fn master_password(password: &str) -> Result<String> {
    let plain = password.chars().all(|c| c.is_ascii_graphic() && !"/\"@".contains(c));
    if plain && (8..=41).contains(&password.len()) {
        return Ok(password.to_owned());
    }
    Err(Fault::value(
        "The parameter MasterUserPassword is not a valid password. Only 8 to 41 printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
    ))
}

/// Checks a database's name: 1 to 63 letters, digits and underscores, a letter first.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn database_name(name: &str) -> Result<String> {
    let plain = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        return Ok(name.to_owned());
    }
    Err(Fault::value(format!(
        "DatabaseName {name} must begin with a letter and contain only alphanumeric characters."
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn identifiers_are_lowered_and_checked() {
        assert_eq!(new_identifier("Id", "Hubs-Prod-1").unwrap(), "hubs-prod-1");
        assert_eq!(new_identifier("Id", &"a".repeat(63)).unwrap().len(), 63);
        for wrong in ["", "1a", "a-", "a--b", "a_b", "ä", "rds:a", &"a".repeat(64)] {
            let fault = new_identifier("Id", wrong).unwrap_err();
            assert_eq!(fault.code, "InvalidParameterValue", "{wrong}");
        }
    }

    #[test]
    fn an_arn_stands_for_its_identifier_only_if_its_type_fits() {
        assert_eq!(
            identifier("cluster", "arn:aws:rds:us-east-1:000000000000:cluster:Hubs"),
            "hubs"
        );
        assert_eq!(
            identifier("cluster-snapshot", "arn:aws:rds:us-east-1:0:cluster-snapshot:rds:a-b"),
            "rds:a-b"
        );
        assert_eq!(identifier("cluster", "HUBS"), "hubs");
        assert!(identifier("cluster", "arn:aws:rds:us-east-1:0:db:x").starts_with("arn:"));
        assert_eq!(arn_parts("arn:aws:rds:us-east-1:0:pg:x"), Some(("pg", "x")));
        assert_eq!(arn_parts("arn:aws:backup:us-east-1:0:pg:x"), None);
    }

    #[test]
    fn passwords_and_user_names_follow_the_rules() {
        assert!(master_password("s3cret-s3cret").is_ok());
        for wrong in ["short", "with/slash-1", "with@at-sign", "with space 1", &"x".repeat(42)] {
            let fault = master_password(wrong).unwrap_err();
            assert!(!fault.message.contains(wrong));
        }
        assert!(master_username("postgres").is_ok());
        assert!(master_username("rdsadmin").is_err() && master_username("1a").is_err());
    }
}
