//! Tags of any RDS resource.

use std::collections::BTreeMap;

use super::fault::{Fault, Result};
use super::query::Query;
use super::xml::Xml;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Maximum number of tags of a resource.
const MOST: usize = 50;

/// The tags of a request, `None` if it has no `Tags`.
///
/// # Errors
/// `InvalidParameterValue` if a key or value has a wrong length or a reserved prefix, or there are too many.
pub fn requested(query: &Query) -> Result<Option<Tags>> {
    let given = query.structures("Tags");
    if given.is_empty() {
        return Ok(None);
    }
    let mut tags = Tags::new();
    for tag in given {
        let key = tag.required("Key")?.to_owned();
        let value = tag.text("Value").unwrap_or("").to_owned();
        let reserved = ["aws:", "rds:"]
            .iter()
            .any(|prefix| key.to_ascii_lowercase().starts_with(prefix));
        if reserved || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(Fault::value(format!(
                "Invalid tag {key}: a key has 1 to 128 characters and doesn't begin with aws: or rds:, a value at most 256"
            )));
        }
        tags.insert(key, value);
    }
    checked(tags).map(Some)
}

/// The same tags, if they aren't too many.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn checked(tags: Tags) -> Result<Tags> {
    if tags.len() > MOST {
        return Err(Fault::value(format!(
            "A resource can have at most {MOST} tags, these are {}",
            tags.len()
        )));
    }
    Ok(tags)
}

/// Writes a `TagList`.
pub fn write(xml: &mut Xml, tags: &Tags) {
    xml.elements("TagList", "Tag", tags, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}
