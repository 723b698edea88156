//! `database-access`: for the kind `postgres`, the short questions to a database and changes of it, from where it can be reached.

use aws_config::SdkConfig;
use holdfast_transfer::postgres::{
    Clients, Description, Dropped, RestoreRequest, Server, SwitchPlan, SwitchState, apply_switch, check_restore,
    check_switch, describe, drop_restored, observe_switch, plan_switch, read_dump, revert_switch,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::names;
use crate::domain::transfers::database_access::{
    DatabaseAction, DatabaseDescription, DatabaseRequest, DropResult, Obstacles, SwitchPosition,
};
use crate::error::{Class, Error, Result};
use crate::runs::archive::{Archive, server};
use crate::runs::needs::DatabaseNeeds;

pub struct Needs {
    database: DatabaseNeeds,
    archive: Archive,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            database: DatabaseNeeds::from_env(aws)?,
            archive: Archive::from_env(aws)?,
        })
    }
}

pub async fn handle(Needs { database, archive }: &Needs, request: DatabaseRequest) -> Result<Value> {
    let server = match (server(database, &request.server).await, &request.action) {
        (Ok(server), _) => server,
        // The login is a part of what a dump needs.
        (Err(error), DatabaseAction::CheckDump { .. }) => return json(refused(Obstacles::default(), error)?),
        (Err(error), _) => return Err(error),
    };
    match request.action {
        DatabaseAction::Describe { database } => {
            let found = describe(&server, &database).await?;
            json(description(found, &archive.clients().await?))
        }
        DatabaseAction::CheckDump { database } => {
            let mut found = Obstacles::default();
            match describe(&server, &database).await {
                Ok(described) => {
                    let unfit = archive.clients().await?.for_dump(described.server).err();
                    found
                        .faults
                        .extend(unfit.map(|error| (error.name().to_owned(), error.to_string())));
                }
                Err(error) => found = refused(found, error.into())?,
            }
            json(found)
        }
        DatabaseAction::CheckRestore {
            folder,
            database,
            restore,
        } => json(obstacles(archive, &server, &folder, &database, &restore).await?),
        DatabaseAction::Drop { database, restore } => json(match drop_restored(&server, &database, &restore).await? {
            Dropped::Gone => DropResult::Gone,
            Dropped::Foreign => DropResult::Foreign,
            Dropped::InUse(clients) => DropResult::InUse(clients),
        }),
        DatabaseAction::CheckSwitch { live, side } => json(match check_switch(&server, &live, &side).await {
            Ok(()) => Obstacles::default(),
            Err(error) => refused(Obstacles::default(), error.into())?,
        }),
        DatabaseAction::PlanSwitch { live, copy, side } => json(plan_switch(&server, &live, &copy, &side).await?),
        DatabaseAction::ObserveSwitch { plan } => json(match observe_switch(&server, &read(plan)?).await? {
            SwitchState::Before => SwitchPosition::Original,
            SwitchState::After => SwitchPosition::Copy,
        }),
        DatabaseAction::ApplySwitch { plan } => json(apply_switch(&server, &read::<SwitchPlan>(plan)?).await?),
        DatabaseAction::RevertSwitch { plan } => json(revert_switch(&server, &read::<SwitchPlan>(plan)?).await?),
    }
}

/// What a restore of a dump needs, as far as it can be checked before anything is created.
async fn obstacles(
    archive: &Archive,
    server: &Server,
    folder: &str,
    database: &str,
    restore: &str,
) -> Result<Obstacles> {
    let mut found = Obstacles::default();
    let manifest = match read_dump(&archive.folder(folder)).await.map_err(Error::from) {
        Ok(manifest) => manifest,
        Err(error) => return refused(found, error),
    };
    let request = RestoreRequest {
        server,
        manifest: &manifest,
        database,
        restore,
        owner: None,
        jobs: 1,
    };
    if let Err(error) = check_restore(&archive.clients().await?, &request)
        .await
        .map_err(Error::from)
    {
        return refused(found, error);
    }
    if manifest.globals.is_none() {
        found.remarks.push(
            "the dump has no roles, since the server did not let them be read: a new server needs them created by hand"
                .to_owned(),
        );
    }
    Ok(found)
}

/// A reason that no retry removes is the answer; any other is the error.
fn refused(mut found: Obstacles, error: Error) -> Result<Obstacles> {
    if error.class() != Class::Final {
        return Err(error);
    }
    found.faults.push((error.name().to_owned(), error.to_string()));
    Ok(found)
}

fn description(found: Description, clients: &Clients) -> DatabaseDescription {
    let Description {
        server,
        database,
        tables,
        attached,
    } = found;
    let of_role = |role: Option<String>| role.map_or_else(String::new, |role| format!(" for {role}"));
    let settings = database.settings.into_iter();
    let grants = database.grants.map(|grants| {
        let shown = grants.into_iter().map(|grant| {
            let role = grant.role.unwrap_or_else(|| "PUBLIC".to_owned());
            let option = if grant.grantable { " with grant option" } else { "" };
            format!("{role}: {}{option}", grant.privilege)
        });
        shown.collect()
    });
    DatabaseDescription {
        server_version: server.to_string(),
        no_client: clients.for_dump(server).err().map(|error| error.to_string()),
        size_bytes: database.size,
        tables,
        owner: database.owner,
        encoding: database.encoding,
        collate: database.collate,
        ctype: database.ctype,
        locale_provider: database.locale_provider,
        locale: database.locale,
        connection_limit: database.connection_limit,
        extensions: database.extensions,
        settings: settings
            .map(|setting| {
                let digest = &names::digest(&setting.value)[..12];
                format!("{}{}: {digest}", setting.name, of_role(setting.role))
            })
            .collect(),
        grants,
        roles: database.roles,
        attached,
    }
}

fn json(answer: impl Serialize) -> Result<Value> {
    serde_json::to_value(answer)
        .map_err(|error| Error::VerificationFailed(format!("answering: the output is not JSON: {error}")))
}

fn read<T: DeserializeOwned>(plan: Value) -> Result<T> {
    serde_json::from_value(plan).map_err(|error| {
        Error::VerificationFailed(format!(
            "reading the plan of a switch: {error}. Rename the databases by hand"
        ))
    })
}
