//! What may come of a step, in a world as it is.

use std::collections::BTreeSet;

use super::model::{Captured, Described, Label, Need, Place, SetOf, State, World};
use super::steps::{CutOver, Moment, Request, Step, Which};

/// How a step ended: the execution, or the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Succeeded,
    Failed,
    Aborted,
    /// It asks, and waits.
    Waiting,
}

/// How a step may end, and how far the restore then is that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    pub end: End,
    pub state: Option<State>,
}

impl Outcome {
    pub fn new(end: End, state: State) -> Self {
        Self {
            end,
            state: Some(state),
        }
    }

    pub fn plain(end: End) -> Self {
        Self { end, state: None }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.state {
            None => write!(f, "{:?}", self.end),
            Some(state) => write!(f, "{:?}, the restore {state:?}", self.end),
        }
    }
}

impl World {
    /// Whether a step means anything here: what it names is there. After others were left out, it may not be.
    pub fn can(&self, step: &Step) -> bool {
        match step {
            Step::Write(need) | Step::Damage(need) | Step::Touch(need) => self.used(*need).is_some(),
            Step::Restore(request) | Step::AbortRestore(request, _) => self.names_what_is_there(request),
            Step::Answer(restore, _) | Step::UndoCutOver(restore) | Step::UndoRestore(restore) => {
                self.restores.contains_key(restore)
            }
            Step::AbortWaiting(restore) => self.waiting() == Some(*restore),
            Step::Rename(need) => self.described.contains_key(need),
            Step::Remove(need) => self.described.contains_key(need) && self.described.len() > 2,
            Step::Add(need) => !self.described.contains_key(need),
            Step::Switch(need, place) => {
                let whole = self.held.get(place).is_some_and(|held| !held.in_part);
                whole && !self.is_used(*place) && place.need() == *need
            }
            Step::BackUp
            | Step::AbortBackUp
            | Step::ApplyFirst
            | Step::ForceFirst
            | Step::ApplyInUse
            | Step::ApplyBroken
            | Step::Rotate => true,
        }
    }

    fn names_what_is_there(&self, request: &Request) -> bool {
        let there = match request.which {
            Which::Newest | Which::Unknown => true,
            Which::Set(set) | Which::Before(set) => self.sets.contains_key(&set),
            // When a safety backup had ended, the restore went on.
            Which::At(set) => self.sets.get(&set).is_some_and(|set| !set.safety),
        };
        let captured = |need: &Need| {
            self.wanted(request)
                .is_none_or(|(_, set)| set.captured.contains_key(need))
        };
        there && request.only.iter().all(captured)
    }

    /// What may come of a step; the likeliest first.
    pub fn outcomes(&self, step: &Step) -> Vec<Outcome> {
        match step {
            Step::BackUp if self.is_consistent() => vec![Outcome::plain(End::Succeeded)],
            Step::BackUp => vec![Outcome::plain(End::Failed)],
            Step::AbortBackUp if self.is_consistent() => {
                vec![Outcome::plain(End::Aborted), Outcome::plain(End::Succeeded)]
            }
            Step::AbortBackUp => vec![Outcome::plain(End::Failed), Outcome::plain(End::Aborted)],
            Step::Restore(request) => self.of_restore(request),
            Step::AbortRestore(request, moment) => self.of_aborted(request, *moment),
            Step::Answer(restore, yes) => self.of_answer(*restore, *yes),
            Step::UndoCutOver(restore) => self.of_undone_cut_over(*restore),
            Step::UndoRestore(restore) => self.of_undone(*restore),
            Step::AbortWaiting(restore) if self.restores.get(restore).is_some_and(|of| of.state == State::Planned) => {
                vec![
                    Outcome::new(End::Aborted, State::Nothing),
                    Outcome::new(End::Aborted, State::Undone),
                ]
            }
            Step::AbortWaiting(_) => vec![
                Outcome::new(End::Aborted, State::Beside),
                Outcome::new(End::Aborted, State::Undone),
            ],
            // A file outlives cut-overs: what they replaced is refused, where that can be told by its names.
            Step::ApplyFirst if self.names_copies() => {
                vec![Outcome::plain(End::Failed), Outcome::plain(End::Succeeded)]
            }
            Step::ApplyBroken => vec![Outcome::plain(End::Failed)],
            _ => vec![Outcome::plain(End::Succeeded)],
        }
    }

    fn names_copies(&self) -> bool {
        let is_copy =
            |(need, described): (&Need, &Described)| *need != Need::Files && matches!(described.place, Place::Copy(..));
        self.described.iter().any(is_copy)
    }

