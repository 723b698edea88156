#![allow(clippy::unwrap_used)]

use super::super::testing::{FakeTable, Faults, import_into, key_schema};
use super::super::value::Value;
use super::*;

struct Import {
    directory: tempfile::TempDir,
    table: Arc<FakeTable>,
}

impl Import {
    fn into(table: FakeTable) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            table: Arc::new(table),
        }
    }

    async fn run(&self, file: &str, manifest: Option<Manifest>) -> Result<Imported> {
        let description = self.table.describe().await.unwrap();
        self.run_as(&description, None, file, manifest).await
    }

    async fn run_as(
        &self,
        description: &Description,
        format: Option<Format>,
        file: &str,
        manifest: Option<Manifest>,
    ) -> Result<Imported> {
        let source = Source {
            name: "rooms.jsonl".into(),
            bytes: file.len() as u64,
            version: "1".into(),
            file: FileParts::new("rooms.jsonl", file.as_bytes()),
            manifest,
        };
        let files = SideFiles {
            rejected: self.path("rejected"),
            checkpoint: self.path("checkpoint"),
        };
        import_into(&self.table, description, format, source, &files).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn rejections(&self) -> Vec<(u64, String)> {
        let text = std::fs::read_to_string(self.path("rejected")).unwrap_or_default();
        let rejections = text
            .lines()
            .map(|line| serde_json::from_str::<Rejection>(line).unwrap());
        let mut rejections: Vec<_> = rejections.map(|rejection| (rejection.line, rejection.reason)).collect();
        rejections.sort();
        rejections
    }
}

