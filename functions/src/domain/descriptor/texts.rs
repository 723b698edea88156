//! Lists of texts in the fields of hooks and switches.

use super::reader::{Faults, Object, TextFormat, shown};

/// Entries of one list at most.
pub const MOST: usize = 50;

/// A list of texts of a format; empty if absent, `None` where there is a fault.
pub fn texts(faults: &mut Faults, object: &Object<'_>, field: &str, format: &TextFormat) -> Option<Vec<String>> {
    let Some(value) = object.get(field) else {
        return Some(Vec::new());
    };
    let Some(entries) = value.as_array().filter(|entries| (1..=MOST).contains(&entries.len())) else {
        faults.add(
            object.path(field),
            shown(value),
            format!("a list of 1 to {MOST} entries"),
        );
        return None;
    };
    let mut all = Some(Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match entry.as_str().filter(|text| (format.accepts)(text)) {
            Some(text) => {
                if let Some(all) = &mut all {
                    all.push(text.to_owned());
                }
            }
            None => {
                faults.add(format!("{}[{index}]", object.path(field)), shown(entry), format.rule);
                all = None;
            }
        }
    }
    all
}
