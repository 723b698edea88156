//! The lines of a page.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::domain::message::command_options;

// Only what cannot be broken is longer: a command or a link.
pub use crate::domain::restore::plan_table::WIDTH;

/// Broken between words only, never within a name, a command or a link.
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

/// How many rows a line takes on the screen.
pub fn rows(line: &str) -> usize {
    line.chars().count().div_ceil(WIDTH).max(1)
}
