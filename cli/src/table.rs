//! Columns with headings, as wide as their widest cell.

use comfy_table::{CellAlignment, presets};

/// Spaces between two columns.
const BETWEEN: u16 = 2;

/// A table of text. The last column is never padded, so no line ends in spaces.
pub struct Table(comfy_table::Table);

impl Table {
    /// Headings; a heading that begins with `>` aligns its column, of numbers, to the right.
    pub fn new<const N: usize>(heading: [&'static str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(heading.map(|name| name.trim_start_matches('>')));
        for (column, name) in table.column_iter_mut().zip(heading) {
            column.set_padding((0, BETWEEN));
            if name.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Table(table)
    }

    /// Adds a row; an empty cell is shown as `-`.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.add_row(cells.map(|cell| match cell.is_empty() {
            true => "-".to_owned(),
            false => one_line(&cell),
        }));
    }

    /// The table's lines, the headings first.
    pub fn lines(&self) -> Vec<String> {
        self.0.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// Text without control characters: AWS's messages may contain line breaks.
pub fn one_line(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// A reason in a list: each of its lines, which may be several faults, on a line of its own.
pub fn listed(reason: &str) -> String {
    let lines = reason.lines().map(one_line).filter(|line| !line.is_empty());
    let indented = lines.enumerate().map(|(at, line)| match at {
        0 => format!("  {line}\n"),
        _ => format!("    {line}\n"),
    });
    indented.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_reason_has_a_line_of_its_own() {
        assert_eq!(
            listed("plan: InvalidInput: a: wrong\nb: \u{7} wrong\n\n"),
            "  plan: InvalidInput: a: wrong\n    b: wrong\n"
        );
    }

    #[test]
    fn columns_line_up_and_lines_do_not_end_in_spaces() {
        let mut table = Table::new(["NAME", ">SIZE", "NOTE"]);
        table.row(["database".into(), "1.5 MiB".into(), String::new()]);
        table.row(["s".into(), "9 B".into(), "two\nlines".into()]);
        assert_eq!(
            table.to_string(),
            "NAME         SIZE  NOTE\n\
             database  1.5 MiB  -\n\
             s             9 B  two lines\n"
        );
    }
}
