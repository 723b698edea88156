//! The names of the model's places in the lab.

use std::collections::BTreeMap;

use anyhow::Result;
use holdfast_tests::soak::model::{Label, Need, Place};
use serde_json::Value;

/// The names of all places, also of those that no longer exist. For files, the directory below the file system's root.
#[derive(Default)]
pub struct Names(BTreeMap<Place, String>);

impl Names {
    pub fn put(&mut self, place: Place, name: impl Into<String>) {
        self.0.insert(place, name.into());
    }

    pub fn of(&self, place: Place) -> Option<&str> {
        self.0.get(&place).map(String::as_str)
    }

    /// The place of this name, of the kind of `need`.
    pub fn place(&self, kind: &str, name: &str) -> Option<Place> {
        let found = |place: &Place, of: &String| kind_of(place.need()) == kind && of == name;
        self.0
            .iter()
            .find(|(place, of)| found(place, of))
            .map(|(place, _)| *place)
    }

    pub fn of_kind(&self, kind: &str) -> Vec<(Place, String)> {
        let all = self.0.iter().filter(|(place, _)| kind_of(place.need()) == kind);
        all.map(|(place, name)| (*place, name.clone())).collect()
    }

    /// Learns the names of a restore's copies, also planned ones, from its items.
    pub fn learn(&mut self, restore: Label, items: &[Value]) -> Result<()> {
        for item in items {
            let source = &item["planned"]["resource"];
            let (kind, field) = match source["kind"].as_str() {
                Some("aurora") => ("aurora", "cluster"),
                Some("dynamodb") => ("dynamodb", "table"),
                Some("efs") => ("efs", "directory"),
                _ => continue,
            };
            let need = match kind {
                "efs" => Some(Need::Files),
                _ => source[field]
                    .as_str()
                    .and_then(|name| self.place(kind, name))
                    .map(Place::need),
            };
            let (made, planned) = (item["made"][field].as_str(), item["planned"]["beside"][field].as_str());
            if let (Some(need), Some(copy)) = (need, made.or(planned)) {
                let (place, copy) = (Place::Copy(need, restore), copy.trim_start_matches('/'));
                match made {
                    // A restore's names may be those of another restore's deleted copies.
                    Some(_) => self
                        .0
                        .retain(|other, name| kind_of(other.need()) != kind || name != copy),
                    None if self.place(kind, copy).is_some() => continue,
                    None => {}
                }
                self.put(place, copy);
            }
        }
        Ok(())
    }
}

/// The kind in a descriptor.
pub fn kind_of(need: Need) -> &'static str {
    match need {
        Need::Rows => "aurora",
        Need::Items | Need::Notes => "dynamodb",
        Need::Files => "efs",
    }
}