    /// The set that is asked for.
    pub fn wanted(&self, request: &Request) -> Option<(Label, &SetOf)> {
        let found = match request.which {
            Which::Newest => self.sets.last_key_value(),
            Which::Set(set) | Which::Before(set) | Which::At(set) => self.sets.get_key_value(&set),
            Which::Unknown => None,
        };
        found.map(|(label, set)| (*label, set))
    }

    /// What of a set a request restores.
    pub fn scope(request: &Request, set: &SetOf) -> BTreeSet<Need> {
        let asked = |need: &Need| request.only.is_empty() || request.only.contains(need);
        set.captured.keys().copied().filter(asked).collect()
    }

    fn of_restore(&self, request: &Request) -> Vec<Outcome> {
        let refused = Outcome::new(End::Failed, State::Nothing);
        let Some((_, set)) = self.wanted(request) else {
            return vec![refused];
        };
        if (self.waiting().is_some() && !request.dry_run) || self.is_taken(request, set) {
            return vec![refused];
        }
        if request.safety && !self.is_consistent() {
            return vec![refused];
        }
        if request.approval && !request.dry_run {
            return vec![Outcome::new(End::Waiting, State::Planned)];
        }
        self.of_planned(request, set)
    }

    /// What may come of a restore whose plan is made.
    fn of_planned(&self, request: &Request, set: &SetOf) -> Vec<Outcome> {
        let refused = Outcome::new(End::Failed, State::Nothing);
        let mut all = match (request.dry_run, request.fault, request.keep) {
            (true, ..) => vec![Outcome::new(End::Succeeded, State::Nothing)],
            (_, Some(_), true) => vec![Outcome::new(End::Failed, State::Kept)],
            (_, Some(_), false) => vec![Outcome::new(End::Failed, State::Undone)],
            (_, None, _) => self.of_copies(request, set),
        };
        // What point-in-time recovery reads may be gone; and where nothing described is restored, nothing can be switched.
        let gone = matches!(request.which, Which::At(_)) && !self.reads_what_is_there(request, set);
        let switches = Self::scope(request, set)
            .iter()
            .any(|need| self.described.contains_key(need));
        if gone || (!switches && request.cut_over != CutOver::No) {
            all.push(refused);
            all.push(Outcome::new(End::Succeeded, State::Beside));
        }
        all
    }

    fn of_copies(&self, request: &Request, set: &SetOf) -> Vec<Outcome> {
        let (asks, cuts_over) = (
            Outcome::new(End::Waiting, State::Waiting),
            Outcome::new(End::Succeeded, State::CutOver),
        );
        match request.cut_over {
            CutOver::No => vec![Outcome::new(End::Succeeded, State::Beside)],
            CutOver::Ask => vec![asks],
            CutOver::Yes if !self.can_be_verified(request, set) => vec![asks],
            CutOver::Yes if self.must_be_verified(request, set) => vec![cuts_over],
            CutOver::Yes => vec![asks, cuts_over],
        }
    }

    /// Whether anything would let the copies be verified: a count of the same moment, and nothing that has no counterpart.
    pub fn can_be_verified(&self, request: &Request, set: &SetOf) -> bool {
        let scope = Self::scope(request, set);
        let counted = scope.iter().any(|need| *need != Need::Files);
        let removed = scope.iter().any(|need| !self.described.contains_key(need));
        counted && !removed && !matches!(request.which, Which::At(_))
    }

    /// Whether nothing speaks against it: the descriptor is the same by its names, and where it leads to another place, a cut-over
    /// that stands has led it there.
    fn must_be_verified(&self, request: &Request, set: &SetOf) -> bool {
        let led = |place: Place| match place {
            Place::Copy(_, restore) => self.restores.get(&restore).is_some_and(|of| of.state == State::CutOver),
            Place::First(_) => false,
        };
        let same = |(need, captured): (&Need, &Captured)| {
            self.described.get(need).is_some_and(|described| {
                described.name == captured.name && (described.place == captured.place || led(described.place))
            })
        };
        let added = self.described.keys().any(|need| !set.captured.contains_key(need));
        self.can_be_verified(request, set) && set.captured.iter().all(same) && !added
    }

    /// Whether a copy's name is taken: of the same source, with the same suffix.
    fn is_taken(&self, request: &Request, set: &SetOf) -> bool {
        let Some(suffix) = request.suffix else { return false };
        let scope = Self::scope(request, set);
        let source = |set: &SetOf, need: Need| set.captured.get(&need).map(|captured| captured.place);
        let same = |need: &Need, label: Label| {
            let other = self.restores.get(&label);
            let other = other.filter(|other| other.request.suffix == Some(suffix));
            let of_other = other.and_then(|other| source(self.sets.get(&other.set)?, *need));
            of_other.is_some() && of_other == source(set, *need)
        };
        let taken = |place: &Place| match place {
            Place::Copy(need, label) => *need != Need::Files && scope.contains(need) && same(need, *label),
            Place::First(_) => false,
        };
        self.held.keys().any(taken)
    }

