//! Loads the listener's renewed certificate from disk, without a signal.
//!
//! Invariant: the listener always shows a certificate with its own key. Files that are half written, or do not belong
//! together yet, leave the old pair in use and are read again when they change.

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::ServerConfig;
use tracing::{info, warn};

use crate::config::{CertificateFiles, CertificateState, ListenerTls};

/// Time between two checks of the files.
pub(crate) const RENEWAL_INTERVAL: Duration = Duration::from_secs(5);

/// The certificate's files, and their last seen state.
pub(crate) struct Renewal {
    files: CertificateFiles,
    seen: CertificateState,
    /// Whether the files were unusable at the last read, and the log says so.
    is_warned: bool,
}

impl Renewal {
    /// Watches the files of `tls`.
    #[must_use]
    pub(crate) fn new(tls: &ListenerTls) -> Self {
        Self {
            files: tls.files.clone(),
            seen: tls.state,
            is_warned: false,
        }
    }

    /// The pair on disk, if it has changed and is usable.
    pub(crate) fn check(&mut self) -> Option<Arc<ServerConfig>> {
        if self.files.state() == self.seen {
            return None;
        }
        self.seen = self.files.settled();
        match self.files.read() {
            Ok(server) => {
                self.is_warned = false;
                info!("the listener shows the certificate that is now on disk");
                Some(server)
            }
            Err(fault) => {
                // A renewal writes one file after the other, so several checks may find the same fault.
                if !self.is_warned {
                    warn!("the listener keeps its old certificate: {fault}");
                }
                self.is_warned = true;
                None
            }
        }
    }
}
