//! Terraform's language, as far as an `import` or `removed` block takes it, laid out as `terraform fmt` does.

/// One line or block of a body.
pub enum BodyItem {
    /// A name, and an expression as it is written.
    Attribute(&'static str, String),
    Block(String, Vec<BodyItem>),
}

/// A block at the top: two spaces a level, the equals signs of neighbouring attributes in one column, an empty line
/// around a block inside.
pub fn block(header: &str, body: &[BodyItem]) -> String {
    let mut text = String::new();
    write(&mut text, header, body, 0);
    text
}

fn write(text: &mut String, header: &str, body: &[BodyItem], depth: usize) {
    let indent = "  ".repeat(depth);
    text.push_str(&format!("{indent}{header} {{\n"));
    // A block ends a column of equals signs.
    let mut runs: Vec<Vec<&BodyItem>> = Vec::new();
    for part in body {
        match (part, runs.last_mut()) {
            (BodyItem::Attribute(..), Some(run)) if matches!(run.last(), Some(BodyItem::Attribute(..))) => {
                run.push(part)
            }
            _ => runs.push(vec![part]),
        }
    }
    for (index, run) in runs.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let width = |part: &&BodyItem| match part {
            BodyItem::Attribute(name, _) => name.len(),
            BodyItem::Block(..) => 0,
        };
        let widest = run.iter().map(width).max().unwrap_or(0);
        for part in run {
            match part {
                BodyItem::Attribute(name, value) => text.push_str(&format!("{indent}  {name:<widest$} = {value}\n")),
                BodyItem::Block(header, body) => write(text, header, body, depth + 1),
            }
        }
    }
    text.push_str(&format!("{indent}}}\n"));
}

/// A text as a quoted template that stands for exactly this text.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Doubled, the sign begins no interpolation and no directive.
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
