//! TLS to a database: the server's certificate must match its host name and be signed by an Amazon RDS authority (or one in
//! the file that `DATABASE_CA_FILE` names), like PostgreSQL's `sslmode=verify-full`.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::error::{Error, Result};

/// AWS's own bundle; see `functions/certs/README.md` for its source.
const RDS: &[u8] = include_bytes!("../../../certs/rds-global-bundle.pem");

/// How a certificate in PEM begins.
const PEM: &str = "-----BEGIN CERTIFICATE-----";

/// The client's side of a verified connection. `authorities` is a file of PEM certificates, or such certificates themselves, with `\n`
/// for the ends of their lines: nothing else reaches both a function and a task.
///
/// # Errors
/// `InvalidInput` when the additional file cannot be read or holds no certificate.
pub fn config(authorities: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    add(&mut roots, RDS, "the bundle of Amazon RDS")?;
    match authorities {
        Some(text) if text.contains(PEM) => add(&mut roots, text.replace("\\n", "\n").as_bytes(), "its text")?,
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| unusable(path, &error.to_string()))?;
            add(&mut roots, &pem, path)?;
        }
        None => {}
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|error| unusable("TLS", &error.to_string()))
}

fn add(roots: &mut RootCertStore, pem: &[u8], origin: &str) -> Result<()> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| unusable(origin, &error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(origin, &error.to_string()))?;
    }
    if roots.len() == before {
        return Err(unusable(origin, "no certificate in it"));
    }
    Ok(())
}

fn unusable(origin: &str, why: &str) -> Error {
    Error::invalid(
        "environment.DATABASE_CA_FILE",
        format!("{origin}: {why}"),
        "a readable file of PEM certificates",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_certificate_of_the_tls_bundle_is_an_authority() {
        let mut roots = RootCertStore::empty();
        add(&mut roots, RDS, "the bundle").unwrap();
        assert_eq!(roots.len(), CertificateDer::pem_slice_iter(RDS).count());
        assert!(roots.len() > 80);
        config(None).unwrap();
    }

    #[test]
    fn a_tls_file_without_certificates_is_refused() {
        let error = config(Some("/dev/null")).unwrap_err();
        assert_eq!(error.name(), "InvalidInput");
        assert!(config(Some("/no/such/file")).is_err());
    }

    #[test]
    fn certificates_may_be_given_as_text_on_one_line() {
        let bundle = String::from_utf8(RDS.to_vec()).unwrap();
        let start = bundle.find(PEM).unwrap();
        let end = bundle.find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----".len();
        let one_line = bundle[start..end].replace('\n', "\\n");
        assert!(!one_line.contains('\n'));
        config(Some(&one_line)).unwrap();
        let error = config(Some(&one_line[..200])).unwrap_err();
        assert!(error.to_string().contains("its text"), "{error}");
    }
}
