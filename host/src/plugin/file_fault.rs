//! What shows that a file is not a plugin, from its bytes alone.

/// A longer plugin file is rejected.
pub(super) const PLUGIN_BYTES_MAX: u64 = 512 << 20;

/// A plugin that needs more libraries from beside itself is rejected.
pub(super) const LIBRARY_COUNT_MAX: usize = 64;

/// Why a file is not a plugin for this host.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// A folder, a pipe or the like. Reading a pipe would wait for its writer.
    #[error("it is a folder, or another thing that is not a file")]
    NotAFile,
    /// The file is longer than 512 MiB.
    #[error("{bytes} bytes are more than the limit of {PLUGIN_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// The plugin needs more than 64 libraries from beside itself.
    #[error("it needs more than {LIBRARY_COUNT_MAX} libraries beside it")]
    TooManyLibraries,
    /// The file is not an ELF file of 64 bits.
    #[error("it is not a 64-bit ELF file")]
    NotElf,
    /// The file is an ELF program or object.
    #[error("it is an ELF file, but not a shared library")]
    NotShared,
    /// The file was built for another processor.
    #[error("it was built for another processor (ELF machine {0})")]
    OtherMachine(u16),
    /// A segment reaches beyond the end of the file.
    #[error("it is cut short: a segment ends at byte {end} of {bytes}")]
    Truncated {
        /// End of the segment.
        end: u64,
        /// Length of the file.
        bytes: usize,
    },
    /// A header or section cannot be read.
    #[error("it is damaged or cut short at {bytes} bytes ({source})")]
    Damaged {
        /// Length of the file.
        bytes: usize,
        /// What cannot be read.
        source: object::read::Error,
    },
    /// The file has no section with a manifest.
    #[error("it has no manifest")]
    NoManifest,
    /// The manifest is not the JSON of one.
    #[error("its manifest is damaged: {0}")]
    Manifest(#[from] serde_json::Error),
    /// The name in the manifest cannot be part of a file name.
    #[error("manifest name {0:?} is not valid: use a-z, A-Z, 0-9 and _")]
    Name(String),
    /// The name of a command in the manifest cannot be part of a path.
    #[error("command name {0:?} of the manifest is not valid: use a-z, A-Z, 0-9 and _")]
    Command(String),
}
