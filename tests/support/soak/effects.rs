//! The effect of a step on the world.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    CapturedData, Content, DescribedResource, Label, Need, Place, PlaceData, RestoreState, SealedSet, StartedRestore,
    World,
};
use super::outcomes::{End, PossibleOutcome};
use super::steps::{Request, Step};

/// The result of a step, as far as the world alone does not determine it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub outcome: PossibleOutcome,
    /// The needs that the restore created copies of.
    pub made: BTreeSet<Need>,
    /// What the restore switched, and has not switched back.
    pub switched: BTreeSet<Need>,
    /// Whether it reports its copies as verified.
    pub verified: bool,
    /// Whether its safety backup was sealed.
    pub safety: bool,
}

impl World {
    /// The likely effect of a step.
    pub fn likely_effect(&self, step: &Step) -> Option<Effect> {
        let outcome = *self.outcomes(step).first()?;
        let mut happened = Effect {
            outcome,
            made: BTreeSet::new(),
            switched: BTreeSet::new(),
            verified: false,
            safety: false,
        };
        let described = |made: &BTreeSet<Need>| {
            let all = made.iter().copied();
            all.filter(|need| self.described.contains_key(need)).collect()
        };
        let cut_over = outcome.state == Some(RestoreState::CutOver);
        match step {
            Step::Restore(request) | Step::AbortRestore(request, _) => {
                if let Some((_, set)) = self.wanted(request) {
                    self.predict_copies(&mut happened, request, set);
                }
            }
            Step::Answer(restore, _) | Step::UndoCutOver(restore) | Step::UndoRestore(restore) => {
                let record = self.restores.get(restore)?;
                happened.made.clone_from(&record.made);
                match record.state {
                    RestoreState::Planned => {
                        self.predict_copies(&mut happened, &record.request, self.sets.get(&record.set)?)
                    }
                    RestoreState::CutOver if cut_over => happened.switched = record.before.keys().copied().collect(),
                    _ if cut_over => happened.switched = described(&happened.made),
                    _ => {}
                }
            }
            Step::AbortWaiting(restore) => happened.made.clone_from(&self.restores.get(restore)?.made),
            _ => {}
        }
        Some(happened)
    }

    fn predict_copies(&self, happened: &mut Effect, request: &Request, set: &SealedSet) {
        let Some(state) = happened.outcome.state else { return };
        happened.safety = request.safety && !matches!(state, RestoreState::Nothing | RestoreState::Planned);
        if !matches!(
            state,
            RestoreState::Nothing | RestoreState::Undone | RestoreState::Planned
        ) {
            happened.made = Self::scope(request, set);
        }
        if state == RestoreState::CutOver {
            let made = happened.made.iter().copied();
            happened.switched = made.filter(|need| self.described.contains_key(need)).collect();
        }
    }

