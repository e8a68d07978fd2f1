//! Who has asked for work, and what became of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::HttpRequest;

/// Slaves remembered; beyond them the one unseen for the longest time is forgotten.
const SLAVES_MAX: usize = 1_000;

/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 64;

/// Statistics since the slave was first seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Slave {
    /// Good results.
    pub(crate) batches: u64,
    /// Nonces in them.
    pub(crate) nonces: u64,
    /// Results refused here.
    pub(crate) errors: u64,
    pub(crate) last_seen_ms: u64,
}

/// Slaves by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Slaves(BTreeMap<String, Slave>);

impl Slaves {
    /// The slave of that name, which has just been seen.
    pub(crate) fn seen(&mut self, name: &str, now_ms: u64) -> &mut Slave {
        if self.0.len() >= SLAVES_MAX && !self.0.contains_key(name) {
            let oldest = self.0.iter().min_by_key(|(_, slave)| slave.last_seen_ms);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.0.remove(&oldest);
            }
        }
        let slave = self.0.entry(name.to_owned()).or_default();
        slave.last_seen_ms = now_ms;
        slave
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Slave)> {
        self.0.iter()
    }
}

/// The slave's name is its `User-Agent`, without what could forge a line of the log. `None` if there is nothing left.
pub(crate) fn name(request: &HttpRequest) -> Option<String> {
    let printable = |character: &char| !character.is_control();
    let name: String = request
        .header("user-agent")?
        .trim()
        .chars()
        .filter(printable)
        .take(NAME_CHARS_MAX)
        .collect();
    (!name.is_empty()).then_some(name)
}
