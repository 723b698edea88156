//! What the hooks of a run did, for `holdfast show`.

use std::fmt::Write;

use holdfast::domain::hooks::{HookPhase, HookRecord};
use holdfast::domain::set::RunRecord;

use crate::format::moment;
use crate::table::listed;

/// A list of the run's hooks; empty if there are none.
pub fn hooks(run: Option<&RunRecord>) -> String {
    let mut text = String::new();
    for (index, hook) in run.iter().flat_map(|run| run.hooks.iter().flatten()).enumerate() {
        if index == 0 {
            text.push_str("\nHooks:\n");
        }
        text.push_str(&listed(&line(hook)));
    }
    text
}

fn line(hook: &HookRecord) -> String {
    let mut line = format!("{}: ", hook.name);
    // Writing to a string cannot fail.
    let _ = match hook.phase {
        _ if hook.did_nothing => write!(line, "failed at {} before it changed anything", moment(hook.begun_at)),
        HookPhase::Quiesce => write!(line, "{}{}", doing("quiesces", "quiesced", hook), undone(hook)),
        HookPhase::Resume => write!(line, "{}", doing("resumes", "resumed", hook)),
        HookPhase::AfterRestore => write!(line, "{}", doing("follows the restore", "followed the restore", hook)),
    };
    if hook.failures > 0 {
        let _ = write!(line, "; failed {}", times(hook.failures));
    }
    if let Some(error) = &hook.error {
        let _ = write!(line, "; last: {error}");
    }
    line
}

/// From when to when it did its work, or since when it does it.
fn doing(present: &str, past: &str, hook: &HookRecord) -> String {
    match hook.done_at {
        Some(done) => format!("{past} from {} to {}", moment(hook.begun_at), moment(done)),
        None => format!("{present} since {}, and has not ended", moment(hook.begun_at)),
    }
}

fn undone(hook: &HookRecord) -> String {
    match (hook.undo_begun_at, hook.undone_at) {
        (_, Some(at)) => format!(", undone at {}", moment(at)),
        (Some(at), None) => format!(", NOT UNDONE: begun at {}", moment(at)),
        (None, None) => String::new(),
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, run};

    #[test]
    fn each_hook_is_listed_with_what_it_did() {
        let mut record = run("hubs-1", "2025-01-31T23:00:00Z", None);
        assert_eq!(hooks(Some(&record)), "");
        let begun =
            |name: &str, phase| HookRecord::begun(name, phase, serde_json::Value::Null, at("2025-01-31T23:00:01Z"));
        let undone = HookRecord {
            done_at: Some(at("2025-01-31T23:00:02Z")),
            undone_at: Some(at("2025-01-31T23:05:00Z")),
            ..begun("web", HookPhase::Quiesce)
        };
        let stuck = HookRecord {
            undo_begun_at: Some(at("2025-01-31T23:04:00Z")),
            failures: 2,
            error: Some("denied".to_owned()),
            ..begun("ingest", HookPhase::Quiesce)
        };
        let passed_over = HookRecord {
            did_nothing: true,
            ..begun("mail", HookPhase::Quiesce)
        };
        let index = HookRecord {
            done_at: Some(at("2025-01-31T23:09:00Z")),
            ..begun("index", HookPhase::AfterRestore)
        };
        record.hooks = Some(vec![undone, stuck, passed_over, index]);
        let expected = "
Hooks:
  web: quiesced from 2025-01-31 23:00:01Z to 2025-01-31 23:00:02Z, undone at 2025-01-31 23:05:00Z
  ingest: quiesces since 2025-01-31 23:00:01Z, and has not ended, NOT UNDONE: begun at 2025-01-31 23:04:00Z; failed 2 times; last: denied
  mail: failed at 2025-01-31 23:00:01Z before it changed anything
  index: followed the restore from 2025-01-31 23:00:01Z to 2025-01-31 23:09:00Z
";
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(one_line(&hooks(Some(&record))), one_line(expected));
    }
}
