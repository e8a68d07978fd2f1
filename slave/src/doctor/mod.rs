//! `tig-slave doctor`: what would keep a slave from its work, each with what to do about it.
//!
//! Invariant: nothing is changed, and no batch is taken from the master.

mod known;
mod machine;
mod network;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use reqwest::Url;
use tig_http_client::Trust;

use crate::engine::Engine;
use crate::name::SlaveName;
use crate::token::Token;
pub use tig_process::finding::{Finding, Level};

/// What a slave would be started with.
#[derive(Debug)]
pub struct Examined {
    /// Base URL of the master.
    pub master: Url,
    /// Name of the slave, if it has one already.
    pub name: Option<SlaveName>,
    /// Shown to the master.
    pub token: Option<Token>,
    /// Authorities whose certificates are accepted.
    pub trust: Trust,
    /// Where modules are kept; may be missing.
    pub algorithms_folder: PathBuf,
    /// Nonces computed at the same time.
    pub workers: NonZeroUsize,
    /// The engine that computes.
    pub engine: Engine,
}

/// Looks at everything; `each` gets a finding as soon as there is one.
pub async fn examine(examined: &Examined, mut each: impl FnMut(Finding)) {
    for finding in network::findings(examined).await {
        each(finding);
    }
    each(machine::folder(&examined.algorithms_folder));
    each(machine::disk(&examined.algorithms_folder));
    each(machine::open_files());
    each(machine::processors(examined.workers));
    each(known::answer(examined).await);
}
