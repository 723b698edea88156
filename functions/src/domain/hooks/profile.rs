//! What a kind of hook says of itself.

use serde_json::Value;

use crate::domain::descriptor::hook_surroundings::HookSurroundings;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{HookAction, HookPlace};

/// A kind of hook.
pub trait HookProfile: Sync {
    /// Its name in a descriptor.
    fn name(&self) -> &'static str;

    /// The fields of a descriptor besides those that every hook has.
    fn fields(&self) -> &'static [&'static str];

    /// Whether its work continues after the call that starts it, and is polled. One that is not ends within its call.
    fn is_polled(&self) -> bool;

    /// Whether it does anything that its target can do, so that it can also resume an application, or follow a restore. One that does
    /// not only turns something off, and its undo on again.
    fn is_command(&self) -> bool {
        true
    }

    /// What it is called in a fault, if this one only turns something off, although others of its kind do more.
    fn only_quiesces(&self, _: &HookAction) -> Option<&'static str> {
        (!self.is_command()).then(|| self.name())
    }

    /// Reads its fields; `None` only where there is a fault.
    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction>;

    /// Where it acts, if its fields name a resource; `None` for others, and where there is a fault. `path` is the hook's.
    fn place(&self, _: &mut Faults, _path: &str, _: &HookAction, _: &HookSurroundings<'_>) -> Option<HookPlace> {
        None
    }

    /// The resource that it closes to the application's logins. What is backed up meanwhile is closed, too.
    fn closes<'a>(&self, _: &'a HookAction) -> Option<&'a str> {
        None
    }

    /// The secret of Holdfast's login, if its fields name one: where RDS manages it, a cut-over replaces it.
    fn secret_mut<'a>(&self, _: &'a mut HookAction) -> Option<&'a mut String> {
        None
    }

    /// Whether it can undo what it did; if not, it can quiesce only where `resume` says how the application resumes.
    fn has_undo(&self, _: &HookAction) -> bool {
        true
    }

    /// Whether what the hook turns off does not exist, by what was seen: then nothing is turned off, and it is undone on what is restored
    /// in its place.
    fn is_gone(&self, _seen: &Value) -> bool {
        false
    }

    /// What was seen the last time that it existed, as what is there now that it does not.
    fn as_gone(&self, last_seen: Value) -> Value {
        last_seen
    }

    /// What was there before the hook changed anything, where an earlier run recorded `earlier` and did not resume the application:
    /// of what is there now, `seen`, the part that is still at rest counts as it was then. Otherwise a run would take the state of
    /// rest for the normal one, and leave the application in it.
    fn before_rest(&self, _action: &HookAction, _earlier: &Value, seen: Value) -> Value {
        seen
    }

    /// How a person undoes by hand what the hook did, as a sentence without a full stop at its end: `set the desired count of
    /// service web in cluster hubs to 3`. `before` is what the hook recorded, null if nothing.
    fn undo_by_hand(&self, action: &HookAction, before: &Value) -> String;
}
