//! What a kind of hook says of itself.

use serde_json::Value;

use crate::domain::descriptor::HookAction;
use crate::domain::descriptor::reader::{Faults, Object};

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

    /// Reads its fields; `None` only where there is a fault.
    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction>;

    /// Whether it can undo what it did; if not, it can quiesce only where `resume` says how the application resumes.
    fn has_undo(&self, _: &HookAction) -> bool {
        true
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
