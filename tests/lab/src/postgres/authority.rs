//! The lab's certificate authority, and the certificates of the clusters' listeners.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Signs the listeners' certificates; clients trust it by its PEM file.
pub struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    /// Creates a new authority and writes its certificate to `pem`.
    ///
    /// # Errors
    /// If the key can't be created or the file can't be written.
    pub fn create(pem: &Path) -> Result<Self> {
        let key = KeyPair::generate().context("making the lab CA's key")?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Holdfast lab CA");
        let certificate = params.self_signed(&key).context("signing the lab CA's certificate")?;
        std::fs::write(pem, certificate.pem()).with_context(|| format!("writing {}", pem.display()))?;
        Ok(Self(Issuer::new(params, key)))
    }

    /// The TLS settings of a listener on `address`, with a certificate for it and for `localhost`.
    ///
    /// # Errors
    /// If the certificate can't be created.
    pub fn server(&self, address: IpAddr) -> Result<Arc<ServerConfig>> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), address.to_string()];
        let (certificate, key) = self.sign(names, &address.to_string())?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate.der().clone()], key)
            })
            .context("setting up a listener's TLS")?;
        Ok(Arc::new(config))
    }

    /// A certificate for these names and its key, both in PEM, for a server that does TLS itself.
    ///
    /// # Errors
    /// If the certificate can't be created.
    pub fn certificate(&self, names: &[&str]) -> Result<(String, String)> {
        let all = names.iter().map(ToString::to_string).collect();
        let (certificate, key) = self.sign(all, names.first().unwrap_or(&"localhost"))?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    fn sign(&self, names: Vec<String>, common_name: &str) -> Result<(Certificate, KeyPair)> {
        let key = KeyPair::generate().context("making a server's key")?;
        let mut params = CertificateParams::new(names).context("naming a server's certificate")?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(&key, &self.0)
            .context("signing a server's certificate")?;
        Ok((certificate, key))
    }
}
