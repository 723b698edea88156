//! The input of `undo-restore` and of `undo-cut-over`.

use serde_json::Value;

use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, quoted};
use crate::error::{Error, Result};

/// Which restore is undone or switched back: `{"deployment": "hubs-prod", "restore": "hubs-prod-20261120-031500-9f2c"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoRequest {
    pub deployment: String,
    /// Id of the restore.
    pub restore: String,
}

const RESTORE: TextFormat = TextFormat {
    rule: "the id of a restore such as hubs-prod-20261120-021500-630a",
    accepts: formats::is_id,
    hidden: false,
};
const INPUT: &str = r#"an input such as {"deployment": "hubs-prod", "restore": "hubs-prod-20261120-021500-630a"}"#;

impl UndoRequest {
    /// Reads the input of an execution.
    ///
    /// # Errors
    /// `InvalidInput` with every fault: anything other than a mapping with `deployment` and the id of one of its restores.
    pub fn parse(input: &Value) -> Result<Self> {
        let mut faults = Faults::default();
        let request = Object::open(&mut faults, "", input, INPUT).and_then(|object| {
            object.only(&mut faults, &["deployment", "restore"]);
            let deployment = object.text(&mut faults, "deployment", &formats::NAME);
            let restore = object.text(&mut faults, "restore", &RESTORE);
            let (deployment, restore) = (deployment?, restore?);
            if !formats::is_id_of(&deployment, &restore) {
                let rule = format!("a restore of {deployment}, whose id begins with {deployment}");
                faults.add("restore", quoted(&restore), rule);
            }
            Some(Self { deployment, restore })
        });
        let faults = faults.finish();
        match request {
            Some(request) if faults.is_empty() => Ok(request),
            _ => Err(Error::InvalidInput(faults)),
        }
    }
}
