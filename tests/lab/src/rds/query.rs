//! Parameters of an AWS Query call: a form whose names are paths, such as `Tags.Tag.1.Key`.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;

use super::fault::{Fault, Result};

/// The parameters, or those below one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a form (`a=1&b=%20`); names that repeat keep the last value.
    #[must_use]
    pub fn read(form: &str) -> Self {
        let pairs = form.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// A parameter's text; an empty one counts as absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A required parameter.
    ///
    /// # Errors
    /// `MissingParameter`.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.text(name).ok_or_else(|| {
            Fault::new(
                "MissingParameter",
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// A number, or anything that can be parsed from text.
    ///
    /// # Errors
    /// `InvalidParameterValue` if it isn't one.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Fault::value(format!("Invalid value for {name}: {text}")))
            })
            .transpose()
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// `InvalidParameterValue` for anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.text(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(Fault::value(format!("{name} is {text}: it must be true or false"))),
        }
    }

    /// A time in ISO 8601.
    ///
    /// # Errors
    /// `InvalidParameterValue` if it isn't one.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>> {
        self.number(name)
    }

    /// The texts of a list, in order, with any member name: `Ids.member.1` or `Ids.VpcSecurityGroupId.1`.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        self.members(name)
            .into_values()
            .filter_map(|member| member.0.get("").cloned())
            .collect()
    }

    /// The texts of a list, `None` if it has none.
    #[must_use]
    pub fn given_list(&self, name: &str) -> Option<Vec<String>> {
        Some(self.list(name)).filter(|list| !list.is_empty())
    }

    /// The structures of a list, in order.
    #[must_use]
    pub fn structures(&self, name: &str) -> Vec<Query> {
        self.members(name).into_values().collect()
    }

    /// The parameters below `name.`, `None` if there are none.
    #[must_use]
    pub fn structure(&self, name: &str) -> Option<Query> {
        let below = self.below(name);
        (!below.0.is_empty()).then_some(below)
    }

    fn below(&self, name: &str) -> Query {
        let prefix = format!("{name}.");
        let below = self
            .0
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix));
        Query(
            below
                .map(|(key, value)| (key[prefix.len()..].to_owned(), value.clone()))
                .collect(),
        )
    }

    /// A list's members by their number. The value at `<list>.<member name>.<n>` itself has the name "".
    fn members(&self, name: &str) -> BTreeMap<u32, Query> {
        let mut members: BTreeMap<u32, Query> = BTreeMap::new();
        for (key, value) in self.below(name).0 {
            // The member's name may be missing (flattened lists): then the number comes first.
            let path = match key.split_once('.') {
                Some((first, rest)) if first.parse::<u32>().is_err() => rest,
                _ => key.as_str(),
            };
            let (number, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Ok(number) = number.parse() {
                members.entry(number).or_default().0.insert(rest.to_owned(), value);
            }
        }
        members
    }
}

/// Decodes percent-encoding and `+`; bytes that aren't UTF-8 become replacement characters.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let code = std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|d| u8::from_str_radix(d, 16).ok());
                match code {
                    Some(code) => bytes.push(code),
                    None => bytes.extend([b"%".as_slice(), &digits].concat()),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lists_and_structures_are_found_whatever_their_members_are_called() {
        let form = "Ids.VpcSecurityGroupId.2=b&Ids.VpcSecurityGroupId.1=a&Ids.VpcSecurityGroupId.10=c\
                    &Tags.member.1.Key=k%20y&Tags.member.1.Value=v%2B1+2&S.Min=0.5&Empty=";
        let query = Query::read(form);
        assert_eq!(query.list("Ids"), ["a", "b", "c"]);
        let tags = query.structures("Tags");
        assert_eq!(
            (tags[0].text("Key"), tags[0].text("Value")),
            (Some("k y"), Some("v+1 2"))
        );
        assert_eq!(query.structure("S").unwrap().number::<f64>("Min").unwrap(), Some(0.5));
        assert_eq!(query.text("Empty"), None);
        assert!(query.structure("Nothing").is_none());
    }

    #[test]
    fn wrong_values_are_faults_that_name_the_parameter() {
        let query = Query::read("Port=x&Flag=perhaps&At=yesterday&Bad=%zz");
        assert!(query.number::<u16>("Port").unwrap_err().message.contains("Port"));
        assert!(query.flag("Flag").unwrap_err().message.contains("Flag"));
        assert_eq!(query.time("At").unwrap_err().code, "InvalidParameterValue");
        assert_eq!(query.required("Other").unwrap_err().code, "MissingParameter");
        assert_eq!(query.text("Bad"), Some("%zz"));
    }
}
