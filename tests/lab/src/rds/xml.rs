//! Responses in RDS's XML: elements in the order of the model, times in ISO 8601 with milliseconds.

use std::fmt::Display;

use jiff::Timestamp;

use crate::service::{Answer, xml_escape};

/// An XML writer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xml(String);

impl Xml {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An element with a text.
    pub fn text(&mut self, name: &str, value: impl Display) {
        let value = xml_escape(&value.to_string());
        self.0.push_str(&format!("<{name}>{value}</{name}>"));
    }

    /// An element with a text, or nothing.
    pub fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A time.
    pub fn time(&mut self, name: &str, time: Timestamp) {
        self.text(name, time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"));
    }

    /// An element with what `inside` writes.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        inside(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// A list of texts.
    pub fn texts<T: Display>(&mut self, name: &str, member: &str, values: impl IntoIterator<Item = T>) {
        self.element(name, |xml| {
            for value in values {
                xml.text(member, value);
            }
        });
    }

    /// A list of structures.
    pub fn elements<T>(
        &mut self,
        name: &str,
        member: &str,
        values: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for value in values {
                xml.element(member, |xml| write(xml, value));
            }
        });
    }

    /// Everything in `other`.
    pub fn append(&mut self, other: Self) {
        self.0.push_str(&other.0);
    }

    /// The whole response of an operation; `self` is its result.
    #[must_use]
    pub fn answer(self, action: &str) -> Answer {
        let id = crate::ids::uuid();
        Answer::xml(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{}</{action}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>",
            self.0
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn elements_nest_and_texts_are_escaped() {
        let mut xml = Xml::new();
        xml.element("DBCluster", |xml| {
            xml.text("Status", "a<b&c");
            xml.maybe("Port", None::<u16>);
            xml.time("At", "2026-01-02T03:04:05.678901Z".parse().unwrap());
            xml.texts("Zones", "Zone", ["a", "b"]);
        });
        let body = String::from_utf8(xml.answer("CreateDBCluster").body.to_vec()).unwrap();
        assert!(body.contains(
            "<CreateDBClusterResult><DBCluster><Status>a&lt;b&amp;c</Status><At>2026-01-02T03:04:05.678Z</At>\
             <Zones><Zone>a</Zone><Zone>b</Zone></Zones></DBCluster></CreateDBClusterResult>"
        ));
    }
}
