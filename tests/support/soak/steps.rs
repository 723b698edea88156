//! The steps of a sequence, and their names.

use super::names::{Label, Need, Place};

/// The set in a restore's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedSet {
    Newest,
    Set(Label),
    /// The newest before the moment at which this set's backup had ended.
    Before(Label),
    /// All as of that moment.
    At(Label),
    /// One that does not exist.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutOver {
    Yes,
    No,
    Ask,
}

/// A fault while a restore creates its copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    RestoreJob,
    Instance,
}

/// The request of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub which: RequestedSet,
    /// All if it is empty.
    pub only: Vec<Need>,
    /// Lists what is left out instead of what is restored.
    pub by_except: bool,
    /// A person has to approve the plan.
    pub approval: bool,
    /// The live resources are backed up first.
    pub safety: bool,
    pub cut_over: CutOver,
    pub keep: bool,
    pub dry_run: bool,
    pub suffix: Option<u8>,
    pub fault: Option<Fault>,
}

impl Request {
    pub fn new(which: RequestedSet, cut_over: CutOver) -> Self {
        Self {
            which,
            only: Vec::new(),
            by_except: false,
            approval: false,
            safety: false,
            cut_over,
            keep: false,
            dry_run: false,
            suffix: None,
            fault: None,
        }
    }
}

/// When an execution is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMoment {
    /// The first backup or copy was just requested.
    Making,
    /// The copies are being compared.
    Comparing,
    /// The first switch was just carried out.
    Switching,
}

/// One step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The application writes.
    Write(Need),
    /// Half of it is deleted, and some of it overwritten.
    Damage(Need),
    BackUp,
    Restore(Request),
    /// A waiting restore's question is answered.
    Answer(Label, bool),
    UndoCutOver(Label),
    UndoRestore(Label),
    /// A resource gets another name in the descriptor, with its probe and its switch.
    Rename(Need),
    /// A resource is removed from the descriptor, with its probe and its switch.
    Remove(Need),
    /// A resource is added to the descriptor.
    Add(Need),
    /// The file of the first descriptor is applied again.
    ApplyFirst,
    /// The same, though it names what a cut-over replaced.
    ForceFirst,
    /// A descriptor is applied that names what the application uses.
    ApplyInUse,
    /// A descriptor is applied with a switch for a resource that is not in it.
    ApplyBroken,
    /// The database's password is changed, and written to the secret.
    Rotate,
    /// A need's reference is written again, with the same value.
    Touch(Need),
    /// Somebody switches the application by hand.
    Switch(Need, Place),
    AbortBackUp,
    AbortRestore(Request, StopMoment),
    /// The execution of a waiting restore is stopped.
    AbortWaiting(Label),
}

/// The kind of a step; every kind has to occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Write,
    Damage,
    BackUp,
    RestoreNewest,
    RestoreSet,
    RestoreBefore,
    RestoreAt,
    RestoreUnknown,
    RestoreOnly,
    RestoreExcept,
    RestoreApproved,
    RestoreSafely,
    RestoreDry,
    RestoreSuffix,
    RestoreCutOver,
    RestoreBeside,
    RestoreAsk,
    RestoreFailingUndone,
    RestoreFailingKept,
    Yes,
    No,
    UndoCutOver,
    UndoRestore,
    Rename,
    Remove,
    Add,
    ApplyFirst,
    ForceFirst,
    ApplyInUse,
    ApplyBroken,
    Rotate,
    Touch,
    Switch,
    AbortBackUp,
    AbortMaking,
    AbortComparing,
    AbortSwitching,
    AbortWaiting,
}

