//! The items that are exported and imported: about 300 bytes each, as of an application's table.

use std::io::{BufWriter, Write};

use anyhow::Result;

/// An item in DynamoDB's JSON.
pub fn item(number: usize) -> String {
    format!(
        r#"{{"id":{{"S":"room-{number:08}"}},"name":{{"S":"Room {number} of the house of {filler}"}},"size":{{"N":"{number}.25"}},"open":{{"BOOL":{open}}},"tags":{{"SS":["blue","room-{tag}"]}},"place":{{"M":{{"floor":{{"N":"{tag}"}},"door":{{"S":"{filler}"}}}}}},"visits":{{"L":[{{"N":"{number}"}},{{"NULL":true}}]}}}}"#,
        filler = "many windows, ".repeat(5),
        open = number.is_multiple_of(2),
        tag = number % 13,
    )
}

/// A file with so many items, in the order of a shuffled table.
pub fn write_file(name: &str, count: usize) -> Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(name)?);
    for number in 0..count {
        writeln!(file, "{{\"Item\":{}}}", item(number))?;
    }
    Ok(file.flush()?)
}

/// The bytes of so many items, as they are sent.
pub fn bytes(count: usize) -> usize {
    item(count / 2).len() * count
}
