//! What is said of several errors.

/// Of an application that may be half-switched.
pub const BACK_AGAIN: &str = "keep users out, and take the cut-over back again: it goes on where it stopped. Start no restore, and leave the \
    descriptor as it is, until all leads to one side.";

/// The new set is good, and whatever is left of an old one is tried again.
pub const PRUNED_LATER: &str = "nothing has to be done now: the new set is sealed. What could not be removed costs money and nothing else, and is tried \
    again after the next backup; leave locks, legal holds and what is not Holdfast's as they are.";
