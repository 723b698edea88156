//! The possible outcomes of a step in the present world.

use std::collections::BTreeSet;

use super::model::{CapturedData, DescribedResource, Label, Need, Place, RestoreState, SealedSet, World};
use super::steps::{CutOver, Request, RequestedSet, Step, StopMoment};

/// How a step ended: the execution, or the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Succeeded,
    Failed,
    Aborted,
    /// It asks a question, and waits.
    Waiting,
}

/// How a step may end, and the resulting state of its restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PossibleOutcome {
    pub end: End,
    pub state: Option<RestoreState>,
}

impl PossibleOutcome {
    pub fn new(end: End, state: RestoreState) -> Self {
        Self {
            end,
            state: Some(state),
        }
    }

    pub fn plain(end: End) -> Self {
        Self { end, state: None }
    }
}

impl std::fmt::Display for PossibleOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.state {
            None => write!(f, "{:?}", self.end),
            Some(state) => write!(f, "{:?}, the restore {state:?}", self.end),
        }
    }
}

impl World {
    /// Whether a step makes sense: what it names exists. It may not after earlier steps were left out.
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
            RequestedSet::Newest | RequestedSet::Unknown => true,
            RequestedSet::Set(set) | RequestedSet::Before(set) => self.sets.contains_key(&set),
            // After a safety backup had ended, the restore continued.
            RequestedSet::At(set) => self.sets.get(&set).is_some_and(|set| !set.safety),
        };
        let captured = |need: &Need| {
            self.wanted(request)
                .is_none_or(|(_, set)| set.captured.contains_key(need))
        };
        there && request.only.iter().all(captured)
    }

    /// The possible outcomes of a step, the likeliest first.
    pub fn outcomes(&self, step: &Step) -> Vec<PossibleOutcome> {
        match step {
            Step::BackUp if self.is_consistent() => vec![PossibleOutcome::plain(End::Succeeded)],
            Step::BackUp => vec![PossibleOutcome::plain(End::Failed)],
            Step::AbortBackUp if self.is_consistent() => {
                vec![
                    PossibleOutcome::plain(End::Aborted),
                    PossibleOutcome::plain(End::Succeeded),
                ]
            }
            Step::AbortBackUp => vec![
                PossibleOutcome::plain(End::Failed),
                PossibleOutcome::plain(End::Aborted),
            ],
            Step::Restore(request) => self.of_restore(request),
            Step::AbortRestore(request, moment) => self.of_aborted(request, *moment),
            Step::Answer(restore, yes) => self.of_answer(*restore, *yes),
            Step::UndoCutOver(restore) => self.of_undone_cut_over(*restore),
            Step::UndoRestore(restore) => self.of_undone(*restore),
            Step::AbortWaiting(restore)
                if self
                    .restores
                    .get(restore)
                    .is_some_and(|of| of.state == RestoreState::Planned) =>
            {
                vec![
                    PossibleOutcome::new(End::Aborted, RestoreState::Nothing),
                    PossibleOutcome::new(End::Aborted, RestoreState::Undone),
                ]
            }
            Step::AbortWaiting(_) => vec![
                PossibleOutcome::new(End::Aborted, RestoreState::Beside),
                PossibleOutcome::new(End::Aborted, RestoreState::Undone),
            ],
            // A file may be older than cut-overs: what they replaced is refused, if its names show it.
            Step::ApplyFirst if self.names_copies() => {
                vec![
                    PossibleOutcome::plain(End::Failed),
                    PossibleOutcome::plain(End::Succeeded),
                ]
            }
            Step::ApplyBroken => vec![PossibleOutcome::plain(End::Failed)],
            _ => vec![PossibleOutcome::plain(End::Succeeded)],
        }
    }

    fn names_copies(&self) -> bool {
        let is_copy = |(need, described): (&Need, &DescribedResource)| {
            *need != Need::Files && matches!(described.place, Place::Copy(..))
        };
        self.described.iter().any(is_copy)
    }

    /// The requested set.
    pub fn wanted(&self, request: &Request) -> Option<(Label, &SealedSet)> {
        let found = match request.which {
            RequestedSet::Newest => self.sets.last_key_value(),
            RequestedSet::Set(set) | RequestedSet::Before(set) | RequestedSet::At(set) => self.sets.get_key_value(&set),
            RequestedSet::Unknown => None,
        };
        found.map(|(label, set)| (*label, set))
    }

    /// The needs in a set that a request restores.
    pub fn scope(request: &Request, set: &SealedSet) -> BTreeSet<Need> {
        let asked = |need: &Need| request.only.is_empty() || request.only.contains(need);
        set.captured.keys().copied().filter(asked).collect()
    }

    fn of_restore(&self, request: &Request) -> Vec<PossibleOutcome> {
        let refused = PossibleOutcome::new(End::Failed, RestoreState::Nothing);
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
            return vec![PossibleOutcome::new(End::Waiting, RestoreState::Planned)];
        }
        self.of_planned(request, set)
    }

    /// The possible outcomes of a restore with a plan.
    fn of_planned(&self, request: &Request, set: &SealedSet) -> Vec<PossibleOutcome> {
        let refused = PossibleOutcome::new(End::Failed, RestoreState::Nothing);
        let mut all = match (request.dry_run, request.fault, request.keep) {
            (true, ..) => vec![PossibleOutcome::new(End::Succeeded, RestoreState::Nothing)],
            (_, Some(_), true) => vec![PossibleOutcome::new(End::Failed, RestoreState::Kept)],
            (_, Some(_), false) => vec![PossibleOutcome::new(End::Failed, RestoreState::Undone)],
            (_, None, _) => self.of_copies(request, set),
        };
        // The source of point-in-time recovery may be deleted; and without a restored resource of the descriptor, nothing can be switched.
        let gone = matches!(request.which, RequestedSet::At(_)) && !self.reads_what_is_there(request, set);
        let switches = Self::scope(request, set)
            .iter()
            .any(|need| self.described.contains_key(need));
        if gone || (!switches && request.cut_over != CutOver::No) {
            all.push(refused);
            all.push(PossibleOutcome::new(End::Succeeded, RestoreState::Beside));
        }
        all
    }

    fn of_copies(&self, request: &Request, set: &SealedSet) -> Vec<PossibleOutcome> {
        let (asks, cuts_over) = (
            PossibleOutcome::new(End::Waiting, RestoreState::Waiting),
            PossibleOutcome::new(End::Succeeded, RestoreState::CutOver),
        );
        match request.cut_over {
            CutOver::No => vec![PossibleOutcome::new(End::Succeeded, RestoreState::Beside)],
            CutOver::Ask => vec![asks],
            CutOver::Yes if !self.can_be_verified(request, set) => vec![asks],
            CutOver::Yes if self.must_be_verified(request, set) => vec![cuts_over],
            CutOver::Yes => vec![asks, cuts_over],
        }
    }

    /// Whether the copies can be verified: there is a count of the same moment, and everything has a counterpart.
    pub fn can_be_verified(&self, request: &Request, set: &SealedSet) -> bool {
        let scope = Self::scope(request, set);
        let counted = scope.iter().any(|need| *need != Need::Files);
        let removed = scope.iter().any(|need| !self.described.contains_key(need));
        counted && !removed && !matches!(request.which, RequestedSet::At(_))
    }

    /// Whether nothing prevents it: the descriptor has the same names, and if it has another place, a cut-over that is still in
    /// effect switched it there.
    fn must_be_verified(&self, request: &Request, set: &SealedSet) -> bool {
        let switched_to = |place: Place| match place {
            Place::Copy(_, restore) => self
                .restores
                .get(&restore)
                .is_some_and(|of| of.state == RestoreState::CutOver),
            Place::First(_) => false,
        };
        let same = |(need, captured): (&Need, &CapturedData)| {
            self.described.get(need).is_some_and(|described| {
                described.name == captured.name && (described.place == captured.place || switched_to(described.place))
            })
        };
        let added = self.described.keys().any(|need| !set.captured.contains_key(need));
        self.can_be_verified(request, set) && set.captured.iter().all(same) && !added
    }

    /// Whether a copy's name is taken: of the same source, with the same suffix.
    fn is_taken(&self, request: &Request, set: &SealedSet) -> bool {
        let Some(suffix) = request.suffix else { return false };
        let scope = Self::scope(request, set);
        let source = |set: &SealedSet, need: Need| set.captured.get(&need).map(|captured| captured.place);
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

    /// Whether the places in a set still exist, with the same data: point-in-time recovery reads clusters and tables as of a
    /// moment.
    fn reads_what_is_there(&self, request: &Request, set: &SealedSet) -> bool {
        let there = |need: &Need| {
            let place = set.captured.get(need).map(|captured| captured.place);
            place.is_some_and(|place| self.held.contains_key(&place))
        };
        Self::scope(request, set).iter().all(there)
    }

    fn of_aborted(&self, request: &Request, moment: StopMoment) -> Vec<PossibleOutcome> {
        let unhindered = self.of_restore(request);
        if unhindered
            .iter()
            .all(|outcome| outcome.state == Some(RestoreState::Nothing))
        {
            return unhindered;
        }
        let likeliest = match (moment, request.keep) {
            (StopMoment::Switching, _) => RestoreState::SwitchedBack,
            (_, true) => RestoreState::Kept,
            (_, false) => RestoreState::Undone,
        };
        let mut all = vec![PossibleOutcome::new(End::Aborted, likeliest)];
        let others = [
            RestoreState::Undone,
            RestoreState::Beside,
            RestoreState::SwitchedBack,
            RestoreState::CutOver,
            RestoreState::Nothing,
            // What a function in flight created after the undo had checked: it is reported, and undone again.
            RestoreState::Kept,
        ];
        all.extend(others.map(|state| PossibleOutcome::new(End::Aborted, state)));
        all.extend(unhindered);
        all
    }

    fn of_answer(&self, restore: Label, yes: bool) -> Vec<PossibleOutcome> {
        let Some(asked) = self.restores.get(&restore) else {
            return Vec::new();
        };
        match (asked.state, yes) {
            (RestoreState::Planned, true) => match self.sets.get(&asked.set) {
                Some(set) => self.of_planned(&asked.request, set),
                None => Vec::new(),
            },
            (RestoreState::Planned, false) => vec![PossibleOutcome::new(End::Failed, RestoreState::Nothing)],
            (RestoreState::Waiting, true) => {
                let mut all = vec![PossibleOutcome::new(End::Succeeded, RestoreState::CutOver)];
                if asked.rotated {
                    all.push(PossibleOutcome::new(End::Failed, RestoreState::Beside));
                    all.push(PossibleOutcome::new(End::Failed, RestoreState::SwitchedBack));
                }
                all
            }
            (RestoreState::Waiting, false) => vec![PossibleOutcome::new(End::Succeeded, RestoreState::Beside)],
            (state, _) => vec![PossibleOutcome::new(End::Failed, state)],
        }
    }

    fn of_undone_cut_over(&self, restore: Label) -> Vec<PossibleOutcome> {
        let Some(record) = self.restores.get(&restore) else {
            return Vec::new();
        };
        let refused = PossibleOutcome::new(End::Failed, record.state);
        // Nothing is left to do.
        if record.state == RestoreState::SwitchedBack {
            return vec![PossibleOutcome::new(End::Succeeded, RestoreState::SwitchedBack)];
        }
        if record.state != RestoreState::CutOver {
            return vec![refused];
        }
        let back = PossibleOutcome::new(End::Succeeded, RestoreState::SwitchedBack);
        if !self.redirected_elsewhere(restore).is_empty() {
            return vec![refused];
        }
        // A password that was changed since is only in the new cluster; and a run that waits holds the deployment.
        if record.rotated || self.waiting().is_some() {
            return vec![back, refused];
        }
        vec![back]
    }

    /// What a restore switched, and somebody then switched to something else: neither its copy nor the previous place.
    pub fn redirected_elsewhere(&self, restore: Label) -> Vec<Need> {
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

    fn of_undone(&self, restore: Label) -> Vec<PossibleOutcome> {
        let Some(record) = self.restores.get(&restore) else {
            return Vec::new();
        };
        let refused = PossibleOutcome::new(End::Failed, record.state);
        let removed = PossibleOutcome::new(End::Succeeded, RestoreState::Undone);
        if record.state == RestoreState::CutOver || !self.needed_copies(restore).is_empty() {
            return vec![refused];
        }
        // Without it, the cut-over of another restore could not be undone.
        if self.is_way_back(restore) {
            return vec![removed, refused];
        }
        vec![removed]
    }
}
