//! A restore in full, including everything that its messages had no room for.

use super::{copies, facts};
use crate::domain::message::facts as common;
use crate::domain::message::layout::Section;
use crate::domain::message::{console_link, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan_table::table;
use crate::domain::restore::removable::removable;

/// Everything that the catalog has about a restore, for people: nothing is cut. Never a question's token.
pub fn full_details(record: &RestoreRecord, items: &[RestoreItem]) -> String {
    let mut sections = vec![
        Section::list("Reasons and warnings", common::reasons(&record.reasons)),
        Section::list("Not removed", common::reasons(&record.left)),
        Section::list("Switched", facts::switched(&record.switched)),
        Section::list("In use as before", record.live()),
        Section::list(
            "Names that it changed in the descriptor",
            facts::descriptor_updates(record),
        ),
    ];
    sections.extend(facts::checks(record.verification.as_ref()));
    sections.extend([
        Section::list("Its copies", copies::copies(items)),
        Section::list(
            "No longer used by anything",
            removable(record, items).iter().map(ToString::to_string),
        ),
        Section::list("Remarks", facts::remarks(items)),
    ]);
    let trust = facts::trust(record.verification.as_ref());
    let head = format!(
        "Restore {} of {}, started {}: {}.\n{trust}\n{}\n",
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
