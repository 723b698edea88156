//! What a kind of switch says of itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{Fact, SwitchAction};
use crate::domain::kinds::Stateful;

/// Which secret the application logs in with once a switch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginSource {
    /// The master secret of the copy.
    MasterSecret,
    /// A secret of its own, with the keys that the switch replaces.
    Secret {
        secret: String,
        values: BTreeMap<String, Fact>,
    },
    /// The switch has no login.
    None,
}

/// A kind of switch. An action of another kind has nothing of what is asked for.
pub trait SwitchProfile: Sync {
    /// Its name in a descriptor.
    fn name(&self) -> &'static str;

    /// The fields of a descriptor between those that every switch begins with, and `login`.
    fn fields(&self) -> &'static [&'static str];

    /// Reads its fields; `None` only where there is a fault. `facts` are those of the resource's kind, or of any kind where
    /// `kind` is not known.
    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        kind: Option<&dyn Stateful>,
        facts: &[(&'static str, Fact)],
    ) -> Option<SwitchAction>;

    /// What is switched, for a person: `secret hubs/db (host, port)`.
    fn words(&self, action: &SwitchAction) -> String;

    /// What the switch does, for a plan: `parameter /hubs/host leads to cluster hubs-db-r1`.
    fn effect(&self, action: &SwitchAction, copy: &str, kind: Option<&dyn Stateful>) -> String;

    /// The secret, parameter, service or proxy that is switched, by its name; `None` for what is the resource's own.
    fn subject(&self, action: &SwitchAction) -> Option<String>;

    /// The same action, however its subject is spelled.
    fn normalized(&self, action: &SwitchAction) -> SwitchAction {
        action.clone()
    }

    /// The field of this switch that changes what an earlier one changes too, and its value. `same_resource` is whether both
    /// are of one resource.
    fn conflict(
        &self,
        action: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)>;

    /// The facts of the copy that it writes as values.
    fn values(&self, action: &SwitchAction) -> Vec<Fact>;

    /// The facts of a resource by one of which it can refer to that resource.
    fn references(&self, action: &SwitchAction) -> Vec<Fact>;

    /// Whether it writes nothing that refers to a copy, and makes the application read what the switches of its resource before
    /// it wrote. Such a switch is switched back after all others.
    fn follows(&self) -> bool {
        false
    }

    fn login(&self, action: &SwitchAction) -> LoginSource;

    /// A recorded state, by what a person can set by hand; `None` where it was not recorded.
    fn state(&self, recorded: &Value) -> Option<String>;

    /// What was there before, and what is there since.
    fn change(&self, before: &Value, after: &Value, returned: bool) -> String {
        let known = |recorded| self.state(recorded).unwrap_or_else(|| "not known".to_owned());
        match returned {
            true => format!("as in {}; the copy's was {}", known(before), known(after)),
            false => format!("was {}, the copy's is {}", known(before), known(after)),
        }
    }
}

/// A text as it is, anything else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The version of a secret or parameter that was recorded.
pub fn version(recorded: &Value) -> Option<String> {
    let version = &recorded["version"];
    (!version.is_null()).then(|| format!("version {}", text(version)))
}
