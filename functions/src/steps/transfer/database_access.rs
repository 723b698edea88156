//! `database-access`: the short questions to a database and changes of it, from where it can be reached: for the kind `postgres`, and for
//! hooks on databases.

use aws_config::SdkConfig;
use holdfast_transfer::error::TransferError;
use holdfast_transfer::postgres::{
    Access, Clients, Description, Dropped, KeptRoles, RestoreRequest, Server, ServerVersion, SwitchPlan, apply_switch,
    check_closing, check_restore, check_switch, close_database, describe, drop_restored, observe_access, open_database,
    plan_switch, read_dump, revert_switch,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::names;
use crate::domain::transfers::database_access::{
    Connected, DatabaseAction, DatabaseDescription, DatabaseRequest, DropResult, KeptLogins, Obstacles,
};
use crate::error::{Class, Error, Result};
use crate::runs::archive::{Archive, server};
use crate::runs::database::credentials;
use crate::runs::needs::DatabaseNeeds;
use crate::runtime::json_of as json;

/// Seconds that one statement of a hook may take: the function ends after 120.
const LONGEST_STATEMENT: u32 = 60;

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
        (Err(error), DatabaseAction::CheckDump { .. }) => return json(refused(error)?),
        (Err(error), DatabaseAction::CheckConnection { .. } | DatabaseAction::CheckClosing { .. }) => {
            return json(refused(error)?);
        }
        (Err(error), _) => return Err(error),
    };
    match request.action {
        DatabaseAction::Describe { database } => {
            let found = describe(&server, &database).await?;
            json(description(found, &archive.clients().await?))
        }
        DatabaseAction::CheckDump { database } => json(match describe(&server, &database).await {
            Ok(found) => unfit(&archive.clients().await?, found.server),
            Err(error) => refused(error.into())?,
        }),
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
            Err(error) => refused(error.into())?,
        }),
        DatabaseAction::PlanSwitch { live, copy, side } => json(plan_switch(&server, &live, &copy, &side).await?),
        DatabaseAction::ApplySwitch { plan } => json(apply_switch(&server, &read::<SwitchPlan>(plan)?).await?),
        DatabaseAction::RevertSwitch { plan } => json(revert_switch(&server, &read::<SwitchPlan>(plan)?).await?),
        DatabaseAction::CheckConnection { database } => json(match server.connect(&database).await {
            // What is gone is restored.
            Ok(_) | Err(TransferError::NotFound(_)) => Obstacles::default(),
            Err(error) => refused(error.into())?,
        }),
        DatabaseAction::CheckClosing { database: name, kept } => {
            json(match can_close(database, &server, &name, &kept).await {
                Ok(()) => Obstacles::default(),
                Err(error) => refused(error)?,
            })
        }
        DatabaseAction::ObserveAccess { database: name, kept } => {
            let kept = roles(database, &kept).await?;
            json(observe_access(&server, &name, &kept).await?)
        }
        DatabaseAction::Close {
            database: name,
            kept,
            before,
        } => {
            let kept = roles(database, &kept).await?;
            let sessions = close_database(&server, &name, &kept, &access(before)?).await?;
            json(Connected { sessions })
        }
        DatabaseAction::Open { database, before } => json(open_database(&server, &database, &access(before)?).await?),
        DatabaseAction::Execute { database, statements } => {
            let session = match server.connect(&database).await {
                Err(TransferError::NotFound(_)) => return json(false),
                session => session?,
            };
            session
                .transact("executing SQL", &statements, LONGEST_STATEMENT)
                .await?;
            json(true)
        }
    }
}

async fn can_close(needs: &DatabaseNeeds, server: &Server, database: &str, kept: &KeptLogins) -> Result<()> {
    let kept = roles(needs, kept).await?;
    Ok(check_closing(server, database, &kept).await?)
}

/// The users of these logins, which are read now.
async fn roles(needs: &DatabaseNeeds, kept: &KeptLogins) -> Result<KeptRoles> {
    let mut logins = Vec::new();
    for secret in &kept.secrets {
        logins.push(credentials::login(&needs.secrets, secret).await?.username);
    }
    Ok(KeptRoles {
        logins,
        administrators: kept.roles.clone(),
    })
}

fn access(before: Value) -> Result<Access> {
    serde_json::from_value(before).map_err(|error| {
        Error::VerificationFailed(format!(
            "reading who may connect to a database: {error}. Grant CONNECT on it by hand"
        ))
    })
}

/// What a restore of a dump needs, as far as it can be checked before anything is created.
async fn obstacles(
    archive: &Archive,
    server: &Server,
    folder: &str,
    database: &str,
    restore: &str,
) -> Result<Obstacles> {
    let manifest = match read_dump(&archive.folder(folder)).await {
        Ok(manifest) => manifest,
        Err(error) => return refused(error.into()),
    };
    let request = RestoreRequest {
        server,
        manifest: &manifest,
        database,
        restore,
        owner: None,
        jobs: 1,
    };
    match check_restore(&archive.clients().await?, &request).await {
        Ok(()) => Ok(Obstacles::default()),
        Err(error) => refused(error.into()),
    }
}

/// Why the layer has no client for a server.
fn unfit(clients: &Clients, server: ServerVersion) -> Obstacles {
    let unfit = clients.for_backup(server).err();
    Obstacles {
        faults: unfit
            .map(|error| (error.name().to_owned(), error.to_string()))
            .into_iter()
            .collect(),
    }
}

/// A reason that no retry removes is the answer; any other is the error.
fn refused(error: Error) -> Result<Obstacles> {
    match error.class() {
        Class::Final => Ok(Obstacles {
            faults: vec![(error.name().to_owned(), error.to_string())],
        }),
        _ => Err(error),
    }
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
        no_client: unfit(clients, server).faults.into_iter().map(|(_, why)| why).next(),
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

fn read<T: DeserializeOwned>(plan: Value) -> Result<T> {
    serde_json::from_value(plan).map_err(|error| {
        Error::VerificationFailed(format!(
            "reading the plan of a switch: {error}. Rename the databases by hand"
        ))
    })
}
