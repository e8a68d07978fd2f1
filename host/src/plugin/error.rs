//! Why a plugin file is refused.

use std::path::PathBuf;

use super::file_fault::FileFault;

/// Why a file is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The file is not there.
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
    /// Its bytes are not those that were sealed.
    #[error(
        "{} is not what was sealed: it is damaged, half copied or was changed since; copy it again, or seal it again with \
         `tig-host plugin seal`",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// The plugin's version, if that is whole.
        version: String,
    },
    /// Its manifest has no room for a digest.
    #[error(
        "{} cannot be sealed: it was built with a tig-plugin-api that leaves no room for a digest; rebuild it with this one",
        path.display()
    )]
    NoSlot {
        /// The file.
        path: PathBuf,
    },
    /// Somebody has it open for writing.
    #[error(
        "{} is being written{writer}: it can be loaded when its writer has closed it (`touch` it if it has none)",
        path.display()
    )]
    BeingWritten {
        /// The file.
        path: PathBuf,
        /// Who writes it, if that is known.
        writer: String,
    },
    /// It is not what it was when it was read.
    #[error(
        "{} or a library beside it has changed while it was being loaded; it can be loaded when it is whole",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Nothing can be loaded from the folder of the copies.
    #[error(
        "no plugin can be loaded from {}: its file system is mounted noexec; set `plugin_cache_folder` to a folder on another",
        folder.display()
    )]
    NoExec {
        /// The folder.
        folder: PathBuf,
    },
    /// Another file of a library's name is mapped.
    #[error(
        "{} needs {library} beside it, and another build of {library} is loaded, which stays until the host ends; start the \
         host anew, or give the library another name",
        path.display()
    )]
    LibraryLoaded {
        /// The plugin's file.
        path: PathBuf,
        /// The library.
        library: String,
    },
    /// It was built for another version of the contract.
    #[error(
        "{} was built for plugin API {plugin}, this host has {host}; {}",
        path.display(),
        if plugin > host { "upgrade the host" } else { "rebuild the plugin with the host's tig-plugin-api" }
    )]
    ApiVersion {
        /// The file.
        path: PathBuf,
        /// The plugin's own version.
        version: String,
        /// The plugin's version of the contract.
        plugin: u32,
        /// The host's version.
        host: u32,
    },
    /// A panic in it would end the process.
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
    /// Loading it in a child process failed, or killed the child.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Probe {
        /// The file.
        path: PathBuf,
        /// What the child said, or how it ended.
        reason: String,
    },
    /// The library or its layout is refused.
    #[error("{} cannot be loaded: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its `new` has failed.
    #[error("cannot start version {version}: {reason}")]
    New {
        /// The plugin's version.
        version: String,
        /// What `new` said.
        reason: String,
    },
}

impl PluginError {
    /// The version of the refused plugin, where its manifest could be read.
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

    /// Whether the file may well be in order as soon as its writer is done.
    #[must_use]
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::BeingWritten { .. } | Self::Changed { .. })
    }
}
