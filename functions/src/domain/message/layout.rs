//! The layout of a message: first what somebody who was just paged needs, then why and what else to do, then the details.

mod lines;
mod section;
mod step;

pub use section::Section;
pub use step::NextStep;

use self::lines::{WIDTH, rows, wrapped};
use self::section::SectionLines;

/// Lines of a whole message: two screens of a telephone, or one of anything else.
pub const LINES: usize = 60;
/// Lines of what happened, and of what it means.
const SENTENCES: usize = 3;
const CUT: &str = " ...";
/// Steps after the first.
const STEPS: usize = 8;

/// A message, before it is laid out.
#[derive(Debug)]
pub struct Page<'a> {
    pub subject: &'a str,
    /// What happened, in one or two sentences.
    pub happened: &'a str,
    /// Whether it can be trusted, and what the application uses.
    pub means: &'a str,
    /// What to do; the first step now.
    pub steps: &'a [NextStep],
    /// Why; empty if nothing went wrong.
    pub why: Section,
    /// The details, the most important first.
    pub sections: Vec<Section>,
    /// The command that shows what the page has no room for.
    pub all: Option<String>,
    /// The last lines.
    pub foot: [String; 2],
}

/// At most [`LINES`] lines of [`WIDTH`] columns. If a section is cut, the command that shows all of it is added.
pub fn text(page: &Page<'_>) -> String {
    let mut head = vec![page.subject.to_owned(), String::new()];
    head.extend(sentences(page.happened));
    head.extend(sentences(page.means));
    let (now, then) = match page.steps.split_first() {
        Some((now, then)) => (now.lines("Now: "), then),
        None => (Vec::new(), [].as_slice()),
    };
    head.extend(now);
    let mut steps: Vec<String> = Vec::new();
    if !then.is_empty() {
        steps.extend([String::new(), "Then:".to_owned()]);
        let numbered = (1..).zip(then.iter().take(STEPS));
        steps.extend(numbered.flat_map(|(number, step)| step.lines(&format!("{number}. "))));
    }
    let all = page.all.as_ref().map(|all| format!("In full: {all}"));
    let taken = head.iter().chain(&steps).map(|line| rows(line)).sum::<usize>();
    let foot: usize = page.foot.iter().map(|line| rows(line)).sum::<usize>() + 1;
    let room = LINES.saturating_sub(taken + foot + all.iter().map(|line| 1 + rows(line)).sum::<usize>());

    let sections: Vec<SectionLines<'_>> = std::iter::once(&page.why)
        .chain(&page.sections)
        .filter(|section| !section.is_empty())
        .map(Section::laid_out)
        .collect();
    let shown = share(&sections, room);
    let cut = then.len() > STEPS || (0..sections.len()).any(|nth| shown[nth] < sections[nth].entries.len());
    let part = |nth: usize| {
        let lines = sections[nth].part(shown[nth]);
        std::iter::once(String::new()).chain(lines).collect::<Vec<_>>()
    };
    let first = usize::from(!page.why.is_empty());
    let shown_parts =
        |range: std::ops::Range<usize>| range.filter(|nth| shown[*nth] > 0).flat_map(part).collect::<Vec<_>>();

    let mut lines = head;
    lines.extend(shown_parts(0..first));
    lines.extend(steps);
    lines.extend(shown_parts(first..sections.len()));
    lines.extend(all.filter(|_| cut).into_iter().flat_map(|all| [String::new(), all]));
    lines.push(String::new());
    lines.extend(page.foot.iter().cloned());
    lines.join("\n") + "\n"
}

