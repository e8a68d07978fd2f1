//! The files of the network.

use horde_dynamic::{ParamFile, Source};
use serde::Serialize;

/// A file of the network. The later one wins.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileName {
    Validator,
    Common,
}

impl FileName {
    pub(crate) const ALL: [Self; 2] = [Self::Validator, Self::Common];

    pub(crate) fn name(self) -> &'static str {
        self.source().name()
    }

    pub(crate) fn source(self) -> Source {
        match self {
            Self::Validator => Source::Validator,
            Self::Common => Source::Common,
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.name() == name)
    }
}

/// A file without a fault, as it was fetched.
#[derive(Clone, Debug)]
pub(crate) struct HeldFile {
    pub(crate) text: String,
    pub(crate) file: ParamFile,
    /// When its text came first, in Unix milliseconds.
    pub(crate) fetched_ms: u64,
}