    /// Applies a step with this effect.
    pub fn carry_out(&mut self, label: Label, step: &Step, happened: &Effect) {
        match step {
            Step::Write(need) => self.write(*need, label),
            Step::Damage(need) => self.damage(*need),
            Step::BackUp | Step::AbortBackUp if happened.outcome.end == End::Succeeded => self.capture(label, false),
            Step::Restore(request) | Step::AbortRestore(request, _) => self.restore(label, request, happened),
            Step::Answer(restore, _) => self.answer(label, *restore, happened),
            Step::UndoCutOver(restore) | Step::UndoRestore(restore) | Step::AbortWaiting(restore) => {
                self.set_state(*restore, happened)
            }
            Step::Rename(need) => {
                if let Some(described) = self.described.get_mut(need) {
                    described.name = renamed(*need, label);
                }
            }
            Step::Remove(need) => {
                self.described.remove(need);
            }
            Step::Add(need) => {
                if let Some(place) = self.in_use.get(need) {
                    let name = need.first_name().to_owned();
                    self.described.insert(*need, DescribedResource { name, place: *place });
                }
            }
            Step::ApplyFirst | Step::ForceFirst if happened.outcome.end == End::Succeeded => {
                let first = |need: Need| {
                    let name = need.first_name().to_owned();
                    (
                        need,
                        DescribedResource {
                            name,
                            place: Place::First(need),
                        },
                    )
                };
                self.described = Need::ALL.into_iter().map(first).collect();
            }
            Step::ApplyInUse => {
                for (need, described) in &mut self.described {
                    if let Some(place) = self.in_use.get(need) {
                        described.place = *place;
                    }
                }
            }
            Step::Rotate => {
                self.password = label;
                if let Some(held) = self.used_mut(Need::Rows) {
                    held.password = label;
                }
                for restore in self.restores.values_mut() {
                    restore.rotated |= matches!(restore.state, RestoreState::Waiting | RestoreState::CutOver);
                }
            }
            Step::Switch(need, place) => {
                self.in_use.insert(*need, *place);
                if *need == Need::Rows {
                    self.password = self.held.get(place).map_or(self.password, |held| held.password);
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, need: Need, label: Label) {
        if let Some(held) = self.used_mut(need) {
            held.content = written(&held.content, need, label);
        }
    }

    fn damage(&mut self, need: Need) {
        if let Some(held) = self.used_mut(need) {
            held.content = damaged(&held.content);
        }
    }

    fn capture(&mut self, label: Label, safety: bool) {
        let captured = |(need, described): (&Need, &DescribedResource)| {
            let place = *self.in_use.get(need)?;
            let held = self.held.get(&place)?.clone();
            let name = described.name.clone();
            Some((*need, CapturedData { name, place, held }))
        };
        let captured = self.described.iter().filter_map(captured).collect();
        self.sets.insert(label, SealedSet { captured, safety });
    }

    fn restore(&mut self, label: Label, request: &Request, happened: &Effect) {
        let Some((of, _)) = self.wanted(request) else { return };
        if happened.outcome.state == Some(RestoreState::Nothing) {
            return;
        }
        let record = StartedRestore {
            set: of,
            request: request.clone(),
            // Its result is one step further.
            state: RestoreState::Planned,
            made: BTreeSet::new(),
            before: BTreeMap::new(),
            described_before: BTreeMap::new(),
            rotated: false,
        };
        self.restores.insert(label, record);
        if happened.safety {
            self.capture(label, true);
        }
        self.copy(label, happened);
        self.set_state(label, happened);
    }

    fn answer(&mut self, label: Label, restore: Label, happened: &Effect) {
        if self
            .restores
            .get(&restore)
            .is_some_and(|record| record.state == RestoreState::Planned)
        {
            if happened.safety {
                self.capture(label, true);
            }
            self.copy(restore, happened);
        }
        self.set_state(restore, happened);
    }

    /// The copies that a restore made.
    fn copy(&mut self, label: Label, happened: &Effect) {
        let Some(record) = self.restores.get_mut(&label) else {
            return;
        };
        record.made.clone_from(&happened.made);
        let Some(set) = self.sets.get(&record.set) else { return };
        for need in &happened.made {
            if let Some(captured) = set.captured.get(need) {
                let held = PlaceData {
                    in_part: happened.outcome.state == Some(RestoreState::Kept),
                    ..captured.held.clone()
                };
                self.held.insert(Place::Copy(*need, label), held);
            }
        }
    }

    /// A restore gets to a state.
    fn set_state(&mut self, label: Label, happened: &Effect) {
        let Some(state) = happened.outcome.state else { return };
        let Some(record) = self.restores.get(&label).cloned() else {
            return;
        };
        match state {
            RestoreState::CutOver if record.state != RestoreState::CutOver => self.cut_over(label, &happened.switched),
            RestoreState::SwitchedBack | RestoreState::CutOver => self.switch_back(label, &record, &happened.switched),
            RestoreState::Undone | RestoreState::Nothing => self.held.retain(|place, _| !is_of(*place, label)),
            _ => {}
        }
        if let Some(record) = self.restores.get_mut(&label) {
            record.state = state;
        }
    }

    fn cut_over(&mut self, label: Label, switched: &BTreeSet<Need>) {
        let (mut before, mut described_before) = (BTreeMap::new(), BTreeMap::new());
        for need in switched {
            let copy = Place::Copy(*need, label);
            if let Some(used) = self.in_use.insert(*need, copy) {
                before.insert(*need, used);
            }
            if let Some(described) = self.described.get_mut(need) {
                described_before.insert(*need, described.place);
                described.place = copy;
            }
            // Its login is the application's: the secret keeps the password.
            if *need == Need::Rows
                && let Some(held) = self.held.get_mut(&copy)
            {
                held.password = self.password;
            }
        }
        if let Some(record) = self.restores.get_mut(&label) {
            record.before = before;
            record.described_before = described_before;
            record.rotated = false;
        }
    }

    fn switch_back(&mut self, label: Label, record: &StartedRestore, still: &BTreeSet<Need>) {
        for (need, before) in &record.before {
            let copy = Place::Copy(*need, label);
            if still.contains(need) {
                continue;
            }
            if self.in_use.get(need) == Some(&copy) {
                self.in_use.insert(*need, *before);
                if *need == Need::Rows {
                    self.password = self.held.get(before).map_or(self.password, |held| held.password);
                }
            }
            // Also if somebody had switched the application back by hand.
            let described = self.described.get_mut(need);
            if let Some(described) = described.filter(|described| described.place == copy) {
                described.place = record.described_before.get(need).copied().unwrap_or(*before);
            }
        }
    }
}

fn is_of(place: Place, restore: Label) -> bool {
    matches!(place, Place::Copy(_, of) if of == restore)
}

/// The new name of a resource.
pub fn renamed(need: Need, label: Label) -> String {
    format!("{}-{label}", need.first_name())
}

/// A key that a write adds.
pub fn key(need: Need, label: Label) -> String {
    match need {
        Need::Rows => (1_000 + label).to_string(),
        Need::Items | Need::Notes => format!("written-{label}"),
        Need::Files => format!("written/{label}.txt"),
    }
}

/// One key more, and the first with another value.
pub fn written(content: &Content, need: Need, label: Label) -> Content {
    let mut content = content.clone();
    let value = format!("v{label}");
    if let Some(first) = content.values_mut().next() {
        first.clone_from(&value);
    }
    content.insert(key(need, label), value);
    content
}

/// Every second key is gone, but one; the last has another value.
pub fn damaged(content: &Content) -> Content {
    let mut left: Content = content
        .iter()
        .skip(content.len() % 2)
        .step_by(2)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if left.is_empty() {
        left.clone_from(content);
    }
    if let Some(last) = left.values_mut().last() {
        "damaged".clone_into(last);
    }
    left
}
