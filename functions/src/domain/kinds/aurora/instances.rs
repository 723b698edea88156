//! The names that a restore gives to the instances of a copy.

use serde_json::Value;

use crate::domain::names;

/// Maximum length of an RDS identifier.
const LONGEST: usize = 63;
/// Prefix of the readers that Application Auto Scaling adds, which are not restored.
const AUTOSCALED: &str = "application-autoscaling-";

/// Each instance of the source, empty if it is not known, with the name that its copy has: the writer first, then by promotion tier.
pub fn names(configuration: &Value, source: &str, copy: &str) -> Vec<(String, String)> {
    let scales = configuration["ScalableTargets"]
        .as_array()
        .is_some_and(|targets| !targets.is_empty());
    let writes = |id: &str| {
        let mut members = configuration["DBCluster"]["DBClusterMembers"]
            .as_array()
            .into_iter()
            .flatten();
        members.any(|member| member["DBInstanceIdentifier"] == id && member["IsClusterWriter"] == true)
    };
    let mut captured: Vec<(bool, i64, &str)> = configuration["DBInstances"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|instance| {
            let id = instance["DBInstanceIdentifier"].as_str()?;
            let tier = instance["PromotionTier"].as_i64().unwrap_or(i64::MAX);
            (!(scales && id.starts_with(AUTOSCALED))).then(|| (!writes(id), tier, id))
        })
        .collect();
    captured.sort_unstable();
    if configuration["DBCluster"].is_null() {
        return vec![(String::new(), names::copy_of(copy, "1", LONGEST))];
    }
    let suffix = copy
        .match_indices('-')
        .map(|(at, _)| &copy[at + 1..])
        .find(|suffix| !suffix.is_empty() && names::copy_of(source, suffix, LONGEST) == copy);
    let named = captured.iter().enumerate();
    named
        .map(|(index, (_, _, id))| {
            let name = match suffix {
                Some(suffix) => names::copy_of(id, suffix, LONGEST),
                None => names::copy_of(copy, &(index + 1).to_string(), LONGEST),
            };
            ((*id).to_owned(), name)
        })
        .collect()
}
