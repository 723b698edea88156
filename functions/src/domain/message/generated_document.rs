//! Documents that the tests generate, for a reviewer to read: `HOLDFAST_WRITE=1 cargo test` writes them again.
#![allow(clippy::unwrap_used)]

use std::path::Path;

/// Checks that the document `docs/<name>` is what the code says now.
pub fn assert_written(name: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("HOLDFAST_WRITE").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let read = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = generated
        .lines()
        .zip(read.lines())
        .find(|(generated, read)| generated != read);
    assert!(
        generated == read,
        "docs/{name} differs from the code: {differs:?}. Write it again (HOLDFAST_WRITE=1) and read it"
    );
}
