//! Clusters of a lab: created, awaited, and connected to.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::NoTls;

use crate::aws::{Aws, element};
use crate::wait::until;

pub const USER: &str = "postgres";
pub const DATABASE: &str = "polycosm";

/// Creates a cluster with an instance.
pub(crate) async fn create_cluster(
    aws: &Aws,
    cluster: &str,
    password: &str,
    settings: &[(&'static str, String)],
) -> Result<()> {
    let mut parameters = vec![
        ("DBClusterIdentifier", cluster),
        ("Engine", "aurora-postgresql"),
        ("MasterUsername", USER),
        ("MasterUserPassword", password),
        ("DatabaseName", DATABASE),
    ];
    parameters.extend(settings.iter().map(|(name, value)| (*name, value.as_str())));
    aws.rds("CreateDBCluster", &parameters).await?;
    await_cluster(aws, cluster).await?;
    add_instance(aws, cluster).await
}

/// Creates a cluster's instance, without which it refuses connections.
pub async fn add_instance(aws: &Aws, cluster: &str) -> Result<()> {
    let instance = format!("{cluster}-1");
    let parameters = [
        ("DBInstanceIdentifier", instance.as_str()),
        ("DBInstanceClass", "db.r6g.large"),
        ("Engine", "aurora-postgresql"),
        ("DBClusterIdentifier", cluster),
    ];
    aws.rds("CreateDBInstance", &parameters).await?;
    await_instance(aws, &instance).await
}

/// Waits until an instance is available.
pub async fn await_instance(aws: &Aws, instance: &str) -> Result<()> {
    until(
        &format!("instance {instance} is available"),
        Duration::from_secs(60),
        || async {
            let xml = aws
                .rds("DescribeDBInstances", &[("DBInstanceIdentifier", instance)])
                .await?;
            Ok((element(&xml, "DBInstanceStatus")? == "available").then_some(()))
        },
    )
    .await
}

/// Waits until a cluster is available.
pub async fn await_cluster(aws: &Aws, cluster: &str) -> Result<()> {
    until(
        &format!("cluster {cluster} is available"),
        Duration::from_secs(60),
        || async {
            let xml = aws
                .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
                .await?;
            Ok((element(&xml, "Status")? == "available").then_some(()))
        },
    )
    .await
}

/// A connection to a cluster's database as its administrator.
pub async fn connect(aws: &Aws, cluster: &str, password: &str) -> Result<tokio_postgres::Client> {
    let (host, port) = endpoint(aws, cluster).await?;
    connect_to(&host, port, DATABASE, password).await
}

/// A cluster's writer endpoint.
pub async fn endpoint(aws: &Aws, cluster: &str) -> Result<(String, u16)> {
    let xml = aws
        .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
        .await?;
    Ok((element(&xml, "Endpoint")?, element(&xml, "Port")?.parse()?))
}

/// A connection to a database as the administrator of its server.
pub(crate) async fn connect_to(
    host: &str,
    port: u16,
    database: &str,
    password: &str,
) -> Result<tokio_postgres::Client> {
    log_in(host, port, database, (USER, password)).await
}

/// A connection to a database with a user's name and password.
pub async fn log_in(
    host: &str,
    port: u16,
    database: &str,
    (user, password): (&str, &str),
) -> Result<tokio_postgres::Client> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(host)
        .port(port)
        .user(user)
        .password(password)
        .dbname(database)
        .connect_timeout(Duration::from_secs(10));
    let (client, connection) = config
        .connect(NoTls)
        .await
        .with_context(|| format!("connect to {database} at {host}:{port} as {user}"))?;
    tokio::spawn(connection);
    Ok(client)
}
