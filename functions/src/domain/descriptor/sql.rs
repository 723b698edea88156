//! What a probe's SQL does. That it is one read-only statement, the database enforces too: the probe runs in a read-only transaction with
//! a statement timeout.

use super::reader::TextFormat;

/// All probes are in the state of one execution, which is limited to 256 KiB.
const LONGEST: usize = 1000;
/// The only keywords with which a statement that begins with `select` or `with` can write.
const WRITING: [&str; 5] = ["insert", "update", "delete", "merge", "into"];

/// Functions of the clock that are called without parentheses, and with them ("Date/Time Functions and Operators", PostgreSQL's
/// documentation).
const CLOCK: [&str; 5] = [
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];
const CLOCK_CALLS: [&str; 6] = [
    "now",
    "age",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
];

pub const STATEMENT: TextFormat = TextFormat {
    rule: "one SQL statement of at most 1000 characters that begins with select or with, reads only, and gives one non-negative integer",
    accepts: reads_only,
    hidden: false,
};

/// The first words of statements that end the transaction of a hook, or that need a client which sends or reads more.
const NOT_IN_HOOKS: [&str; 10] = [
    "abort",
    "begin",
    "commit",
    "copy",
    "end",
    "prepare",
    "release",
    "rollback",
    "savepoint",
    "start",
];

/// Hooks are written to the catalog.
pub const CHANGE: TextFormat = TextFormat {
    rule: "one SQL statement of at most 1000 characters that runs in a transaction with the others: not BEGIN, COMMIT, ROLLBACK, SAVEPOINT, \
           PREPARE or COPY, and without parameters such as $1; nothing secret, since statements are stored",
    accepts: changes,
    hidden: false,
};

fn changes(text: &str) -> bool {
    let Some(statement) = one_statement(text) else {
        return false;
    };
    let first = words(&statement).next().map(|(word, _)| word.to_lowercase());
    let is_parameter = |at: usize| statement[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    first.is_some_and(|first| !NOT_IN_HOOKS.contains(&first.as_str()))
        && !statement.match_indices('$').any(|(at, _)| is_parameter(at))
}

/// The code of a text that is one statement, without its literals and the semicolon at its end.
fn one_statement(text: &str) -> Option<String> {
    if text.chars().count() > LONGEST || text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return None;
    }
    let code = without_literals(text)?;
    let statement = code.trim_end().strip_suffix(';').unwrap_or(&code).to_owned();
    (!statement.contains(';')).then_some(statement)
}

fn reads_only(text: &str) -> bool {
    let Some(statement) = one_statement(text) else {
        return false;
    };
    let mut words = words(&statement).map(|(word, _)| word.to_lowercase()).peekable();
    words.peek().is_some_and(|first| first == "select" || first == "with")
        && statement.trim_start().starts_with(|c: char| c.is_ascii_alphabetic())
        && !words.any(|word| WRITING.contains(&word.as_str()))
}

/// Whether the statement reads the clock: then its result changes although the data does not.
pub fn reads_clock(text: &str) -> bool {
    let code = without_literals(text).unwrap_or_default();
    words(&code).any(|(word, after)| {
        let word = word.to_lowercase();
        CLOCK.contains(&word.as_str()) || (CLOCK_CALLS.contains(&word.as_str()) && after.trim_start().starts_with('('))
    })
}

/// Keywords and names, each with what follows it.
fn words(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut rest = code;
    std::iter::from_fn(move || {
        let word = rest.trim_start_matches(|c| !of_word(c));
        let (word, after) = word.split_at(word.find(|c| !of_word(c)).unwrap_or(word.len()));
        rest = after;
        (!word.is_empty()).then_some((word, after))
    })
}

/// The statement with every literal, quoted identifier and comment replaced by a space; `None` if one is not closed.
fn without_literals(text: &str) -> Option<String> {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '\'' | '"' => quoted(rest, c, c == '\'' && escapes(&code))?,
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest)?,
            '$' if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') => dollars(rest)?,
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    Some(code)
}

