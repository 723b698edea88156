//! Matches the counts of a set with the probes of the descriptor.

use super::gaps::{Gap, GapKind, ProbeComparability, ProbePair};
use super::sides::Sides;
use crate::domain::descriptor::{Count, Descriptor, Probe};
use crate::domain::set::ProbeResult;

/// Whether the probe of this name counts what was counted at backup.
type ProbeMatcher<'a> = dyn Fn(&ProbeResult, &str) -> bool + 'a;

/// Pairs the counts of the set with today's probes, first by what they count, then by name. Returns a gap for each that only one
/// side has.
pub fn probes(sides: &Sides<'_>, counted: &[ProbeResult]) -> (Vec<ProbePair>, Vec<Gap>) {
    let mut taken: Vec<&str> = Vec::new();
    let mut paired: Vec<Option<&str>> = vec![None; counted.len()];
    let same = |result: &ProbeResult, name: &str| sides.count_the_same(&result.name, name);
    let by_name: &dyn Fn(&ProbeResult, &str) -> bool = &|result, name| result.name == name;
    let passes: [&ProbeMatcher<'_>; 3] = [
        &|result, name| result.name == name && same(result, name),
        &same,
        by_name,
    ];
    for matches in passes {
        for (result, paired) in counted.iter().zip(&mut paired) {
            let mut free = sides.today.probes.keys().filter(|name| !taken.contains(&name.as_str()));
            if paired.is_none()
                && let Some(name) = free.find(|name| matches(result, name))
            {
                taken.push(name);
                *paired = Some(name);
            }
        }
    }
    let mut pairs = Vec::with_capacity(counted.len());
    let mut gaps = Vec::new();
    for (result, today) in counted.iter().zip(paired) {
        let left_out = sides.left_out_of_set(&result.name);
        let name = today.unwrap_or(&result.name).to_owned();
        let standing = match (today, left_out) {
            (_, Some(resource)) => ProbeComparability::LeftOut(format!("the request leaves {resource} out")),
            (None, None) => {
                let why = "the set has its count, but the descriptor no longer has such a probe: it is not compared";
                gaps.push(Gap::new(GapKind::Probe, &name, why));
                ProbeComparability::Removed
            }
            (Some(today), None) => match sides.change(&result.name, today) {
                None => ProbeComparability::Same,
                Some(why) => {
                    gaps.push(Gap::new(GapKind::Probe, &name, &why));
                    ProbeComparability::Changed(why)
                }
            },
        };
        pairs.push(ProbePair {
            name,
            in_set: result.name.clone(),
            standing,
        });
    }
    for (name, probe) in &sides.today.probes {
        let item = probe.item_name();
        if !taken.contains(&name.as_str()) && sides.request.covers(&item) {
            let why = match sides.match_of(&item) {
                Some(_) => "the set has no count for it: there is nothing to compare with".to_owned(),
                None => format!("the set has no count for it, and no backup of {item}, in which it counts"),
            };
            gaps.push(Gap::new(GapKind::Probe, name, why));
        }
    }
    (pairs, gaps)
}

impl Sides<'_> {
    fn probe_then(&self, name: &str) -> Option<&Probe> {
        self.then.and_then(|then: &Descriptor| then.probes.get(name))
    }

    /// Whether a probe of the set and one of today's count the same thing.
    fn count_the_same(&self, then: &str, today: &str) -> bool {
        self.probe_then(then).is_some() && self.change(then, today).is_none()
    }

    /// Why two counts cannot be compared; `None` if they can.
    fn change(&self, then: &str, today: &str) -> Option<String> {
        let Some(before) = self.probe_then(then) else {
            return Some("what it counted at backup is not recorded: no comparison".to_owned());
        };
        let after = self.today.probes.get(today)?;
        let (then, now) = (before.item_name(), after.item_name());
        let followed = self.today(&then).map_or(then.as_str(), |matched| &matched.name);
        if followed != now {
            return Some(format!(
                "it counted in {then} at backup and counts in {now} now: no comparison"
            ));
        }
        match (&before.count, &after.count) {
            (
                Count::Sql { sql, database, .. },
                Count::Sql {
                    sql: new_sql,
                    database: new_database,
                    ..
                },
            ) => (sql.trim() != new_sql.trim() || database != new_database)
                .then(|| "its statement or its database was changed since the backup: no comparison".to_owned()),
            (Count::Items { .. }, Count::Items { .. }) => None,
            _ => Some("it counted something else at backup: no comparison".to_owned()),
        }
    }

    /// The resource that a probe of the set counted in, by today's name, if the request leaves it out.
    fn left_out_of_set(&self, probe: &str) -> Option<&str> {
        let then = self.probe_then(probe).or_else(|| self.today.probes.get(probe))?;
        let item = then.item_name();
        let matched = self.today(&item).or_else(|| self.match_of(&item))?;
        (!self.request.covers(&matched.name)).then_some(matched.name.as_str())
    }
}
