//! `rds_proxy`: the target of an RDS Proxy becomes the copy of a cluster.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile};
use crate::domain::descriptor::reader::{Faults, Object, quoted};
use crate::domain::descriptor::{Fact, SwitchAction, formats};
use crate::domain::kinds::Stateful;

pub struct RdsProxy;

fn of(action: &SwitchAction) -> Option<&str> {
    match action {
        SwitchAction::RdsProxy { proxy } => Some(proxy),
        _ => None,
    }
}

impl SwitchProfile for RdsProxy {
    fn name(&self) -> &'static str {
        "rds_proxy"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["proxy"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        _: Option<&dyn Stateful>,
        _: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let proxy = object.text(faults, "proxy", &formats::RDS_PROXY)?;
        Some(SwitchAction::RdsProxy { proxy })
    }

    fn words(&self, action: &SwitchAction) -> String {
        format!("RDS Proxy {}", of(action).unwrap_or_default())
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!("{} leads to {copy}, and to nothing for a moment", self.words(action))
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(str::to_owned)
    }

    /// A proxy knows its cluster by a name that a rename gives to another.
    fn conflict(
        &self,
        action: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)> {
        let proxy = of(action)?;
        match earlier {
            SwitchAction::RdsProxy { proxy: other } => (proxy == other).then(|| ("proxy", quoted(proxy))),
            SwitchAction::Rename if same_resource => {
                Some(("proxy", format!("{} of a cluster that is renamed", quoted(proxy))))
            }
            _ => None,
        }
    }

    fn values(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn references(&self, _: &SwitchAction) -> Vec<Fact> {
        vec![Fact::Cluster]
    }

    fn login(&self, _: &SwitchAction) -> LoginSource {
        LoginSource::None
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        let cluster = recorded["cluster"].as_str()?;
        Some(format!("cluster {cluster}"))
    }
}