/// Whether the literal that follows is an escape string, `E'...'`, in which a backslash escapes a quote.
fn escapes(before: &str) -> bool {
    let mut last = before.chars().rev();
    matches!(last.next(), Some('e' | 'E')) && !last.next().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

/// Length of a quoted text in bytes, including its quotes; a doubled quote is an escaped one.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return Some(at + 1);
            }
        }
    }
    None
}

/// Length of a block comment in bytes; in PostgreSQL they nest.
fn comment(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Length in bytes of a dollar-quoted text such as `$$...$$` or `$tag$...$tag$`; 0 if the dollar does not begin one.
fn dollars(text: &str) -> Option<usize> {
    let Some((tag, _)) = text[1..].split_once('$') else {
        return Some(0);
    };
    if tag.starts_with(|c: char| c.is_ascii_digit()) || !tag.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Some(0);
    }
    let delimiter = &text[..tag.len() + 2];
    text[delimiter.len()..]
        .find(delimiter)
        .map(|end| delimiter.len() * 2 + end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading_statements_pass() {
        for sql in [
            "select count(*) from users",
            "SELECT count(*) FROM users;",
            "  select count(*)\n  from users -- all of them; really\n",
            "with live as (select 1 from users where deleted_at is null) select count(*) from live",
            "select count(*) from users where state = 'delete'",
            "select count(*) from users where note = 'it''s; here'",
            "select count(*) from \"update\"",
            "select count(*) from users where note = E'\\'; drop'",
            "select count(*) from users where note = $$; delete$$",
            "select count(*) from users where note = $a$; $$ delete$a$",
            "/* /* nested; */ */ select 1",
            "select updated_at_count from totals",
        ] {
            assert!(reads_only(sql), "{sql}");
        }
    }

    #[test]
    fn anything_else_does_not() {
        for sql in [
            "",
            ";",
            "delete from users",
            "select 1; select 2",
            "select 1; drop table users",
            "select 1;;",
            "(select 1)",
            "1 select",
            "explain select 1",
            "with gone as (delete from users returning 1) select count(*) from gone",
            "select * into copy from users",
            "select 1 from users for update",
            "select 'open",
            "select \"open",
            "select $$open",
            "select 1 /* open",
            "select 1\u{0}",
            "-- select 1",
            "select 'a\\'; delete from users; --'",
        ] {
            assert!(!reads_only(sql), "{sql}");
        }
        assert!(!reads_only(&format!("select {}", "1".repeat(1000))));
    }

    #[test]
    fn a_statement_of_a_hook_stays_in_its_transaction() {
        for sql in [
            "update jobs set paused = true",
            "UPDATE jobs SET note = 'a; b $1' ;",
            "alter table a$1 disable trigger all",
            "select set_config('x', $$ $1; $$, false)",
            "-- pauses;\ninsert into pauses values (1)",
        ] {
            assert!(changes(sql) != sql.contains("a$1"), "{sql}");
        }
        for sql in [
            "",
            ";",
            "-- nothing",
            "update a set b = 1; update c set d = 2",
            "COMMIT",
            "begin",
            " /* so */ rollback",
            "prepare transaction 'x'",
            "copy a from stdin",
            "update a set b = $1",
            "update a set b = 'open",
        ] {
            assert!(!changes(sql), "{sql}");
        }
    }

    #[test]
    fn a_statement_that_reads_the_clock_is_recognized() {
        for (sql, reads) in [
            ("select count(*) from sessions where expires_at > NOW ()", true),
            ("select count(*) from sessions where day = current_date", true),
            ("select count(*) from users where age(created_at) < '1 day'", true),
            (
                "select count(*) from users where age > 18 and usage(id) = 'now()'",
                false,
            ),
        ] {
            assert_eq!(reads_clock(sql), reads, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(select|with|[-'\"$/*;\\\\eE a-z\u{e9}\u{4e2d}]){0,40}") {
            let _ = (reads_only(&text), reads_clock(&text), changes(&text));
        }
    }
}
