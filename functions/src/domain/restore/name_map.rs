//! Replaces the names of a source in captured settings by those of the copy: ids, dimensions of metrics, ARNs.

#[cfg(test)]
mod tests;

use serde_json::Value;

/// Members of scaling settings that contain a resource's plain name.
const NAMING: &[&str] = &["ResourceId", "ResourceLabel", "Value"];

/// Members that contain a name in quotes: metric math.
const QUOTING: &[&str] = &["Expression"];

/// Old names and their new ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameMap {
    pairs: Vec<(String, String)>,
}

impl NameMap {
    /// From pairs of names, ids and ARNs; unknown (empty) ones are left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let known = |(from, to): &(String, String)| !from.is_empty() && !to.is_empty();
        Self {
            pairs: pairs.into_iter().filter(known).collect(),
        }
    }

    /// A value with the names of the copy.
    pub fn applied(&self, value: &Value) -> Value {
        let mut value = value.clone();
        self.rename("", &mut value);
        value
    }

    fn rename(&self, member: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(renamed) = self.renamed(member, text) {
                    *text = renamed;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.rename(member, value)),
            Value::Object(members) => members.iter_mut().for_each(|(name, value)| self.rename(name, value)),
            _ => {}
        }
    }

    /// Replaces a name, or a path that begins with one (`table/rooms/index/by-day`), or names in quotes.
    fn renamed(&self, member: &str, text: &str) -> Option<String> {
        if QUOTING.contains(&member) {
            let mut quoting = text.to_owned();
            for (from, to) in &self.pairs {
                for quote in ['"', '\''] {
                    quoting = quoting.replace(&format!("{quote}{from}{quote}"), &format!("{quote}{to}{quote}"));
                }
            }
            return Some(quoting);
        }
        if !NAMING.contains(&member) && !text.starts_with("arn:") {
            return None;
        }
        self.pairs.iter().find_map(|(from, to)| {
            let rest = text.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        })
    }
}
