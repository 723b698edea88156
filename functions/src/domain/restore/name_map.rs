//! What a setting says of its resource by name, said of the copy: ids, dimensions of metrics, ARNs.

#[cfg(test)]
mod tests;

use serde_json::Value;

/// Members in which a name alone stands for a resource, where scaling is described.
const NAMING: &[&str] = &["ResourceId", "ResourceLabel", "Value"];

/// In which a name stands in quotes: metric math.
const QUOTING: &[&str] = &["Expression"];

/// Old names with their new ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameMap {
    pairs: Vec<(String, String)>,
}

impl NameMap {
    /// With names, ids and ARNs; those that are not known (empty) are left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let known = |(from, to): &(String, String)| !from.is_empty() && !to.is_empty();
        Self {
            pairs: pairs.into_iter().filter(known).collect(),
        }
    }

    /// A value as it reads of the copy.
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

    /// A text that is a name or leads below it (`table/rooms/index/by-day`), or that has names in quotes.
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
