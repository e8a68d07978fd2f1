//! Why the host cannot start or go on, and the exit code for it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use rustix::io::Errno;
use tig_process::threads::{REMEDY, ThreadsError};
use tig_recording::MaskError;

use crate::config::ConfigError;
use crate::exit_code;
use crate::plugin::PluginError;
use crate::store::{ArchiveError, StoreError};

/// Why the host cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The config has faults.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An extension cannot be loaded or started.
    #[error("extension `{name}`: {source}")]
    Plugin {
        /// Name in the config's list.
        name: String,
        /// What is wrong with it.
        source: PluginError,
    },
    /// The listener cannot be opened.
    #[error("cannot listen on {address}: {source}; {}", listen_remedy(source))]
    Listen {
        /// Address from the config.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An export or import failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The recording that the config wants cannot be written.
    #[error("cannot write the recording {}: {source}; give another `record.file`, or make room for it", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Secrets would be recorded.
    #[error("nothing is recorded, since secrets could not be left out: {0}")]
    Secrets(#[from] MaskError),
    /// There is not enough room for the host's threads.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// The operating system has no thread.
    #[error("cannot start a thread: {cause}; {REMEDY}")]
    Thread {
        /// The system's reason.
        cause: std::io::Error,
    },
    /// The operating system refused something that a host cannot do without.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl HostError {
    /// The documented exit code.
    #[must_use]
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Recording { .. } => exit_code::CONFIG.into(),
            Self::Plugin { .. } => exit_code::PLUGIN.into(),
            Self::Listen { .. } => exit_code::LISTENER.into(),
            Self::Store(_) | Self::Archive(_) => exit_code::STORE.into(),
            Self::Threads(_) | Self::Thread { .. } | Self::System { .. } | Self::Secrets(_) => {
                ExitCode::FAILURE
            }
        }
    }

    /// Whether a recording cannot begin because of what has become of its disk, and not because of the config.
    #[must_use]
    pub(crate) fn is_of_recording_disk(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let Self::Recording { source, .. } = self else {
            return false;
        };
        let has_no_room = matches!(
            source.kind(),
            StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge
        );
        // What a damaged disk reports has no kind.
        has_no_room || Errno::from_io_error(source) == Some(Errno::IO)
    }

    /// For `map_err`: the operating system has no thread.
    #[must_use]
    pub(crate) fn thread(cause: std::io::Error) -> Self {
        Self::Thread { cause }
    }

    /// For `map_err`: a failure of the operating system at `what`.
    pub(crate) fn system(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

/// What to do about an address that cannot be listened on.
pub(crate) fn listen_remedy(error: &io::Error) -> &'static str {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable, InvalidInput, PermissionDenied};
    match error.kind() {
        AddrInUse => "stop what uses the port, or set `port` (or --port) to another",
        AddrNotAvailable => {
            "set `bind` to an address of this machine, or to 0.0.0.0 or :: for all of them"
        }
        PermissionDenied => "set `port` (or --port) to one that this user may have, such as 5115",
        InvalidInput => {
            "an address that is valid on one link only (fe80::) cannot be listened on: set `bind` to another, or to ::"
        }
        _ => "set `bind` to another address of this machine, such as 127.0.0.1 or 0.0.0.0",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::store::Archive;

    #[test]
    fn each_error_ends_with_its_documented_code() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let config = Config::load(&missing, Default::default()).unwrap_err();
        let archive = Archive::open(&missing).err().unwrap();
        let failed = || io::Error::other("no");
        let reason = "no space left on device".to_owned();
        let path = missing.clone();
        let cases: [(HostError, ExitCode); 8] = [
            (HostError::Config(config), exit_code::CONFIG.into()),
            (
                HostError::Plugin {
                    name: "x".to_owned(),
                    source: PluginError::Changed { path },
                },
                exit_code::PLUGIN.into(),
            ),
            (
                HostError::Listen {
                    address: ([127, 0, 0, 1], 1).into(),
                    source: failed(),
                },
                exit_code::LISTENER.into(),
            ),
            (
                HostError::Store(StoreError::Failed { reason }),
                exit_code::STORE.into(),
            ),
            (HostError::Archive(archive), exit_code::STORE.into()),
            (
                HostError::Threads(ThreadsError::single("x", failed())),
                ExitCode::FAILURE,
            ),
            (HostError::Thread { cause: failed() }, ExitCode::FAILURE),
            (HostError::system("x")(failed()), ExitCode::FAILURE),
        ];
        for (error, code) in cases {
            assert_eq!(error.exit_code(), code, "{error}");
        }
        let unusable =
            std::fs::write(Path::new("/proc/none"), "").map_err(HostError::system("write"));
        assert!(matches!(
            unusable,
            Err(HostError::System { what: "write", .. })
        ));
    }

    #[test]
    fn recording_on_full_disk_differs_from_config_fault() {
        use io::ErrorKind::{
            AlreadyExists, NotFound, PermissionDenied, ReadOnlyFilesystem, ResourceBusy,
            StorageFull,
        };
        let is_of_disk = |source: io::Error| {
            let path = "night.rec".into();
            HostError::Recording { path, source }.is_of_recording_disk()
        };
        for kind in [StorageFull, ReadOnlyFilesystem] {
            assert!(is_of_disk(kind.into()), "{kind}");
        }
        assert!(is_of_disk(Errno::IO.into()));
        for kind in [AlreadyExists, ResourceBusy, NotFound, PermissionDenied] {
            assert!(!is_of_disk(kind.into()), "{kind}");
        }
    }
}