/// How many entries of each section fit: a few of each, then as many as possible of the first ones.
fn share(sections: &[SectionLines<'_>], room: usize) -> Vec<usize> {
    let cost = |shown: &[usize]| -> usize {
        let each = shown.iter().zip(sections).filter(|(shown, _)| **shown > 0);
        each.map(|(shown, section)| section.cost(*shown)).sum()
    };
    let mut shown: Vec<usize> = Vec::new();
    for least in (1..=3).rev() {
        shown = sections
            .iter()
            .map(|section| section.entries.len().min(least))
            .collect();
        if cost(&shown) <= room {
            break;
        }
    }
    // The last sections are left out as a whole.
    for nth in (0..sections.len()).rev() {
        if cost(&shown) > room {
            shown[nth] = 0;
        }
    }
    for nth in 0..sections.len() {
        while shown[nth] > 0 && shown[nth] < sections[nth].entries.len() {
            shown[nth] += 1;
            if cost(&shown) > room {
                shown[nth] -= 1;
                break;
            }
        }
    }
    shown
}

fn sentences(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().flat_map(|line| wrapped(line, "", "")).collect();
    if lines.len() > SENTENCES {
        lines.truncate(SENTENCES);
        let last = &mut lines[SENTENCES - 1];
        while last.chars().count() > WIDTH - CUT.len() {
            last.pop();
        }
        last.push_str(CUT);
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The first lines of a message: what happened, whether it can be trusted, what to do now and the command for it.
    const HEAD: usize = 12;

    fn page<'a>(steps: &'a [NextStep], why: Vec<String>, sections: Vec<Section>) -> Page<'a> {
        Page {
            subject: "Holdfast: hubs restored",
            happened: "It was restored.",
            means: "It can be trusted.",
            steps,
            why: Section::list("Why", why),
            sections,
            all: Some("holdfast show hubs r".to_owned()),
            foot: ["The execution:".to_owned(), "https://link".to_owned()],
        }
    }

    #[test]
    fn what_a_woken_person_needs_stands_first() {
        let steps = [
            NextStep::run("Approve", "holdfast approve r"),
            NextStep::run("a ".repeat(60).trim_end(), "holdfast x"),
        ];
        let sections = vec![Section::list("Copies", ["table rooms".to_owned()])];
        let text = text(&page(&steps, vec!["refused".to_owned()], sections));
        assert_eq!(
            text,
            format!(
                "Holdfast: hubs restored\n\nIt was restored.\nIt can be trusted.\nNow: Approve: holdfast approve r\n\nWhy:\n  - refused\n\n\
                 Then:\n1. {}\n   {}:\n   holdfast x\n\nCopies:\n  - table rooms\n\nThe execution:\nhttps://link\n",
                ["a"; 49].join(" "),
                ["a"; 11].join(" ")
            )
        );
    }

    #[test]
    fn what_has_no_room_is_counted_and_its_command_named() {
        let many = |what: &str| (0..40).map(|nth| format!("{what} {nth}")).collect::<Vec<_>>();
        let steps = [NextStep::say("Look.")];
        let sections = vec![
            Section::list("Copies", many("copy")),
            Section::list("Remarks", many("remark")),
        ];
        let text = text(&page(&steps, Vec::new(), sections));
        assert!(
            text.contains("  - copy 38\n") && text.lines().count() >= LINES - 1,
            "{text}"
        );
        assert!(text.contains("  - remark 4\n  ... and 35 more\n"), "{text}");
        assert!(text.contains("In full: holdfast show hubs r\n"), "{text}");
    }

    proptest! {
        #[test]
        fn a_message_is_a_page_and_its_head_a_dozen_lines(
            happened in "([a-z]{1,12} ){0,90}", means in "([a-z]{1,12} ){0,90}",
            steps in vec("([a-z]{1,12} ){1,20}", 1..12),
            lists in vec(vec("([a-z]{1,30} ){1,60}", 0..30), 0..9),
        ) {
            let steps: Vec<NextStep> = steps.iter().map(|words| NextStep::run(words.trim(), "holdfast do")).collect();
            let sections = lists.into_iter().map(|list| Section::list("Some", list)).collect();
            let message = text(&Page { happened: &happened, means: &means, ..page(&steps, Vec::new(), sections) });
            prop_assert!(message.lines().count() <= LINES, "{message}");
            prop_assert!(message.lines().all(|line| line.chars().count() <= WIDTH), "{message}");
            prop_assert!(message.lines().take(HEAD).any(|line| line.ends_with("holdfast do")), "{message}");
        }
    }
}
