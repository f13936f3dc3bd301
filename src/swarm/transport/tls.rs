//! TLS towards an engine on TCP: the three files of docker's `DOCKER_CERT_PATH`, as bytes.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::model::SecretBytes;

/// Certificates and key in PEM form: `ca.pem`, `cert.pem`, `key.pem`.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Who may have signed the engine's certificate.
    pub ca: Vec<u8>,
    /// Our certificate, with intermediates.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: SecretBytes,
}

/// Why the certificates can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the three is not PEM of its kind.
    #[error("read {0} for the engine")]
    Pem(&'static str, #[source] rustls::pki_types::pem::Error),
    /// One of the three is empty.
    #[error("read {0} for the engine: nothing of that kind is in it")]
    Empty(&'static str),
    /// They do not go together.
    #[error("use the certificates for the engine")]
    Unusable(#[source] rustls::Error),
}

impl Tls {
    /// The settings for connections: TLS 1.2 and 1.3 with `ring`.
    pub(super) fn client(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates("ca.pem", &self.ca)? {
            roots.add(certificate).map_err(TlsError::Unusable)?;
        }
        let chain = certificates("cert.pem", &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.reveal())
            .map_err(|cause| TlsError::Pem("key.pem", cause))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(TlsError::Unusable)?;
        Ok(Arc::new(config))
    }
}

fn certificates(name: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| TlsError::Pem(name, cause))?;
    if found.is_empty() { Err(TlsError::Empty(name)) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_a_certificate_or_key_are_named() {
        let tls = |ca: &[u8]| Tls {
            ca: ca.to_vec(),
            certificate: Vec::new(),
            key: SecretBytes::new(Vec::new()),
        };
        let error = tls(b"").client().unwrap_err();
        assert_eq!(error.to_string(), "read ca.pem for the engine: nothing of that kind is in it");
        let error = tls(b"-----BEGIN CERTIFICATE-----\n!\n").client().unwrap_err();
        assert_eq!(error.to_string(), "read ca.pem for the engine");
    }
}
