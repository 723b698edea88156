//! The lines of a page.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::domain::message::command_options;

// Only what cannot be broken, a command or a link, is longer.
pub use crate::domain::restore::plan_table::WIDTH;

/// Broken between words only: a name, a command or a link is never.
pub fn wrapped(text: &str, first: &str, other: &str) -> Vec<String> {
    let options = Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(other)
        .break_words(false)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let text = command_options::protect_spaces(text);
    textwrap::wrap(&text, options)
        .iter()
        .map(|line| command_options::restore_spaces(line))
        .collect()
}

/// Lines that a line takes where it is shown.
pub fn rows(line: &str) -> usize {
    line.chars().count().div_ceil(WIDTH).max(1)
}
