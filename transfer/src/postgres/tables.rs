//! How a database's tables are divided among parallel jobs.

/// A table with rows of its own, as the snapshot shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub schema: String,
    pub name: String,
    pub owner: String,
    /// With its TOAST, in bytes.
    pub size: u64,
}

/// Tables below this stay with the first job: they would only lengthen the command lines of the others.
const WORTH_MOVING: u64 = 1 << 20;
/// So many tables can be moved away from the first job: their names fit on a command line.
const MOST_MOVED: usize = 500;

/// Which tables each job beyond the first dumps; the first dumps everything else, which is at least `other_bytes` (large objects). The
/// largest tables are given out first, each to the job that has least. A job without tables is left out.
#[must_use]
pub fn divide(tables: &[Table], other_bytes: u64, jobs: usize) -> Vec<Vec<&Table>> {
    let mut large: Vec<&Table> = tables.iter().filter(|table| table.size >= WORTH_MOVING).collect();
    large.sort_by(|a, b| {
        b.size
            .cmp(&a.size)
            .then_with(|| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)))
    });
    large.truncate(MOST_MOVED);
    let moved: u64 = large.iter().map(|table| table.size).sum();
    let all: u64 = tables.iter().map(|table| table.size).sum();
    let mut loads = vec![0; jobs.max(1)];
    loads[0] = other_bytes + (all - moved);
    let mut shares = vec![Vec::new(); loads.len()];
    for table in large {
        let least = (0..loads.len()).min_by_key(|job| loads[*job]).unwrap_or(0);
        loads[least] += table.size;
        shares[least].push(table);
    }
    shares.drain(..1);
    shares.retain(|share| !share.is_empty());
    shares
}

/// A table as a pattern that matches it alone: in double quotes, nothing has a special meaning.
#[must_use]
pub fn pattern(table: &Table) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, mebibytes: u64) -> Table {
        Table {
            schema: "public".to_owned(),
            name: name.to_owned(),
            owner: "app".to_owned(),
            size: mebibytes << 20,
        }
    }

    fn names(shares: &[Vec<&Table>]) -> Vec<Vec<String>> {
        let name = |table: &&Table| table.name.clone();
        shares.iter().map(|share| share.iter().map(name).collect()).collect()
    }

    #[test]
    fn jobs_get_about_the_same_number_of_bytes() {
        let tables = [
            table("a", 50),
            table("b", 40),
            table("c", 30),
            table("d", 20),
            table("e", 0),
        ];
        assert_eq!(names(&divide(&tables, 0, 2)), [["b", "c"]]);
        assert_eq!(names(&divide(&tables, 0, 3)), [vec!["b"], vec!["c", "d"]]);
    }

    #[test]
    fn what_cannot_be_moved_counts_for_the_first_job() {
        let tables = [table("a", 50), table("b", 40)];
        assert_eq!(names(&divide(&tables, 200 << 20, 2)), [["a", "b"]]);
    }

    #[test]
    fn nothing_is_moved_for_one_job_or_in_a_small_database() {
        assert!(divide(&[table("a", 50), table("b", 40)], 0, 1).is_empty());
        assert!(divide(&[table("a", 0), table("b", 0)], 0, 4).is_empty());
        assert!(divide(&[], 0, 4).is_empty());
    }

    #[test]
    fn at_most_so_many_tables_are_moved_as_fit_on_a_command_line() {
        let tables: Vec<Table> = (0..5_000).map(|number| table(&number.to_string(), 2)).collect();
        let moved: usize = divide(&tables, 0, 2).iter().map(Vec::len).sum();
        assert!(moved > 0 && moved <= 500);
    }

    #[test]
    fn a_pattern_matches_odd_names_literally() {
        let odd = Table {
            schema: "Odd \"one\"".to_owned(),
            name: "a.b*".to_owned(),
            owner: "app".to_owned(),
            size: 0,
        };
        assert_eq!(pattern(&odd), "\"Odd \"\"one\"\"\".\"a.b*\"");
    }
}
