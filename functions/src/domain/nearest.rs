//! The nearest of several names, as a suggestion for a mistyped one.

use strsim::generic_levenshtein;

/// The candidate that `text` most likely meant; `None` if none is near. Case, hyphens and underscores are ignored.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A document may have a name of any length: only its beginning is compared.
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|c| !matches!(c, '-' | '_'))
            .flat_map(char::to_lowercase)
            .take(64)
            .collect()
    };
    let typed = plain(text);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let name = plain(candidate);
            let extended = name.len() >= 3 && typed.starts_with(&name) || typed.len() >= 3 && name.starts_with(&typed);
            let distance = if extended {
                1
            } else {
                generic_levenshtein(&typed, &name)
            };
            (distance <= name.len().max(3) / 3).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_none() {
        let fields = ["kind", "cluster", "deadline", "file_system", "sql"];
        for (typed, meant) in [
            ("clustr", Some("cluster")),
            ("Cluster", Some("cluster")),
            ("cluster_identifier", Some("cluster")),
            ("fileSystem", Some("file_system")),
            ("dead-line", Some("deadline")),
            ("knd", Some("kind")),
            ("sqll", Some("sql")),
            ("password", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, fields), meant, "{typed}");
        }
    }
}
