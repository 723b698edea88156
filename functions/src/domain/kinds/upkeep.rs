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
    /// The sum of the parts that are known; each unknown part is named.
    pub fn of<const N: usize>(parts: [(&'static str, Option<f64>); N]) -> Self {
        let mut sum = Self::default();
        for (name, dollars) in parts {
            match dollars {
                Some(dollars) => sum.dollars = Some(sum.dollars.unwrap_or(0.0) + dollars),
                None => sum.without.push(name),
            }
        }
        sum
    }

    /// The same, with something else that is charged and not in it.
    pub fn and_without(mut self, what: &'static str) -> Self {
        self.without.push(what);
        self
    }

    /// As text: `about $190 a month, and storage`.
    pub fn words(&self) -> String {
        let more = match self.without.as_slice() {
            [] => String::new(),
            some => format!(", and {}", some.join(" and ")),
        };
        match self.dollars {
            Some(dollars) => format!("about {} a month{more}", dollars_words(dollars)),
            None => "not known".to_owned(),
        }
    }
}

/// `$0.40`, `$12`, `$1532`: cents only below ten dollars.
pub fn dollars_words(dollars: f64) -> String {
    match dollars {
        _ if dollars < 0.005 => "$0".to_owned(),
        _ if dollars < 9.995 => format!("${dollars:.2}"),
        _ => format!("${dollars:.0}"),
    }
}

/// A kind whose resources AWS charges for.
pub trait Upkeep {
    /// What an item's copy costs; its source costs about the same, since the copy has its size and settings.
    fn monthly_cost(&self, item: &RestoreItem) -> MonthlyCost;

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
        let nothing = MonthlyCost::of([("storage", None)]);
        assert_eq!((nothing.dollars, nothing.words().as_str()), (None, "not known"));
    }

    #[test]
    fn cents_are_shown_of_small_amounts() {
        for (dollars, words) in [
            (0.001, "$0"),
            (0.4, "$0.40"),
            (9.99, "$9.99"),
            (9.996, "$10"),
            (1531.7, "$1532"),
        ] {
            assert_eq!(dollars_words(dollars), words);
        }
    }
}
