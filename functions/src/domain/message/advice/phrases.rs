//! Advice that several errors share.

/// For an application that may be half-switched.
pub const SWITCH_BACK_AGAIN: &str = "keep users out, and undo the cut-over again: it continues where it stopped. Start no restore, \
    and leave the descriptor unchanged, until all switches point to the same side.";

/// The new set is good, and what is left of an old one is removed later.
pub const PRUNED_LATER: &str = "nothing has to be done now: the new set is sealed. What could not be removed only costs money, and its removal is \
    retried after the next backup; leave locks, legal holds and what is not Holdfast's unchanged.";
