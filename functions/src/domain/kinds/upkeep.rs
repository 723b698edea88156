//! What a resource costs while it exists, and how a person removes it.

use serde::Serialize;
use serde_json::Value;

use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;

/// An estimate of what a resource costs a month, from what was captured of its source.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MonthlyCost {
    /// US dollars at list prices of us-east-1; `None` if nothing is known of it.
    pub dollars: Option<f64>,
    /// What is charged, and not in it, as text: `storage`.
    pub without: Vec<&'static str>,
}

impl MonthlyCost {
    /// The sum of the parts that are known; each unknown part is named. Nothing and something unknown are unknown.
    pub fn of<const N: usize>(parts: [(&'static str, Option<f64>); N]) -> Self {
        let unknown = parts.iter().filter(|(_, dollars)| dollars.is_none());
        let without: Vec<&str> = unknown.map(|(name, _)| *name).collect();
        let sum: f64 = parts.iter().filter_map(|(_, dollars)| *dollars).sum();
        Self {
            dollars: (sum > 0.0 || without.is_empty()).then_some(sum),
            without,
        }
    }

    /// The same, with something else that is charged and not in it.
    pub fn and_without(mut self, what: &'static str) -> Self {
        self.without.push(what);
        self
    }

    /// As text: `about $190 a month, and storage`.
    pub fn words(&self) -> String {
        let without = self.without.join(" and ");
        match (self.dollars, without.as_str()) {
            (None, "") => "not known".to_owned(),
            (None, _) => format!("not known: {without}"),
            (Some(dollars), "") => format!("{} a month", dollars_words(dollars)),
            (Some(dollars), _) => format!("{} a month, and {without}", dollars_words(dollars)),
        }
    }
}

/// `about $0.40`, `about $12`, `about $1532`: cents only below ten dollars.
pub fn dollars_words(dollars: f64) -> String {
    match dollars {
        _ if dollars < 0.005 => "less than $0.01".to_owned(),
        _ if dollars < 9.995 => format!("about ${dollars:.2}"),
        _ => format!("about ${dollars:.0}"),
    }
}

/// A kind whose resources AWS charges for.
pub trait Upkeep {
    /// What an item's copy costs; its source costs about the same, since the copy has its size and settings.
    fn monthly_cost(&self, item: &RestoreItem) -> MonthlyCost;

    /// The size of what a copy was restored from, in bytes; `None` if AWS did not report one.
    fn size_bytes(&self, item: &RestoreItem) -> Option<u64> {
        item.planned.size_bytes
    }

    /// The commands, one a line, with which a person deletes a resource of this kind.
    fn removal_commands(&self, target: &Target) -> Vec<String>;
}

/// A captured number, also one that AWS writes with a fraction.
pub fn number(of: &Value, name: &str) -> Option<f64> {
    of[name].as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_named_and_not_taken_for_nothing() {
        let cost = MonthlyCost::of([("instances", Some(190.0)), ("storage", None)]);
        assert_eq!(cost.words(), "about $190 a month, and storage");
        assert_eq!(MonthlyCost::of([("storage", Some(0.4))]).words(), "about $0.40 a month");
        for nothing in [
            MonthlyCost::of([("storage", None)]),
            MonthlyCost::of([("capacity", Some(0.0)), ("storage", None)]),
        ] {
            assert_eq!(
                (nothing.dollars, nothing.words().as_str()),
                (None, "not known: storage")
            );
        }
    }

    #[test]
    fn cents_are_shown_of_small_amounts() {
        for (dollars, words) in [
            (0.001, "less than $0.01"),
            (0.4, "about $0.40"),
            (9.99, "about $9.99"),
            (9.996, "about $10"),
            (1531.7, "about $1532"),
        ] {
            assert_eq!(dollars_words(dollars), words);
        }
    }
}