    /// Whether the places of which a set was made are still there, and hold what they held: a cluster and tables are read as
    /// they were at a moment.
    fn reads_what_is_there(&self, request: &Request, set: &SetOf) -> bool {
        let there = |need: &Need| {
            let place = set.captured.get(need).map(|captured| captured.place);
            place.is_some_and(|place| self.held.contains_key(&place))
        };
        Self::scope(request, set).iter().all(there)
    }

    fn of_aborted(&self, request: &Request, moment: Moment) -> Vec<Outcome> {
        let unhindered = self.of_restore(request);
        if unhindered.iter().all(|outcome| outcome.state == Some(State::Nothing)) {
            return unhindered;
        }
        let likeliest = match (moment, request.keep) {
            (Moment::Switching, _) => State::SwitchedBack,
            (_, true) => State::Kept,
            (_, false) => State::Undone,
        };
        let mut all = vec![Outcome::new(End::Aborted, likeliest)];
        let others = [
            State::Undone,
            State::Beside,
            State::SwitchedBack,
            State::CutOver,
            State::Nothing,
            // What a function in flight made after the undo had looked: it is told of, and undone again.
            State::Kept,
        ];
        all.extend(others.map(|state| Outcome::new(End::Aborted, state)));
        all.extend(unhindered);
        all
    }

    fn of_answer(&self, restore: Label, yes: bool) -> Vec<Outcome> {
        let Some(asked) = self.restores.get(&restore) else {
            return Vec::new();
        };
        match (asked.state, yes) {
            (State::Planned, true) => match self.sets.get(&asked.set) {
                Some(set) => self.of_planned(&asked.request, set),
                None => Vec::new(),
            },
            (State::Planned, false) => vec![Outcome::new(End::Failed, State::Nothing)],
            (State::Waiting, true) => {
                let mut all = vec![Outcome::new(End::Succeeded, State::CutOver)];
                if asked.rotated {
                    all.push(Outcome::new(End::Failed, State::Beside));
                    all.push(Outcome::new(End::Failed, State::SwitchedBack));
                }
                all
            }
            (State::Waiting, false) => vec![Outcome::new(End::Succeeded, State::Beside)],
            (state, _) => vec![Outcome::new(End::Failed, state)],
        }
    }

    fn of_undone_cut_over(&self, restore: Label) -> Vec<Outcome> {
        let Some(record) = self.restores.get(&restore) else {
            return Vec::new();
        };
        let refused = Outcome::new(End::Failed, record.state);
        // What is done already needs nothing more.
        if record.state == State::SwitchedBack {
            return vec![Outcome::new(End::Succeeded, State::SwitchedBack)];
        }
        if record.state != State::CutOver {
            return vec![refused];
        }
        let back = Outcome::new(End::Succeeded, State::SwitchedBack);
        if !self.leads_elsewhere(restore).is_empty() {
            return vec![refused];
        }
        // A password that was changed since is in the new cluster only; and a run that waits holds the deployment.
        if record.rotated || self.waiting().is_some() {
            return vec![back, refused];
        }
        vec![back]
    }

    /// What a restore switched, and somebody then led elsewhere: neither to its copy nor to what was before.
    pub fn leads_elsewhere(&self, restore: Label) -> Vec<Need> {
        let Some(record) = self.restores.get(&restore) else {
            return Vec::new();
        };
        let elsewhere = |(need, before): (&Need, &Place)| {
            let used = self.in_use.get(need)?;
            let ours = *used == Place::Copy(*need, restore) || used == before;
            (!ours || !self.held.contains_key(before)).then_some(*need)
        };
        record.before.iter().filter_map(elsewhere).collect()
    }

    fn of_undone(&self, restore: Label) -> Vec<Outcome> {
        let Some(record) = self.restores.get(&restore) else {
            return Vec::new();
        };
        let refused = Outcome::new(End::Failed, record.state);
        let removed = Outcome::new(End::Succeeded, State::Undone);
        if record.state == State::CutOver || !self.needed_copies(restore).is_empty() {
            return vec![refused];
        }
        // Removed, the way back of another restore would lead nowhere.
        if self.is_way_back(restore) {
            return vec![removed, refused];
        }
        vec![removed]
    }
}
