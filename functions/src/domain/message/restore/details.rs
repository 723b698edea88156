//! A restore in full: all that a message of it may have had no room for.

use super::{copies, facts};
use crate::domain::message::facts as common;
use crate::domain::message::layout::Section;
use crate::domain::message::{console_link, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan_table::table;
use crate::domain::restore::removable::removable;

/// Everything that the catalog holds of a restore, for people: nothing is cut. Never a question's token.
pub fn full_details(record: &RestoreRecord, items: &[RestoreItem]) -> String {
    let mut sections = vec![
        Section::list("Why, or what to look at", common::reasons(&record.reasons)),
        Section::list("Left, and where", common::reasons(&record.left)),
        Section::list("Switched", facts::switched(&record.switched)),
        Section::list("In use as before", record.live()),
        Section::list("Names in the descriptor that it changed", facts::followed(record)),
    ];
    sections.extend(facts::checks(record.verification.as_ref()));
    sections.extend([
        Section::list("Its copies", copies::copies(items)),
        Section::list("Used by nothing any more", removable(record, items)),
        Section::list("To know", facts::remarks(items)),
    ]);
    let trust = facts::trust(record.verification.as_ref());
    let head = format!(
        "Restore {} of {}, begun {}: {}.\n{trust}\n{}\n",
        record.id,
        record.deployment,
        words::time(record.started_at),
        record.status.words(),
        console_link(&record.execution)
    );
    let sections = sections.iter().filter(|section| !section.is_empty());
    let parts = sections.map(|section| format!("\n{}\n", section.whole().join("\n")));
    std::iter::once(head)
        .chain(parts)
        .chain([format!("\n{}", table(&record.plan))])
        .collect()
}
