//! Shared by the Describe operations: filters and pages.

use super::fault::{Fault, Result};
use super::names;
use super::query::Query;
use super::xml::Xml;

/// A request's filters: name and accepted values.
pub struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads `Filters`, of which only the names in `known` are allowed.
    ///
    /// # Errors
    /// `InvalidParameterValue` for another name, or a filter without values.
    pub fn read(query: &Query, known: &[&str]) -> Result<Self> {
        let mut filters = Vec::new();
        for filter in query.structures("Filters") {
            let name = filter.required("Name")?.to_owned();
            if !known.contains(&name.as_str()) {
                return Err(Fault::value(format!("Unrecognized filter name: {name}")));
            }
            let values = filter.list("Values");
            if values.is_empty() {
                return Err(Fault::value(format!("The filter {name} has no values")));
            }
            filters.push((name, values));
        }
        Ok(Self(filters))
    }

    /// Whether something with this value passes the filters called `name`; ARNs of `kind` count as identifiers.
    #[must_use]
    pub fn pass(&self, name: &str, kind: &str, value: &str) -> bool {
        self.0.iter().filter(|(filter, _)| filter == name).all(|(_, accepted)| {
            accepted
                .iter()
                .any(|accepted| accepted == value || names::identifier(kind, accepted) == value)
        })
    }
}

/// One page of items, in the order of their keys, which markers name.
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    marker: Option<String>,
}

impl<T> Page<T> {
    /// The page that `MaxRecords` (20 to 100, by default 100) and `Marker` ask for.
    ///
    /// # Errors
    /// `InvalidParameterValue` if `MaxRecords` is out of range.
    pub fn of(query: &Query, items: impl IntoIterator<Item = (String, T)>) -> Result<Self> {
        let size: usize = query.number("MaxRecords")?.unwrap_or(100);
        if !(20..=100).contains(&size) {
            return Err(Fault::value(format!(
                "Invalid value {size} for MaxRecords. Must be between 20 and 100"
            )));
        }
        let after = query.text("Marker").unwrap_or("");
        let mut rest = items.into_iter().filter(|(key, _)| key.as_str() > after).peekable();
        let (mut page, mut last) = (Vec::new(), String::new());
        while page.len() < size
            && let Some((key, item)) = rest.next()
        {
            page.push(item);
            last = key;
        }
        let marker = rest.peek().is_some().then_some(last);
        Ok(Self { items: page, marker })
    }

    /// The response's result: the marker of the next page, and the list.
    pub fn write(self, list: &str, member: &str, write: impl FnMut(&mut Xml, T)) -> Xml {
        let mut xml = Xml::new();
        xml.maybe("Marker", self.marker);
        xml.elements(list, member, self.items, write);
        xml
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let all: Vec<(String, u32)> = (0..50).map(|n| (format!("k{n:02}"), n)).collect();
        let mut seen = Vec::new();
        let mut marker = String::new();
        loop {
            let query = Query::read(&format!("MaxRecords=20&Marker={marker}"));
            let page = Page::of(&query, all.clone()).unwrap();
            seen.extend(page.items);
            match page.marker {
                Some(next) => marker = next,
                None => break,
            }
        }
        assert_eq!(seen, (0..50).collect::<Vec<_>>());
        assert!(Page::of(&Query::read("MaxRecords=5"), all).is_err());
    }

    #[test]
    fn filters_accept_arns_and_refuse_unknown_names() {
        let query = Query::read(
            "Filters.Filter.1.Name=db-cluster-id&Filters.Filter.1.Values.Value.1=arn:aws:rds:us-east-1:0:cluster:a",
        );
        let filters = Filters::read(&query, &["db-cluster-id"]).unwrap();
        assert!(filters.pass("db-cluster-id", "cluster", "a"));
        assert!(!filters.pass("db-cluster-id", "cluster", "b"));
        assert!(filters.pass("engine", "", "anything"));
        assert!(Filters::read(&query, &["engine"]).is_err());
    }
}
