//! Lines and columns within a width.

/// Columns that a terminal, an email and the console's output show without breaking a line.
pub const WIDTH: usize = 100;
/// Columns of a name in the summary; a longer name gets its own line.
const NAME: usize = 24;
const GAP: &str = "  ";

/// A title and its lines, each with a dash and wrapped; `none` if there are no lines, and an empty text if that is empty too.
/// `bare`: without dashes.
pub fn section(title: &str, none: &str, lines: &[String], bare: bool) -> String {
    let none = Some(none.to_owned()).filter(|none| lines.is_empty() && !none.is_empty());
    let blank = |line: &str| line.chars().all(|c| c.is_whitespace() || c.is_control());
    let lines: Vec<&String> = lines.iter().chain(&none).filter(|line| !blank(line)).collect();
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("{title}\n");
    for line in lines {
        let (first, other) = if bare { ("  ", "    ") } else { ("  - ", "    ") };
        for (index, part) in wrapped(line, WIDTH - 4).iter().enumerate() {
            text.push_str(if index == 0 { first } else { other });
            text.push_str(part);
            text.push('\n');
        }
    }
    text
}

/// Rows under a header, in columns as wide as their content, indented by two spaces.
pub fn columns<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned))
        .chain(rows.iter().map(|row| row.clone().map(|cell| clean(&cell))))
        .collect();
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.filter(|width| column > 0 || *width <= NAME).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::from(GAP);
        if row[0].chars().count() > widths[0] {
            for part in wrapped(&row[0], WIDTH - GAP.len()) {
                text.push_str(&format!("{GAP}{part}\n"));
            }
            line.push_str(&" ".repeat(widths[0]));
        } else {
            line.push_str(&padded(&row[0], widths[0]));
        }
        for column in 1..N {
            line.push_str(GAP);
            line.push_str(&padded(&row[column], widths[column]));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn padded(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// A line broken between words into parts of at most `width` characters; a longer word is broken too.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut length = 0;
    for word in clean(line).split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        let more = rest.len() + usize::from(length > 0);
        if length > 0 && length + more > width {
            parts.push(String::new());
            length = 0;
        }
        while !rest.is_empty() {
            let Some(last) = parts.last_mut() else { break };
            if length > 0 {
                last.push(' ');
                length += 1;
            }
            let tail = rest.split_off(rest.len().min(width - length));
            last.extend(rest.iter());
            length += rest.len();
            rest = tail;
            if !rest.is_empty() {
                parts.push(String::new());
                length = 0;
            }
        }
    }
    parts
}

/// In one line, without control characters.
fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
