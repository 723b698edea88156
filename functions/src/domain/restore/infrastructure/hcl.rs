//! The subset of Terraform's language that `import` and `removed` blocks need, formatted as by `terraform fmt`.
//!
//! Not by `hcl-rs`: its formatter aligns no equals signs (`FormatterBuilder` has options for indents and empty lines only), so that
//! `terraform fmt` would change every text that an operator pastes; and this subset takes less than reading its types.

/// One attribute or block of a body.
pub enum BodyItem {
    /// A name and an expression.
    Attribute(&'static str, String),
    Block(String, Vec<BodyItem>),
}

/// A top-level block: two spaces per level, the equals signs of neighbouring attributes aligned, and an empty line around nested
/// blocks.
pub fn block(header: &str, body: &[BodyItem]) -> String {
    let mut text = String::new();
    write(&mut text, header, body, 0);
    text
}

fn write(text: &mut String, header: &str, body: &[BodyItem], depth: usize) {
    let indent = "  ".repeat(depth);
    text.push_str(&format!("{indent}{header} {{\n"));
    // A nested block ends a run of aligned attributes.
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

/// A text as a quoted template that evaluates to exactly this text.
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
            // A doubled sign does not begin an interpolation or a directive.
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
