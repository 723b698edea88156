//! Which logins a restore tries, from the descriptor and the created copies.

use std::collections::BTreeMap;

use super::{ClosedBy, Login, LoginOwner, LoginPlan, is_managed};
use crate::domain::descriptor::{Count, Descriptor, Fact, Switch};
use crate::domain::hooks;
use crate::domain::kinds::{self, Database};
use crate::domain::restore::item::{ItemStatus, RestoreItem};
use crate::domain::switches::{self, LoginSource};

/// The default database, which every Aurora PostgreSQL cluster has.
const DATABASE: &str = "postgres";

/// A restored copy that clients log in to, and the switches of its resource.
pub(super) struct CopiedCluster<'a> {
    pub item: &'a RestoreItem,
    pub copy: Database<'a>,
    pub switches: Vec<&'a Switch>,
}

/// One plan for each copy of a PostgreSQL cluster with known logins.
pub fn plans(descriptor: &Descriptor, items: &[RestoreItem]) -> Vec<LoginPlan> {
    let plan = |copied: CopiedCluster<'_>| LoginPlan {
        resource: copied.item.planned.resource.name.clone(),
        cluster: copied.copy.identifier.to_owned(),
        host: copied.copy.host.to_owned(),
        reader_host: copied.copy.reader_host.to_owned(),
        port: copied.copy.port,
        master_username: copied.copy.master_username.map(str::to_owned),
        managed: copied.copy.master_secret.is_some(),
        logins: logins(descriptor, &copied),
    };
    copies(descriptor, items)
        .filter(|copied| !copied.is_mysql())
        .map(plan)
        .filter(|plan| !plan.logins.is_empty())
        .collect()
}

pub(super) fn copies<'a>(
    descriptor: &'a Descriptor,
    items: &'a [RestoreItem],
) -> impl Iterator<Item = CopiedCluster<'a>> {
    let restored = items.iter().filter(|item| item.status == ItemStatus::Restored);
    let logged_in_to = |item: &&RestoreItem| {
        let kind = kinds::stateful(&item.planned.resource.target);
        kind.is_some_and(kinds::Stateful::has_logins)
    };
    restored.filter(logged_in_to).filter_map(|item| {
        let copy = kinds::database(item)?;
        let name = &item.planned.resource.name;
        let switches = descriptor.cut_over.iter().filter(|switch| switch.resource == *name);
        Some(CopiedCluster {
            item,
            copy,
            switches: switches.collect(),
        })
    })
}

impl CopiedCluster<'_> {
    pub fn is_mysql(&self) -> bool {
        self.copy.engine.is_some_and(|engine| engine.contains("mysql"))
    }

    /// Whether any switch names the secret that the application logs in with.
    pub fn is_logged_in_to(&self) -> bool {
        self.switches.iter().any(|switch| self.login_by(switch).is_some())
    }

    /// The secret that the application logs in with by this switch, and the keys of it that the switch replaces.
    fn login_by(&self, switch: &Switch) -> Option<(String, BTreeMap<String, Fact>)> {
        let own = || Some((self.copy.master_secret?.to_owned(), BTreeMap::new()));
        if let Some(secret) = &switch.login {
            return Some((self.at_copy(secret), BTreeMap::new()));
        }
        match switches::of(&switch.action).login(&switch.action) {
            LoginSource::MasterSecret => own(),
            LoginSource::Secret { secret, values } => Some((secret, values)),
            LoginSource::None => None,
        }
    }

    /// The copy's counterpart of a secret: RDS manages a new secret for the copy if the source's was managed.
    fn at_copy(&self, secret: &str) -> String {
        of_copy(secret, self.copy.master_secret).to_owned()
    }
}

/// The copy's counterpart of a secret of its source. A cluster has only one secret that RDS manages, so that this also replaces the
/// one from before an earlier cut-over.
pub fn of_copy<'a>(secret: &'a str, master_secret: Option<&'a str>) -> &'a str {
    master_secret.filter(|_| is_managed(secret)).unwrap_or(secret)
}

/// The application's logins, then those of probes and of hooks, each secret once.
fn logins(descriptor: &Descriptor, copied: &CopiedCluster<'_>) -> Vec<Login> {
    let resource = &copied.item.planned.resource.name;
    let probes: Vec<(String, &str)> = descriptor
        .probes
        .values()
        .filter(|probe| probe.resource == *resource)
        .filter_map(|probe| match &probe.count {
            Count::Sql { secret, database, .. } => Some((copied.at_copy(secret), database.as_str())),
            Count::Items { .. } => None,
        })
        .collect();
    let database = |secret: &str| {
        let same = probes.iter().find(|(of, _)| of == secret).or_else(|| probes.first());
        let captured = || copied.copy.database.unwrap_or(DATABASE);
        same.map_or_else(captured, |(_, database)| database).to_owned()
    };
    let mut logins: Vec<Login> = Vec::new();
    let by_switches = copied.switches.iter().filter_map(|switch| copied.login_by(switch));
    let by_probes = probes.iter().map(|(secret, _)| (secret.clone(), BTreeMap::new()));
    let places = descriptor.hooks.all().filter_map(|hook| hook.place.as_ref());
    let by_hooks = places.filter(|place| place.resource == *resource);
    let by_hooks = by_hooks.map(|place| {
        let login = (copied.at_copy(&place.secret), BTreeMap::new());
        (LoginOwner::Hook, login, Some(place.database.clone()))
    });
    let all = by_switches
        .map(|login| (LoginOwner::Application, login, None))
        .chain(by_probes.map(|login| (LoginOwner::Probe, login, None)))
        .chain(by_hooks);
    let closed_by = closing_hooks(descriptor, resource);
    for (of, (secret, values), of_hook) in all {
        match logins.iter_mut().find(|login| login.secret == secret) {
            Some(login) => login.values.extend(values),
            None => logins.push(Login {
                of,
                values,
                database: of_hook.unwrap_or_else(|| database(&secret)),
                secret,
                closed_by: match of {
                    LoginOwner::Application => closed_by.clone(),
                    LoginOwner::Probe | LoginOwner::Hook => Vec::new(),
                },
            }),
        }
    }
    logins
}