impl Kind {
    pub const ALL: [Kind; 38] = [
        Kind::Write,
        Kind::Damage,
        Kind::BackUp,
        Kind::RestoreNewest,
        Kind::RestoreSet,
        Kind::RestoreBefore,
        Kind::RestoreAt,
        Kind::RestoreUnknown,
        Kind::RestoreOnly,
        Kind::RestoreExcept,
        Kind::RestoreApproved,
        Kind::RestoreSafely,
        Kind::RestoreDry,
        Kind::RestoreSuffix,
        Kind::RestoreCutOver,
        Kind::RestoreBeside,
        Kind::RestoreAsk,
        Kind::RestoreFailingUndone,
        Kind::RestoreFailingKept,
        Kind::Yes,
        Kind::No,
        Kind::UndoCutOver,
        Kind::UndoRestore,
        Kind::Rename,
        Kind::Remove,
        Kind::Add,
        Kind::ApplyFirst,
        Kind::ForceFirst,
        Kind::ApplyInUse,
        Kind::ApplyBroken,
        Kind::Rotate,
        Kind::Touch,
        Kind::Switch,
        Kind::AbortBackUp,
        Kind::AbortMaking,
        Kind::AbortComparing,
        Kind::AbortSwitching,
        Kind::AbortWaiting,
    ];
}

impl Step {
    /// The kinds of a step: a request has one for each of its fields.
    pub fn kinds(&self) -> Vec<Kind> {
        match self {
            Step::Restore(request) => request.kinds(),
            Step::AbortRestore(_, StopMoment::Making) => vec![Kind::AbortMaking],
            Step::AbortRestore(_, StopMoment::Comparing) => vec![Kind::AbortComparing],
            Step::AbortRestore(_, StopMoment::Switching) => vec![Kind::AbortSwitching],
            Step::Write(_) => vec![Kind::Write],
            Step::Damage(_) => vec![Kind::Damage],
            Step::BackUp => vec![Kind::BackUp],
            Step::Answer(_, true) => vec![Kind::Yes],
            Step::Answer(_, false) => vec![Kind::No],
            Step::UndoCutOver(_) => vec![Kind::UndoCutOver],
            Step::UndoRestore(_) => vec![Kind::UndoRestore],
            Step::Rename(_) => vec![Kind::Rename],
            Step::Remove(_) => vec![Kind::Remove],
            Step::Add(_) => vec![Kind::Add],
            Step::ApplyFirst => vec![Kind::ApplyFirst],
            Step::ForceFirst => vec![Kind::ForceFirst],
            Step::ApplyInUse => vec![Kind::ApplyInUse],
            Step::ApplyBroken => vec![Kind::ApplyBroken],
            Step::Rotate => vec![Kind::Rotate],
            Step::Touch(_) => vec![Kind::Touch],
            Step::Switch(..) => vec![Kind::Switch],
            Step::AbortBackUp => vec![Kind::AbortBackUp],
            Step::AbortWaiting(_) => vec![Kind::AbortWaiting],
        }
    }

    /// Whether it starts an execution, which notifies on-call.
    pub fn runs(&self) -> bool {
        matches!(
            self,
            Step::BackUp
                | Step::Restore(_)
                | Step::Answer(..)
                | Step::UndoCutOver(_)
                | Step::UndoRestore(_)
                | Step::AbortBackUp
                | Step::AbortRestore(..)
                | Step::AbortWaiting(_)
        )
    }
}

