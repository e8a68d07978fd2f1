//! Published algorithms.
//!
//! Invariant: an algorithm that was loaded compiles, so that its WASM record may say so.

mod folder;

use std::sync::Arc;

pub use folder::{LoadError, load_folder};
pub(crate) use folder::{challenge_folders, kind_of, modules, name_of, read};
use tig_challenges::ChallengeKind;
use tig_worker::{Algorithm, BadModule};

/// Ids have three digits.
pub(crate) const ALGORITHMS_PER_CHALLENGE_MAX: usize = 999;
/// Characters of an algorithm's name.
pub(crate) const NAME_LENGTH_MAX: usize = 64;

/// Rule for names, for errors.
pub(crate) const NAME_RULE: &str = "1 to 64 of the characters a to z, A to Z, 0 to 9, _ and -";

/// An algorithm of the network with its module.
#[derive(Debug, Clone)]
pub struct PublishedAlgorithm {
    /// `cNNN_aNNN`.
    pub id: String,
    /// File name without `.wasm`.
    pub name: String,
    /// The challenge it solves.
    pub kind: ChallengeKind,
    /// The module as served to slaves.
    pub wasm: Arc<[u8]>,
    /// The same module, ready to run; `None` where whoever drives the network knows the verdicts without running it.
    pub compiled: Option<Algorithm>,
}

impl PublishedAlgorithm {
    /// Compiles `wasm`; `number` counts the algorithms of the challenge from 1.
    ///
    /// # Errors
    /// The module does not compile or breaks the guest ABI.
    pub fn compile(
        kind: ChallengeKind,
        number: usize,
        name: &str,
        wasm: &[u8],
    ) -> Result<Self, BadModule> {
        Ok(Self {
            id: format!("{}_a{number:03}", kind.id()),
            name: name.to_owned(),
            kind,
            wasm: wasm.into(),
            compiled: Some(Algorithm::compile(wasm)?),
        })
    }

    /// The same with another number.
    pub(crate) fn numbered(mut self, number: usize) -> Self {
        self.id = format!("{}_a{number:03}", self.kind.id());
        self
    }

    /// The number in the id.
    pub(crate) fn number(&self) -> Option<usize> {
        self.id.rsplit_once("_a")?.1.parse().ok()
    }

    /// An algorithm that is only pretended, for simulations: its module is empty and its re-executions have no
    /// conclusion but the one that the simulation records.
    pub fn pretended(kind: ChallengeKind, number: usize, name: &str) -> Self {
        Self {
            id: format!("{}_a{number:03}", kind.id()),
            name: name.to_owned(),
            kind,
            wasm: [].into(),
            compiled: None,
        }
    }
}

/// Whether an algorithm may be called so.
pub(crate) fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=NAME_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}
