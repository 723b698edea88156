//! Connections to servers: to exactly the addresses that were checked.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;

const CONNECT: Duration = Duration::from_secs(5);

/// How servers are found and reached.
#[async_trait]
pub trait Transport: Send + Sync {
    /// The addresses of a host, which may be one itself.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// Sends one request to one of these addresses, and follows no redirect.
    async fn send(&self, request: HttpRequest, addresses: Vec<IpAddr>) -> Result<HttpResponse, ConnectorError>;
}

pub struct Internet;

#[async_trait]
impl Transport for Internet {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let host = host.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let found = (host.as_str(), 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        });
        found.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// A connection of its own for each request: one that was idle while the function was frozen may be dead. The certificates are those
    /// of the function's file system: the server may have one of any public authority.
    async fn send(&self, request: HttpRequest, addresses: Vec<IpAddr>) -> Result<HttpResponse, ConnectorError> {
        let connector = Connector::builder()
            .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_with_resolver(Checked(addresses));
        connector.call(request).await
    }
}

/// Resolves every name to the addresses that were checked, so that a second answer of DNS cannot lead elsewhere.
#[derive(Debug, Clone)]
struct Checked(Vec<IpAddr>);

impl ResolveDns for Checked {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(self.0.clone()))
    }
}