/// The hooks that close a database of a resource.
fn closing_hooks(descriptor: &Descriptor, resource: &str) -> Vec<ClosedBy> {
    let hooks = descriptor.hooks.quiesce.iter();
    let closing = hooks.filter(|hook| hooks::of(&hook.action).closes(&hook.action) == Some(resource));
    closing
        .filter_map(|hook| {
            Some(ClosedBy {
                hook: hook.name.clone(),
                database: hook.place.as_ref()?.database.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::logins::{copied, descriptor};

    fn of(cut_over: Value) -> Vec<Login> {
        let plans = plans(&descriptor(cut_over), &[copied(Value::Null)]);
        plans.into_iter().flat_map(|plan| plan.logins).collect()
    }

    fn secrets(cut_over: Value) -> Vec<(String, LoginOwner)> {
        of(cut_over).into_iter().map(|login| (login.secret, login.of)).collect()
    }

    #[test]
    fn the_application_logs_in_with_what_it_is_switched_by() {
        let probe = ("hubs/db".to_owned(), LoginOwner::Probe);
        let app = |secret: &str| (secret.to_owned(), LoginOwner::Application);
        let base = json!({"name": "a", "resource": "database"});
        let switch = |more: Value| {
            let mut switch = base.clone();
            switch
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            json!([switch])
        };
        assert_eq!(secrets(json!([])), std::slice::from_ref(&probe));
        let by_secret = switch(json!({"kind": "secret", "secret": "hubs/app"}));
        assert_eq!(secrets(by_secret.clone()), [app("hubs/app"), probe.clone()]);
        assert_eq!(of(by_secret)[0].values["host"], Fact::Host);
        // The probe uses the application's secret.
        let same = switch(json!({"kind": "secret", "secret": "hubs/db"}));
        assert_eq!(secrets(same), [app("hubs/db")]);
        let renamed = switch(json!({"kind": "rename"}));
        assert_eq!(secrets(renamed), std::slice::from_ref(&probe));
        let renamed = switch(json!({"kind": "rename", "login": "hubs/app"}));
        assert_eq!(secrets(renamed), [app("hubs/app"), probe.clone()]);
        let arn = switch(json!({"kind": "parameter", "parameter": "/hubs/arn", "value": "master_secret"}));
        assert_eq!(secrets(arn), [app("arn:secret:new"), probe]);
    }

    #[test]
    fn one_secret_that_two_switches_write_is_tried_once_with_all_its_keys() {
        let both = json!([
            {"name": "a", "kind": "secret", "resource": "database", "secret": "hubs/app", "values": {"host": "host"}},
            {"name": "b", "kind": "secret", "resource": "database", "secret": "hubs/app", "values": {"port": "port"}},
        ]);
        let logins = of(both);
        assert_eq!(logins.len(), 2);
        assert_eq!(logins[0].values.len(), 2);
        assert_eq!(logins[0].database, "hubs");
    }

    /// Only the application is kept out; a hook has to be let in after the cut-over.
    #[test]
    fn the_login_of_a_hook_is_tried_and_says_what_it_closes() {
        let switch = json!([{"name": "a", "kind": "secret", "resource": "database", "secret": "hubs/app"}]);
        let mut document = serde_json::to_value(descriptor(switch)).unwrap();
        let hook = |field: &str, value: Value| {
            let mut hook = json!({"name": "access", "kind": "sql", "resource": "database", "database": "shop", "secret": "hubs/admin"});
            hook[field] = value;
            json!([hook])
        };
        for (hooks, closed_by) in [
            (hook("close", json!(true)), vec![("access", "shop")]),
            (
                json!({"after_restore": hook("statements", json!(["select 1"]))}),
                vec![],
            ),
        ] {
            document["hooks"] = hooks;
            let plans = plans(&Descriptor::parse(&document).unwrap(), &[copied(Value::Null)]);
            let found: Vec<_> = plans[0]
                .logins
                .iter()
                .map(|login| (login.of, login.closed_by.clone()))
                .collect();
            let closed_by = closed_by.into_iter().map(|(hook, database)| ClosedBy {
                hook: hook.to_owned(),
                database: database.to_owned(),
            });
            let expected = [
                (LoginOwner::Application, closed_by.collect()),
                (LoginOwner::Probe, vec![]),
                (LoginOwner::Hook, vec![]),
            ];
            assert_eq!(found, expected);
            let logins = &plans[0].logins;
            assert_eq!((&*logins[1].database, &*logins[2].database), ("hubs", "shop"));
            let is_closed = !found[0].1.is_empty();
            assert_eq!(logins[0].opened_by("shop").is_some(), is_closed);
            assert_eq!(logins[0].opened_by("hubs"), None, "no hook opens that");
        }
    }

    #[test]
    fn a_managed_secret_is_the_copys_own() {
        let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:rds!cluster-1-Ab12Cd";
        for (secret, login_with) in [(arn, "new"), ("rds!cluster-1", "new"), ("hubs/db", "hubs/db")] {
            assert_eq!(of_copy(secret, Some("new")), login_with);
            assert_eq!(of_copy(secret, None), secret);
        }
    }
}
