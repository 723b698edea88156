//! Requests to the function that connects to databases (`database-access`), and its responses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A Postgres server, and the login that is used there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAddress {
    /// Host name, which the server's certificate has to match.
    pub host: String,
    pub port: u16,
    /// Name or ARN of the secret with `username` and `password`.
    pub login_secret: String,
    /// A database that stays, from which others are created, renamed and dropped.
    pub maintenance_database: String,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatabaseRequest {
    pub server: ServerAddress,
    #[serde(flatten)]
    pub action: DatabaseAction,
}

/// What is requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum DatabaseAction {
    /// Describes a database. Returns a [`DatabaseDescription`].
    Describe { database: String },
    /// Checks all that a dump needs, before there is one. Returns [`Obstacles`].
    CheckDump { database: String },
    /// Checks all that a restore of a dump into a new database needs. Returns [`Obstacles`].
    CheckRestore {
        folder: String,
        database: String,
        restore: String,
    },
    /// Drops the database that a restore created, and no other. Returns a [`DropResult`].
    Drop { database: String, restore: String },
    /// Checks that a database can be renamed to a side name. Returns [`Obstacles`].
    CheckSwitch { live: String, side: String },
    /// Plans a switch by rename. Returns the plan, whose content is the switch's own.
    PlanSwitch { live: String, copy: String, side: String },
    /// Returns null.
    ApplySwitch { plan: Value },
    /// Returns null.
    RevertSwitch { plan: Value },
    /// Checks that a database can be connected to, if it exists. Returns [`Obstacles`].
    CheckConnection { database: String },
    /// Checks that a database can be closed to its application. Returns [`Obstacles`].
    CheckClosing { database: String, kept: KeptLogins },
    /// Returns who may connect now, whose content is the closing's own; null if there is no such database.
    ObserveAccess { database: String, kept: KeptLogins },
    /// Closes a database to its application. Returns [`Connected`].
    Close {
        database: String,
        kept: KeptLogins,
        /// What `observe_access` returned.
        before: Value,
    },
    /// Opens it again. Returns null.
    Open { database: String, before: Value },
    /// Executes statements in one transaction. Returns whether there is such a database.
    Execute { database: String, statements: Vec<String> },
}

/// Who is let in to a database that is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLogins {
    /// Names or ARNs of the secrets with Holdfast's own logins.
    pub secrets: Vec<String>,
    /// Roles of administrators.
    pub roles: Vec<String>,
}

/// Who is still connected to a database that is being closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The sessions of each role: `3 of app`; empty once they have ended.
    pub sessions: Vec<String>,
}

/// A database as its server describes it: what is captured at a backup, and compared after a restore.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatabaseDescription {
    /// Such as `17.10`.
    pub server_version: String,
    /// Why no client of the stack can dump it and restore the dump into it again; `None` if one can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_client: Option<String>,
    pub size_bytes: u64,
    pub tables: usize,
    pub owner: String,
    pub encoding: String,
    pub collate: String,
    pub ctype: String,
    pub locale_provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// -1 for no limit.
    pub connection_limit: i32,
    /// Extensions with their versions.
    pub extensions: BTreeMap<String, String>,
    /// `ALTER DATABASE … SET`: each name, with its role if it has one, and a digest of its value, which applications use for secrets.
    pub settings: Vec<String>,
    /// Privileges on the database itself, each as `role: privilege`; `None` if they are the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<String>>,
    /// Roles that own something in it or have a privilege.
    pub roles: Vec<String>,
    /// What a restore into another database does not restore, by name: subscriptions, and slots of logical replication.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
}

/// What would fail later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacles {
    /// Each with its error's name.
    pub faults: Vec<(String, String)>,
}

/// The outcome for a database that was to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropResult {
    Gone,
    /// The database of this name is another's.
    Foreign,
    /// Clients use it: how many, and from where.
    InUse(String),
}