#[tokio::test]
async fn every_rejected_item_is_listed_with_its_line_and_reason_and_the_others_are_written() {
    let large = "x".repeat(410 * 1024);
    let file = [
        r#"{"Item":{"id":{"S":"a"},"at":{"N":"1"}}}"#,
        "",
        r#"{"Item":{"id":{"S":""},"at":{"N":"1"}}}"#,
        r#"{"Item":{"at":{"N":"1"}}}"#,
        r#"{"Item":{"id":{"S":"b"},"at":{"S":"1"}}}"#,
        r#"{"Item":{"id":{"S":"c"},"at":{"N":"1"},"set":{"SS":[]}}}"#,
        &format!(r#"{{"Item":{{"id":{{"S":"d"}},"at":{{"N":"1"}},"x":{{"S":"{large}"}}}}}}"#),
        r#"{"Item":{"id":{"S":"e"},"#,
        r#"{"Item":{"id":{"S":"f"},"at":{"N":"1"}}}"#,
    ]
    .join("\n");
    let import = Import::into(FakeTable::new(Faults::default(), 1));
    let imported = import.run(&file, None).await.unwrap();
    let rejections = import.rejections();
    let expected = [
        (3, "\"id\" is empty"),
        (4, "\"id\" is missing"),
        (5, "\"at\" is of type S"),
        (6, "may not be empty"),
        (7, "bytes; DynamoDB allows 409600"),
        (8, "EOF"),
    ];
    assert_eq!(rejections.len(), expected.len(), "{rejections:?}");
    for ((line, reason), (expected_line, expected)) in rejections.iter().zip(expected) {
        assert!(
            *line == expected_line && reason.contains(expected),
            "{line}: {reason}, expected {expected_line}: {expected}"
        );
    }
    assert_eq!(imported.rejected, 6);
    assert_eq!(import.table.items().len(), 2);
    assert!(!import.path("checkpoint").exists());
}

#[tokio::test]
async fn of_two_items_with_one_key_the_later_one_wins_whatever_fails() {
    for seed in 0..20 {
        let faults = Faults {
            throttled: 20,
            unavailable: 10,
            lost: 10,
            unprocessed: 30,
            ..Faults::default()
        };
        let import = Import::into(FakeTable::new(faults, seed));
        let lines: Vec<String> = (0..300)
            .map(|n| format!(r#"{{"id":"item-{}","at":{}.0,"n":{n}}}"#, n % 7, n % 2))
            .collect();
        import.run(&lines.join("\n"), None).await.unwrap();
        let items = import.table.items();
        assert_eq!(items.len(), 14);
        for item in items.values() {
            let Value::N(n) = &item["n"] else { panic!("{item:?}") };
            let n: f64 = n.as_str().parse().unwrap();
            assert!(n >= 286.0, "seed {seed}: {item:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_its_manifest_says_is_no_success() {
    let lines: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"Item":{{"id":{{"S":"{n}"}},"at":{{"N":"1"}}}}}}"#))
        .collect();
    let mut digester = super::super::Digester::default();
    for line in &lines {
        digester.add(&Format::DynamodbJson.read_line(line.as_bytes()).unwrap());
    }
    let manifest = Manifest {
        version: Manifest::VERSION,
        table: "arn:x".into(),
        key: key_schema(),
        format: Format::DynamodbJson,
        compression: Default::default(),
        digest: digester.digest(),
        file_bytes: 0,
        left_out: 0,
        approximated: 0,
    };
    let import = || Import::into(FakeTable::new(Faults::default(), 1));
    assert!(
        import()
            .run(&lines.join("\n"), Some(manifest.clone()))
            .await
            .unwrap()
            .verified
    );
    let cut = import()
        .run(&lines[..99].join("\n"), Some(manifest.clone()))
        .await
        .unwrap_err();
    assert!(
        matches!(&cut, Error::Unverified(why) if why.contains("99 items") && why.contains("100 items")),
        "{cut}"
    );
    let changed = lines.join("\n").replace("\"57\"", "\"x7\"");
    assert!(matches!(
        import().run(&changed, Some(manifest.clone())).await,
        Err(Error::Unverified(_))
    ));
    // Of items that the file has only approximately, nothing but their number is compared.
    let approximate = Manifest {
        left_out: 3,
        approximated: 1,
        ..manifest.clone()
    };
    let imported = import().run(&lines.join("\n"), Some(approximate)).await.unwrap();
    assert_eq!(
        (imported.verified, imported.left_out, imported.approximated),
        (false, 3, 1)
    );
    let mut other = manifest;
    other.key.attributes.truncate(1);
    assert!(
        matches!(import().run(&lines.join("\n"), Some(other)).await, Err(Error::Invalid(why)) if why.contains("id (S), at (N)"))
    );
}

#[tokio::test]
async fn a_checkpoint_of_another_import_is_refused() {
    let line = r#"{"id":"a","at":1}"#;
    let import = Import::into(FakeTable::new(
        Faults {
            dies_after: Some(30),
            ..Faults::default()
        },
        1,
    ));
    let lines: Vec<String> = (0..1_000)
        .map(|n| line.replace("\"a\"", &format!("\"a{n}\"")))
        .collect();
    import.run(&lines.join("\n"), None).await.unwrap_err();
    assert!(import.path("checkpoint").exists());
    let before = import.table.requests();
    let description = import.table.describe().await.unwrap();
    let created_again = Description {
        id: "table-2".into(),
        ..description.clone()
    };
    let (whole, part) = (lines.join("\n"), lines[..50].join("\n"));
    for (description, format, file, why) in [
        (&description, None, &part, "Remove it"),
        (&created_again, None, &whole, "the table created again"),
        (
            &description,
            Some(Format::DynamodbJson),
            &whole,
            "begun with another format",
        ),
    ] {
        let error = import.run_as(description, format, file, None).await.unwrap_err();
        assert!(
            matches!(&error, Error::Invalid(said) if said.contains(why)),
            "{why}: {error}"
        );
    }
    assert_eq!(import.table.requests(), before);
    assert!(
        import.path("checkpoint").exists(),
        "what was refused lost the place of the import"
    );
}
