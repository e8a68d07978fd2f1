//! The authorities whose certificates a client accepts.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::ca_file::{self, CaFileError};

/// Variables that name certificates in place of the system's store.
const STORE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The authorities are known: those of the system's store (or of `SSL_CERT_FILE` and `SSL_CERT_DIR` in its place), and those
/// of a CA file. A system without a store, such as a small container, gets the authorities that browsers trust.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

/// A client would not know whom to trust.
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
        /// What it holds.
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
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
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
    for variable in STORE_VARIABLES {
        if let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
            return Err(TrustError::Variable {
                variable,
                value,
                cause,
            });
        }
    }
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(())
}
