//! The command lines of the client programs. They name no password and no host: both are in the environment and a private directory.

use super::clients::Compression;
use super::manifest::Part;
use super::tables::{Table, pattern};

/// How hard archives are compressed. zstd 3 is its default; gzip's default, 6, takes three times as long as 3 and saves a few percent.
const LEVEL: u32 = 3;
/// `pg_dump` gives up when it waits longer for a lock on a table, in milliseconds: every later query waits behind it.
const LOCK_TIMEOUT: u32 = 60_000;

/// One run of `pg_dump`.
#[derive(Debug)]
pub struct DumpJob<'a> {
    pub part: Part,
    /// Only these tables' rows.
    pub only: Vec<&'a Table>,
    /// Not these tables' rows.
    pub without: Vec<&'a Table>,
}

/// The jobs of one dump: one archive of all, or the definitions, the rows of what is left, and the rows of each share.
#[must_use]
pub fn jobs(shares: Vec<Vec<&Table>>) -> Vec<DumpJob<'_>> {
    let job = |part, only, without| DumpJob { part, only, without };
    if shares.is_empty() {
        return vec![job(Part::Whole, Vec::new(), Vec::new())];
    }
    let mut jobs = vec![
        job(Part::Schema, Vec::new(), Vec::new()),
        job(Part::Data, Vec::new(), shares.iter().flatten().copied().collect()),
    ];
    jobs.extend(shares.into_iter().map(|share| job(Part::Data, share, Vec::new())));
    jobs
}

/// The arguments of `pg_dump`, which reads the exported snapshot and writes the archive to its standard output.
#[must_use]
pub fn of_dump(job: &DumpJob<'_>, snapshot: &str, compression: Compression) -> Vec<String> {
    let method = match compression {
        Compression::Zstd => "zstd",
        Compression::Gzip => "gzip",
    };
    let mut arguments = vec![
        "--format=custom".to_owned(),
        format!("--compress={method}:{LEVEL}"),
        format!("--snapshot={snapshot}"),
        format!("--lock-wait-timeout={LOCK_TIMEOUT}"),
        "--no-password".to_owned(),
    ];
    let sections: &[&str] = match job.part {
        Part::Whole => &[],
        Part::Schema => &["pre-data", "post-data"],
        Part::Data => &["data"],
    };
    arguments.extend(sections.iter().map(|section| format!("--section={section}")));
    if !job.only.is_empty() {
        arguments.push("--strict-names".to_owned());
    }
    arguments.extend(job.only.iter().map(|table| format!("--table={}", pattern(table))));
    arguments.extend(
        job.without
            .iter()
            .map(|table| format!("--exclude-table-data={}", pattern(table))),
    );
    arguments
}

/// The arguments of `pg_restore` into a database, for one section or for all; with the archive's file, or without for its standard input.
#[must_use]
pub fn of_restore(database: &str, section: Option<&str>, jobs: usize, file: Option<&str>) -> Vec<String> {
    let mut arguments = vec![
        format!("--dbname={}", connection_string(database)),
        "--exit-on-error".to_owned(),
        "--no-password".to_owned(),
        "--format=custom".to_owned(),
    ];
    arguments.extend(section.map(|section| format!("--section={section}")));
    if let Some(file) = file {
        arguments.push(format!("--jobs={}", jobs.max(1)));
        arguments.push(file.to_owned());
    }
    arguments
}

/// The arguments of `pg_dumpall` for roles and their memberships, without passwords.
#[must_use]
pub fn of_globals(database: &str) -> Vec<String> {
    vec![
        "--globals-only".to_owned(),
        "--no-role-passwords".to_owned(),
        "--no-password".to_owned(),
        format!("--dbname={}", connection_string(database)),
    ]
}

/// A database as a connection string: by itself, a name with `=` would be read as one.
fn connection_string(database: &str) -> String {
    let escaped = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        Table {
            schema: "public".to_owned(),
            name: name.to_owned(),
            owner: "app".to_owned(),
            size: 0,
        }
    }

    #[test]
    fn one_job_dumps_everything_into_one_archive() {
        let jobs = jobs(Vec::new());
        let arguments = of_dump(&jobs[0], "00000003-1B-1", Compression::Gzip);
        assert_eq!(
            (jobs.len(), arguments.join(" ").as_str()),
            (
                1,
                "--format=custom --compress=gzip:3 --snapshot=00000003-1B-1 --lock-wait-timeout=60000 --no-password"
            )
        );
    }

    #[test]
    fn several_jobs_divide_the_rows_and_each_row_is_in_one_archive() {
        let (a, b) = (table("a"), table("b"));
        let jobs = jobs(vec![vec![&a], vec![&b]]);
        let lines: Vec<String> = jobs
            .iter()
            .map(|job| of_dump(job, "1", Compression::Zstd)[5..].join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "--section=pre-data --section=post-data",
                "--section=data --exclude-table-data=\"public\".\"a\" --exclude-table-data=\"public\".\"b\"",
                "--section=data --strict-names --table=\"public\".\"a\"",
                "--section=data --strict-names --table=\"public\".\"b\"",
            ]
        );
    }

    #[test]
    fn a_restore_stops_at_the_first_error() {
        let whole = of_restore("it's = odd", None, 4, None).join(" ");
        assert_eq!(
            whole,
            "--dbname=dbname='it\\'s = odd' --exit-on-error --no-password --format=custom"
        );
        let post = of_restore("a", Some("post-data"), 4, Some("schema.dump"));
        assert_eq!(post[4..], ["--section=post-data", "--jobs=4", "schema.dump"]);
    }

    #[test]
    fn globals_have_no_passwords() {
        assert!(of_globals("postgres").contains(&"--no-role-passwords".to_owned()));
    }
}
