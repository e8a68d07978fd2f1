//! The authorities whose certificates a client accepts.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};

use crate::ca_file::{self, CaFileError};

/// Variables that name certificates in place of the system's store.
const STORE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The authorities that a client accepts: those of the system's store (or of `SSL_CERT_FILE` and `SSL_CERT_DIR` in its place), and those
/// of a CA file. A system without a store, such as a small container, gets the authorities that browsers trust.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

/// The authorities that a client accepts are unknown.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The CA file that is named cannot be used.
    #[error(transparent)]
    CaFile(#[from] CaFileError),
    /// A variable of the environment names certificates, and there are none.
    #[error(
        "{variable} is {value:?}, where no certificate can be read{cause}; correct or unset it"
    )]
    Variable {
        /// Name of the variable.
        variable: &'static str,
        /// Value of the variable.
        value: OsString,
        /// Why, after a colon; empty if it is not known.
        cause: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// Reads the system's store, and `ca_file` besides.
    ///
    /// # Errors
    /// The CA file, or what the environment names in place of the system's store, cannot be used.
    pub fn load(ca_file: Option<&Path>) -> Result<Self, TrustError> {
        let mut store = RootCertStore::empty();
        add_system_store(&mut store)?;
        if let Some(path) = ca_file {
            ca_file::add(path, &mut store)?;
        }
        Self::new(ring::default_provider(), store)
    }

    fn new(provider: CryptoProvider, store: RootCertStore) -> Result<Self, TrustError> {
        let config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// TLS of connections other than those of [`Trust::client_builder`].
    #[must_use]
    pub fn tls_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }

    /// The beginning of a client that accepts certificates of these authorities only.
    pub fn client_builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder().use_preconfigured_tls(ClientConfig::clone(&self.0))
    }
}

fn add_system_store(store: &mut RootCertStore) -> Result<(), TrustError> {
    let loaded = rustls_native_certs::load_native_certs();
    // Stores have held certificates that no longer parse: those are left out.
    let (usable, _) = store.add_parsable_certificates(loaded.certs);
    let cause = loaded.errors.first();
    let cause = cause.map(|error| format!(": {error}")).unwrap_or_default();
    if usable > 0 {
        if !cause.is_empty() {
            tracing::warn!("some of the system's certificates cannot be read{cause}");
        }
        return Ok(());
    }
    check_variables(|variable| std::env::var_os(variable), cause)?;
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(())
}

/// An operator who names a store expects that one: without a certificate in it there is no other in its place.
fn check_variables(
    read: impl Fn(&str) -> Option<OsString>,
    cause: String,
) -> Result<(), TrustError> {
    for variable in STORE_VARIABLES {
        if let Some(value) = read(variable).filter(|value| !value.is_empty()) {
            return Err(TrustError::Variable {
                variable,
                value,
                cause,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_store_without_certificates_is_an_error() {
        let error = check_variables(
            |variable| (variable == "SSL_CERT_DIR").then(|| "/empty".into()),
            ": no such folder".to_owned(),
        );
        let error = error.unwrap_err();
        assert!(matches!(error, TrustError::Variable { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("SSL_CERT_DIR is \"/empty\""), "{text}");
        assert!(text.contains(": no such folder; correct or"), "{text}");
        let unset = check_variables(|_| Some(OsString::new()), String::new());
        assert!(unset.is_ok(), "an empty variable is as good as unset");
    }

    #[test]
    fn missing_ca_file_is_named() {
        let error = Trust::load(Some(Path::new("/no/such/ca.pem"))).unwrap_err();
        assert!(matches!(error, TrustError::CaFile(_)), "{error:?}");
        assert!(error.to_string().contains("/no/such/ca.pem"), "{error}");
    }

    #[test]
    fn tls_library_without_ciphers_is_an_error() {
        let provider = CryptoProvider {
            cipher_suites: Vec::new(),
            ..ring::default_provider()
        };
        let error = Trust::new(provider, RootCertStore::empty()).unwrap_err();
        assert!(matches!(error, TrustError::Tls(_)), "{error:?}");
    }
}