impl Request {
    fn kinds(&self) -> Vec<Kind> {
        let mut kinds = vec![match self.which {
            RequestedSet::Newest => Kind::RestoreNewest,
            RequestedSet::Set(_) => Kind::RestoreSet,
            RequestedSet::Before(_) => Kind::RestoreBefore,
            RequestedSet::At(_) => Kind::RestoreAt,
            RequestedSet::Unknown => Kind::RestoreUnknown,
        }];
        let of_fields = [
            (!self.only.is_empty() && !self.by_except, Kind::RestoreOnly),
            (!self.only.is_empty() && self.by_except, Kind::RestoreExcept),
            (self.approval, Kind::RestoreApproved),
            (self.safety, Kind::RestoreSafely),
            (self.dry_run, Kind::RestoreDry),
            (self.suffix.is_some(), Kind::RestoreSuffix),
            (self.cut_over == CutOver::Yes, Kind::RestoreCutOver),
            (self.cut_over == CutOver::No, Kind::RestoreBeside),
            (self.cut_over == CutOver::Ask, Kind::RestoreAsk),
            (self.fault.is_some() && !self.keep, Kind::RestoreFailingUndone),
            (self.fault.is_some() && self.keep, Kind::RestoreFailingKept),
        ];
        kinds.extend(of_fields.into_iter().filter(|(is, _)| *is).map(|(_, kind)| kind));
        kinds
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.which {
            RequestedSet::Newest => write!(f, "restore the newest set")?,
            RequestedSet::Set(set) => write!(f, "restore set {set}")?,
            RequestedSet::Before(set) => write!(f, "restore the newest set before the end of backup {set}")?,
            RequestedSet::At(set) => write!(f, "restore all as of the end of backup {set}")?,
            RequestedSet::Unknown => write!(f, "restore a set that does not exist")?,
        }
        if !self.only.is_empty() {
            let only: Vec<String> = self.only.iter().map(ToString::to_string).collect();
            let how = if self.by_except {
                "all except what is not"
            } else {
                "only"
            };
            write!(f, ", {how} the {}", only.join(" and the "))?;
        }
        if self.approval {
            write!(f, ", once the plan is approved")?;
        }
        if self.safety {
            write!(f, ", after a safety backup")?;
        }
        write!(
            f,
            ", {}",
            match self.cut_over {
                CutOver::Yes => "and cut over",
                CutOver::No => "without cutting over",
                CutOver::Ask => "and ask before cutting over",
            }
        )?;
        if let Some(suffix) = self.suffix {
            write!(f, ", suffix s{suffix}")?;
        }
        match self.fault {
            Some(Fault::RestoreJob) => write!(f, "; the job of the files fails")?,
            Some(Fault::Instance) => write!(f, "; the instance fails")?,
            None => {}
        }
        if self.fault.is_some() {
            write!(f, ", the copies are {}", if self.keep { "kept" } else { "undone" })?;
        }
        if self.dry_run {
            write!(f, "; a dry run")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Write(need) => write!(f, "the application writes {need}"),
            Step::Damage(need) => write!(f, "{need} are deleted and overwritten"),
            Step::BackUp => write!(f, "back up"),
            Step::Restore(request) => write!(f, "{request}"),
            Step::Answer(restore, yes) => write!(f, "say {} to restore {restore}", if *yes { "yes" } else { "no" }),
            Step::UndoCutOver(restore) => write!(f, "undo the cut-over of restore {restore}"),
            Step::UndoRestore(restore) => write!(f, "undo restore {restore}"),
            Step::Rename(need) => write!(f, "rename the resource of the {need} in the descriptor"),
            Step::Remove(need) => write!(f, "take the resource of the {need} out of the descriptor"),
            Step::Add(need) => write!(f, "put a resource of the {need} into the descriptor"),
            Step::ApplyFirst => write!(f, "apply the first descriptor again"),
            Step::ForceFirst => write!(
                f,
                "apply the first descriptor again, and accept names that were replaced"
            ),
            Step::ApplyInUse => write!(f, "apply a descriptor that names what is in use"),
            Step::ApplyBroken => write!(f, "apply a descriptor with a switch for no resource"),
            Step::Rotate => write!(f, "rotate the database's password"),
            Step::Touch(need) => write!(f, "write {} again, with the same value", need.switch()),
            Step::Switch(need, place) => write!(f, "lead {} to {place} by hand", need.switch()),
            Step::AbortBackUp => write!(f, "back up, and stop the execution"),
            Step::AbortRestore(request, moment) => {
                let when = match moment {
                    StopMoment::Making => "while it makes copies",
                    StopMoment::Comparing => "while it compares",
                    StopMoment::Switching => "while it cuts over",
                };
                write!(f, "{request}; the execution is stopped {when}")
            }
            Step::AbortWaiting(restore) => write!(f, "stop the execution of restore {restore}, which waits"),
        }
    }
}

/// A sequence as text, one step per line.
pub fn words(steps: &[(Label, Step)]) -> String {
    let line = |(label, step): &(Label, Step)| format!("  {label}. {step}");
    steps.iter().map(line).collect::<Vec<_>>().join("\n")
}
