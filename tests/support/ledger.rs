//! A Postgres database that a deployment dumps: on a server of its own, which the lab has as a cluster.

use anyhow::Result;

use crate::aws::Aws;
use crate::clusters::{connect_to, create_cluster, endpoint};

/// The name that applications use.
pub const DATABASE: &str = "ledger";

/// The database, and where it is.
pub struct Ledger {
    pub host: String,
    pub port: u16,
    password: String,
}

impl Ledger {
    /// Creates the server and the database, with so many accounts.
    pub async fn create(aws: &Aws, name: &str, password: &str, accounts: u32) -> Result<Self> {
        let server = format!("{name}-ledger");
        create_cluster(aws, &server, password, &[]).await?;
        let (host, port) = endpoint(aws, &server).await?;
        let ledger = Self {
            host,
            port,
            password: password.to_owned(),
        };
        ledger
            .execute("postgres", &format!("create database {DATABASE}"))
            .await?;
        let sql = format!(
            "create table accounts (id int primary key, name text not null);
             create table entries (id serial primary key, account int references accounts, amount numeric(12, 2));
             insert into accounts select n, 'account-' || n from generate_series(1, {accounts}) n;
             insert into entries (account, amount) select n, n / 7.0 from generate_series(1, {accounts}) n;"
        );
        ledger.execute(DATABASE, &sql).await?;
        Ok(ledger)
    }

    pub(crate) async fn create_if(
        aws: &Aws,
        name: &str,
        password: &str,
        accounts: Option<u32>,
    ) -> Result<Option<Self>> {
        match accounts {
            None => Ok(None),
            Some(accounts) => Self::create(aws, name, password, accounts).await.map(Some),
        }
    }

    /// Runs SQL in a database of the server.
    pub async fn execute(&self, database: &str, sql: &str) -> Result<()> {
        let client = connect_to(&self.host, self.port, database, &self.password).await?;
        // Each statement by itself: a database is not created in a transaction.
        client.batch_execute(sql).await?;
        Ok(())
    }

    /// All accounts with the sum of their entries, as text.
    pub async fn accounts(&self, database: &str) -> Result<Vec<String>> {
        let client = connect_to(&self.host, self.port, database, &self.password).await?;
        let sql = "select a.id || ':' || a.name || ':' || coalesce(sum(e.amount), 0) from accounts a left join entries e on e.account = a.id \
                   group by a.id order by a.id";
        let rows = client.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The name of a copy now: a cut-over gave it that of its source.
    pub async fn copy(&self, created: &str) -> Result<String> {
        let beside = self.databases().await?.iter().any(|name| name == created);
        Ok(if beside { created } else { DATABASE }.to_owned())
    }

    /// The databases of the server, by name, without those that every server has.
    pub async fn databases(&self) -> Result<Vec<String>> {
        let client = connect_to(&self.host, self.port, "postgres", &self.password).await?;
        let sql = "select datname::text from pg_database where datname like 'ledger%' order by 1";
        let rows = client.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
