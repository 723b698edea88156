//! The expected state of a deployment: which places have data, which of them the application uses, what was captured, what
//! restores created. Pure: without AWS or a lab.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::Request;

pub use super::names::{Label, Need, Place};

/// Keys and values: rows by id, items by id, files by path.
pub type Content = BTreeMap<String, String>;

/// A place's data, and the password of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceData {
    pub content: Content,
    pub password: usize,
    /// It remains of a restore that failed: how much of it was created is unknown.
    pub in_part: bool,
}

/// A resource of the descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedResource {
    pub name: String,
    /// Its place. A file system is the same after its files were restored to any directory: for files it says nothing.
    pub place: Place,
}

/// The data of one need in a sealed set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedData {
    /// The resource's name in the descriptor at that time.
    pub name: String,
    pub place: Place,
    pub held: PlaceData,
}

/// A sealed set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedSet {
    pub captured: BTreeMap<Need, CapturedData>,
    /// It is a restore's safety backup.
    pub safety: bool,
}

/// How far a restore is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestoreState {
    /// It created nothing: refused, a dry run, or failed and undone by itself.
    Nothing,
    /// It asks whether its plan may be carried out.
    Planned,
    /// Its copies exist; it asks whether the application may be switched to them.
    Waiting,
    /// Its copies exist next to the live resources.
    Beside,
    CutOver,
    SwitchedBack,
    /// It failed, and its copies were kept.
    Kept,
    /// What it created was removed.
    Undone,
}

/// A restore that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedRestore {
    pub set: Label,
    pub request: Request,
    pub state: RestoreState,
    /// The needs that it created copies of.
    pub made: BTreeSet<Need>,
    /// What the application used before it was switched.
    pub before: BTreeMap<Need, Place>,
    /// The places in the descriptor at that time: different, if somebody had switched the application by hand.
    pub described_before: BTreeMap<Need, Place>,
    /// The password was rotated since its question or its cut-over.
    pub rotated: bool,
}

/// The whole deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    pub held: BTreeMap<Place, PlaceData>,
    pub in_use: BTreeMap<Need, Place>,
    pub described: BTreeMap<Need, DescribedResource>,
    pub sets: BTreeMap<Label, SealedSet>,
    pub restores: BTreeMap<Label, StartedRestore>,
    /// The password in the secret, by number.
    pub password: usize,
}

impl World {
    /// A deployment without backups.
    pub fn new(contents: BTreeMap<Need, Content>) -> Self {
        let held = |(need, content)| {
            let held = PlaceData {
                content,
                ..PlaceData::default()
            };
            (Place::First(need), held)
        };
        let described = |need: Need| {
            let described = DescribedResource {
                name: need.first_name().to_owned(),
                place: Place::First(need),
            };
            (need, described)
        };
        Self {
            held: contents.into_iter().map(held).collect(),
            in_use: Need::ALL.into_iter().map(|need| (need, Place::First(need))).collect(),
            described: Need::ALL.into_iter().map(described).collect(),
            sets: BTreeMap::new(),
            restores: BTreeMap::new(),
            password: 0,
        }
    }

    /// The data that the application uses.
    pub fn used(&self, need: Need) -> Option<&PlaceData> {
        self.held.get(self.in_use.get(&need)?)
    }

    pub fn used_mut(&mut self, need: Need) -> Option<&mut PlaceData> {
        self.held.get_mut(self.in_use.get(&need)?)
    }

    pub fn is_used(&self, place: Place) -> bool {
        self.in_use.get(&place.need()) == Some(&place)
    }

    /// Whether a place is in the descriptor. For files, only the file system is.
    pub fn is_described(&self, place: Place) -> bool {
        let need = place.need();
        let described = self.described.get(&need);
        need != Need::Files && described.is_some_and(|described| described.place == place)
    }

    /// Whether the places in the descriptor are those in use, so that a backup has the application's data.
    pub fn is_consistent(&self) -> bool {
        let apart = |(need, described): (&Need, &DescribedResource)| {
            *need != Need::Files && self.in_use.get(need) != Some(&described.place)
        };
        !self.described.iter().any(apart)
    }

    /// The restore that waits for an answer.
    pub fn waiting(&self) -> Option<Label> {
        let mut restores = self.restores.iter();
        restores
            .find(|(_, restore)| matches!(restore.state, RestoreState::Planned | RestoreState::Waiting))
            .map(|(label, _)| *label)
    }

    /// Whether a restore's copies exist.
    pub fn has_copies(&self, restore: Label) -> bool {
        let of_it = |place: &Place| matches!(place, Place::Copy(_, of) if *of == restore);
        self.held.keys().any(of_it)
    }

    /// The copies of a restore that the application uses, or that are in the descriptor.
    pub fn needed_copies(&self, restore: Label) -> Vec<Place> {
        let of_it = |place: &&Place| matches!(place, Place::Copy(_, of) if *of == restore);
        let needed = |place: &&Place| self.is_used(**place) || self.is_described(**place);
        self.held.keys().filter(of_it).filter(needed).copied().collect()
    }

    /// Whether undoing another restore's cut-over would switch to a copy of this one.
    pub fn is_way_back(&self, restore: Label) -> bool {
        let leads = |other: &StartedRestore| {
            let to_it = |place: &Place| matches!(place, Place::Copy(_, of) if *of == restore);
            other.state == RestoreState::CutOver && other.before.values().any(to_it)
        };
        self.restores.values().any(leads)
    }
}
