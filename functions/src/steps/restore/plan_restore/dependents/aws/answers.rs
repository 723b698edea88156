//! Helpers for responses in XML.

use roxmltree::Node;

use crate::error::Error;

pub fn named<'a, 'input>(of: Node<'a, 'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    of.descendants().filter(move |node| node.tag_name().name() == name)
}

pub fn unreadable(what: &str, error: &dyn std::error::Error) -> Error {
    Error::Unavailable(format!(
        "listing {what}: AWS's response cannot be read: {error}. Trying again may help"
    ))
}
