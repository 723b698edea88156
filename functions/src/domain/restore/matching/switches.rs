//! Whether the switches of today are those that the deployment had when the set was made.

use super::gaps::{Gap, GapKind};
use super::sides::Sides;
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::switches;

/// The switches that only one side has, or that lead from or to something else than they did. Of resources that the request
/// leaves out, none: they are not switched because somebody said so.
pub fn switches(sides: &Sides<'_>) -> Vec<Gap> {
    let today = &sides.today.cut_over;
    let mut gaps = Vec::new();
    let Some(then) = sides.then else {
        let why = format!(
            "the descriptor by which set {} was made is not in the catalog, so that nobody can tell whether its switches are \
             those of today",
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
                    "the deployment had it at backup, for {item}, and the descriptor does not have it any more: {} stays as it is",
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
                    "the deployment did not have it at backup: whether what was backed up then is what {} leads to is not known",
                    words(&switch.action)
                ),
                None => format!(
                    "set {} has no backup of {item}, to which it leads: {} stays as it is",
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
        let held = then.item_name();
        let followed = self.today(&held).map_or(held.as_str(), |matched| &matched.name);
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
