//! Config keys of TLS: the certificate of the listener, and the authorities that outgoing requests trust.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tig_http_client::{Trust, TrustError};
use tig_plugin_api::ConfigSchema;
use tig_process::file_signature::Signature;
use tig_process::text_file;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use super::Fault;

/// A PEM file with a chain of certificates has some ten thousand bytes.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// TLS of the listener, and of the requests that the host sends.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsFile {
    /// PEM file with the certificate and those that vouch for it.
    cert_file: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    pub(super) key_file: Option<PathBuf>,
    /// PEM file with authorities that the host's requests trust besides those of the system.
    ca_file: Option<PathBuf>,
}

/// The files of the listener's certificate.
#[derive(Clone, Debug)]
pub(crate) struct CertificateFiles {
    cert_file: PathBuf,
    key_file: PathBuf,
}

/// States of the two files.
pub(crate) type CertificateState = [Option<Signature>; 2];

/// The listener's certificate as it was read.
#[derive(Clone, Debug)]
pub(crate) struct ListenerTls {
    /// Its files.
    pub files: CertificateFiles,
    /// State of the files before they were read.
    pub state: CertificateState,
    /// TLS settings for connections.
    pub server: Arc<ServerConfig>,
}

impl TlsFile {
    /// The listener's certificate, if it has one.
    pub(super) fn listener(&self, folder: &Path) -> Result<Option<ListenerTls>, Fault> {
        let (cert_file, key_file) = match (&self.cert_file, &self.key_file) {
            (Some(cert_file), Some(key_file)) => (folder.join(cert_file), folder.join(key_file)),
            (None, Some(_)) => return Err(missing("cert_file", "key_file")),
            (Some(_), None) => return Err(missing("key_file", "cert_file")),
            (None, None) if self.ca_file.is_some() => return Ok(None),
            (None, None) => {
                let text = "no file is named; set `cert_file` and `key_file`, or `ca_file`";
                return Err(Fault::new("tls", text));
            }
        };
        let files = CertificateFiles {
            cert_file,
            key_file,
        };
        let state = files.state();
        let server = files.read()?;
        Ok(Some(ListenerTls {
            files,
            state,
            server,
        }))
    }

    /// The authorities that outgoing requests trust.
    pub(super) fn trust(file: Option<&Self>, folder: &Path) -> Result<Trust, Fault> {
        let ca_file = file.and_then(|file| Some(folder.join(file.ca_file.as_ref()?)));
        Trust::load(ca_file.as_deref()).map_err(|error| {
            let key = match error {
                TrustError::CaFile(_) => "tls.ca_file",
                TrustError::Variable { .. } | TrustError::Tls(_) => "",
            };
            Fault::new(key, error.to_string())
        })
    }
}

fn missing(key: &str, given: &str) -> Fault {
    let text = format!("this key is missing: `tls.{given}` is of no use without it");
    Fault::new(&format!("tls.{key}"), text)
}

impl CertificateFiles {
    /// The present state of both files.
    #[must_use]
    pub(crate) fn state(&self) -> CertificateState {
        [&self.cert_file, &self.key_file].map(|path| Signature::of(path))
    }

    /// Waits for a bounded time until no program writes to the files, and returns their state.
    #[must_use]
    pub(crate) fn settled(&self) -> CertificateState {
        [&self.cert_file, &self.key_file].map(|path| Signature::settled(path))
    }

    /// Reads certificate and key, which must belong together.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or the two do not belong together.
    pub(crate) fn read(&self) -> Result<Arc<ServerConfig>, Fault> {
        let (cert_file, key_file) = (&self.cert_file, &self.key_file);
        let read = |key: &str, path: &Path| {
            text_file::read_lossy(path, PEM_BYTES_MAX).map_err(|error| unread(key, path, &error))
        };
        let text = read("tls.cert_file", cert_file)?;
        let certificates = CertificateDer::pem_slice_iter(text.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unread("tls.cert_file", cert_file, &error))?;
        if certificates.is_empty() {
            let reason = "it holds no certificate";
            return Err(unread("tls.cert_file", cert_file, &reason));
        }
        let text = read("tls.key_file", key_file)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|error| unread("tls.key_file", key_file, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(certificates, key)
            })
            .map_err(|error| Fault::new("tls", error.to_string()))?;
        Ok(Arc::new(config))
    }
}

fn unread(key: &str, path: &Path, reason: &dyn Display) -> Fault {
    Fault::new(key, format!("cannot read {}: {reason}", path.display()))
}
