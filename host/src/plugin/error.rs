//! Why a plugin file is rejected.

use std::io;
use std::path::{Path, PathBuf};

use super::file_fault::FileFault;

/// Why a file is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The file does not exist.
    #[error("no file {}{suggestion}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What to do.
        suggestion: String,
    },
    /// The file cannot be read, or its copy not written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a shared library for this machine, or not whole.
    #[error("{} is not a plugin: {source}; build it as a cdylib with #[extension]", path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        source: FileFault,
    },
    /// The file's bytes are not those that were sealed.
    #[error(
        "{} is not what was sealed: it is damaged, half copied or was changed since; copy it again, or seal it again with \
         `tig-host plugin seal`",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// The plugin's version, as the damaged file states it.
        version: String,
    },
    /// The manifest has no room for a digest.
    #[error(
        "{} cannot be sealed: it was built with a tig-plugin-api that leaves no room for a digest; rebuild it with this one",
        path.display()
    )]
    NoSlot {
        /// The file.
        path: PathBuf,
    },
    /// A process has the file open for writing.
    #[error(
        "{} is being written{writer}: it can be loaded when its writer has closed it (`touch` it if it has none)",
        path.display()
    )]
    BeingWritten {
        /// The file.
        path: PathBuf,
        /// The process, if it is known.
        writer: String,
    },
    /// The file has changed since it was read.
    #[error(
        "{} or a library beside it has changed while it was being loaded; it can be loaded when it is whole",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// No code can be loaded from the folder of the copies.
    #[error(
        "no plugin can be loaded from {}: its file system is mounted noexec; set `plugin_cache_folder` to a folder on another",
        folder.display()
    )]
    NoExec {
        /// The folder.
        folder: PathBuf,
    },
    /// Another file with a library's name is mapped.
    #[error(
        "{} needs {library} beside it, and another build of {library} is loaded, which stays until the host ends; restart the \
         host, or give the library another name",
        path.display()
    )]
    LibraryLoaded {
        /// The plugin's file.
        path: PathBuf,
        /// The library.
        library: String,
    },
    /// The plugin was built for another version of the plugin API.
    #[error(
        "{} was built for plugin API {plugin}, this host has {host}; {}",
        path.display(),
        if plugin > host { "upgrade the host" } else { "rebuild the plugin with the host's tig-plugin-api" }
    )]
    ApiVersion {
        /// The file.
        path: PathBuf,
        /// The plugin's version.
        version: String,
        /// The plugin's API version.
        plugin: u32,
        /// The host's API version.
        host: u32,
    },
    /// The plugin was built with `panic=abort`: a panic would end the host.
    #[error(
        "{} was built with panic=abort, so that a panic in it would end the host; build it with panic=unwind",
        path.display()
    )]
    PanicAbort {
        /// The file.
        path: PathBuf,
        /// The plugin's version.
        version: String,
    },
    /// Loading the file in a child process failed, or killed the child.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Probe {
        /// The file.
        path: PathBuf,
        /// The child's text, or how it ended.
        reason: String,
    },
    /// The dynamic linker or the check of the layout rejects the file.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// `new` failed.
    #[error("cannot start version {version}: {reason}")]
    New {
        /// The plugin's version.
        version: String,
        /// The text of `new`.
        reason: String,
    },
}

impl PluginError {
    /// Wraps the system's reason for which `what` was not done with the file or folder at `path`.
    pub(super) fn file(what: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            what,
            path: path.clone(),
            source,
        }
    }

    /// The version of the rejected plugin, if its manifest could be read.
    #[must_use]
    pub(crate) fn version(&self) -> Option<&str> {
        match self {
            Self::Broken { version, .. }
            | Self::ApiVersion { version, .. }
            | Self::PanicAbort { version, .. }
            | Self::New { version, .. } => Some(version),
            _ => None,
        }
    }

    /// Whether the file may be loaded as soon as its writer is done.
    #[must_use]
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::BeingWritten { .. } | Self::Changed { .. })
    }
}
