//! Matches today's switches with those that the deployment had at backup.

use super::gaps::{Gap, GapKind};
use super::sides::Sides;
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::switches;

/// The switches that only one side has, or that changed. Switches of resources that the request leaves out are no gaps: not
/// switching them was requested.
pub fn switches(sides: &Sides<'_>) -> Vec<Gap> {
    let today = &sides.today.cut_over;
    let mut gaps = Vec::new();
    let Some(then) = sides.then else {
        let why = format!(
            "the descriptor of set {} is not in the catalog, so that it is not known whether the deployment had the same \
             switches as today",
            sides.set
        );
        return vec![Gap::new(GapKind::Descriptor, "descriptor of the backup", why)];
    };
    let mut taken: Vec<&str> = Vec::new();
    let mut left: Vec<&Switch> = Vec::new();
    for switch in &then.cut_over {
        let same = today
            .iter()
            .find(|other| !taken.contains(&other.name.as_str()) && sides.switch_the_same(switch, other));
        match same {
            Some(other) => taken.push(&other.name),
            None => left.push(switch),
        }
    }
    for switch in left {
        let item = switch.item_name();
        let item = sides.today(&item).map_or(item.as_str(), |matched| &matched.name);
        if !sides.request.covers(item) {
            continue;
        }
        let other = today
            .iter()
            .filter(|other| !taken.contains(&other.name.as_str()))
            .find(|other| other.name == switch.name || of_one_thing(&switch.action, &other.action));
        gaps.push(match other {
            Some(other) => {
                taken.push(&other.name);
                let why = format!(
                    "it was changed since the backup: it switched {} for {item}, and switches {} for {} now",
                    words(&switch.action),
                    words(&other.action),
                    other.item_name()
                );
                Gap::new(GapKind::Switch, &other.name, why)
            }
            None => {
                let why = format!(
                    "the deployment had it at backup, for {item}, and the descriptor no longer has it: {} stays as it is",
                    words(&switch.action)
                );
                Gap::new(GapKind::Switch, &switch.name, why)
            }
        });
    }
    for switch in today {
        let item = switch.item_name();
        if sides.request.covers(&item) && !taken.contains(&switch.name.as_str()) {
            let why = match sides.match_of(&item) {
                Some(_) => format!(
                    "the deployment did not have it at backup: it is not known whether {} refers to what was backed up then",
                    words(&switch.action)
                ),
                None => format!(
                    "set {} has no backup of {item}, to which it refers: {} stays as it is",
                    sides.set,
                    words(&switch.action)
                ),
            };
            gaps.push(Gap::new(GapKind::Switch, &switch.name, why));
        }
    }
    gaps
}

impl Sides<'_> {
    fn switch_the_same(&self, then: &Switch, today: &Switch) -> bool {
        let item = then.item_name();
        let followed = self.today(&item).map_or(item.as_str(), |matched| &matched.name);
        followed == today.item_name() && same_action(&then.action, &today.action)
    }
}

fn same_action(one: &SwitchAction, other: &SwitchAction) -> bool {
    let normalized = |action| switches::of(action).normalized(action);
    normalized(one) == normalized(other)
}

/// Whether two switches change the same secret, parameter, service or proxy.
fn of_one_thing(one: &SwitchAction, other: &SwitchAction) -> bool {
    let thing = |action| {
        let kind = switches::of(action);
        Some((kind.name(), kind.subject(action)?))
    };
    thing(one).is_some() && thing(one) == thing(other)
}

fn words(action: &SwitchAction) -> String {
    switches::of(action).words(action)
}
