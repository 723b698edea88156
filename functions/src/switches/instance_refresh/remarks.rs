//! What an operator should know of a refresh before anything is restored.

use super::group::{Group, Refresh};
use super::pace::{LONGEST, Pace};
use crate::domain::duration;

/// Instances that are named, of many.
const NAMED: usize = 5;

/// What there is to say of a group with these refreshes, newest first.
pub fn remarks(of_group: &str, group: &Group, refreshes: &[Refresh]) -> Vec<String> {
    if group.is_empty() {
        return vec![format!(
            "{of_group} has a desired capacity of 0: nothing is replaced if that is so at the cut-over"
        )];
    }
    let mut remarks = vec![takes(of_group, Pace::of(group))];
    if refreshes.iter().any(Refresh::is_active) {
        remarks.push(format!(
            "{of_group} is being refreshed now: the cut-over waits while it is, before it switches anything"
        ));
    }
    remarks.extend(held(of_group, group));
    remarks.extend(version(of_group, group));
    if !group.suspended.is_empty() {
        remarks.push(format!(
            "{of_group} has its process {} suspended: nothing is replaced, and the cut-over fails, unless you resume it",
            group.suspended.join(" and ")
        ));
    }
    remarks
}

fn takes(of_group: &str, pace: Pace) -> String {
    let instances = match pace.instances {
        1 => "its instance".to_owned(),
        many => format!("its {many} instances, {} at a time", pace.at_once),
    };
    let too_long = match pace.seconds > LONGEST {
        true => ". That is too long: a cut-over waits a day for it, and then fails",
        false => "",
    };
    format!(
        "{of_group} replaces {instances}, with a warm-up after each time, which takes about {}, and as long again after switching back\
         {too_long}",
        duration::friendly(pace.seconds)
    )
}

/// Source: `ScaleInProtectedInstances` and `StandbyInstances`, which are `Wait` by default, in
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html>.
fn held(of_group: &str, group: &Group) -> Vec<String> {
    let is_held = |state: &str, protected: bool| protected || state == "Standby" || state == "EnteringStandby";
    let held: Vec<&str> = group
        .instances
        .iter()
        .filter(|instance| is_held(&instance.state, instance.is_protected))
        .map(|instance| instance.id.as_str())
        .collect();
    let mut remarks = Vec::new();
    if !held.is_empty() {
        let more = match held.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        remarks.push(format!(
            "{of_group} has instances that are protected from scale in, or in standby ({}{more}): a refresh waits an hour for you to \
             release them, and then fails",
            held.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ")
        ));
    }
    if group.protects_new {
        remarks.push(format!(
            "{of_group} protects new instances from scale in: so are those of the cut-over, which a refresh after switching back waits for"
        ));
    }
    remarks
}

/// A refresh is not only a restart: new instances have the group's present version of the launch template.
fn version(of_group: &str, group: &Group) -> Option<String> {
    let others = |version: &str| !version.is_empty() && version != group.version;
    let differs = group.instances.iter().any(|instance| others(&instance.version));
    (differs && !group.version.is_empty()).then(|| {
        format!(
            "{of_group} launches version {} of its launch template, which may be another than that of the instances that run: a refresh \
             also rolls that out",
            group.version
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::group::Instance;
    use super::*;

    fn instance(number: u32) -> Instance {
        Instance {
            id: format!("i-{number}"),
            state: "InService".to_owned(),
            is_protected: false,
            version: "3".to_owned(),
        }
    }

    fn group() -> Group {
        Group {
            desired_capacity: 2,
            can_launch: true,
            version: "3".to_owned(),
            warm_up: 300,
            instances: vec![instance(1), instance(2)],
            ..Group::default()
        }
    }

    fn all(group: &Group, refreshes: &[Refresh]) -> String {
        remarks("switch web: group hubs", group, refreshes).join("\n")
    }

    #[test]
    fn an_ordinary_group_is_told_how_long_it_takes_and_no_more() {
        assert_eq!(
            all(&group(), &[]),
            "switch web: group hubs replaces its 2 instances, 1 at a time, with a warm-up after each time, which takes about 30 minutes, \
             and as long again after switching back"
        );
    }

    #[test]
    fn what_would_hold_it_up_is_told() {
        let mut held = group();
        held.instances[0].is_protected = true;
        held.instances[1].state = "Standby".to_owned();
        held.protects_new = true;
        held.suspended = vec!["Terminate".to_owned()];
        let active = Refresh {
            status: "Baking".to_owned(),
            ..Refresh::default()
        };
        let said = all(&held, &[active]);
        for part in [
            "(i-1, i-2): a refresh waits an hour",
            "protects new instances",
            "process Terminate suspended",
            "is being refreshed now",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn many_instances_are_counted_and_what_takes_more_than_a_day_is_told() {
        let mut many = group();
        many.instances = (0..7)
            .map(|number| Instance {
                is_protected: true,
                ..instance(number)
            })
            .collect();
        many.warm_up = 20_000;
        let said = all(&many, &[]);
        assert!(said.contains("i-4 and 2 more"), "{said}");
        assert!(said.contains("a cut-over waits a day for it"), "{said}");
    }

    #[test]
    fn another_version_of_the_launch_template_is_told() {
        for (version, told) in [("3", false), ("4", true), ("$Latest", true), ("", false)] {
            let mut group = group();
            group.version = version.to_owned();
            assert_eq!(all(&group, &[]).contains("also rolls that out"), told, "{version}");
        }
    }
}
