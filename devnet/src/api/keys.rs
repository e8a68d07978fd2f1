//! Whose key is whose.

use std::collections::BTreeMap;

use crate::ApiKey;

/// The API keys of the players, kept as hashes only.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<[u8; 32], String>);

impl Keys {
    /// Lets whoever shows `key` submit for `player_id`, and no longer for the player who is returned. A player may have
    /// several keys.
    pub fn insert(&mut self, key: &ApiKey, player_id: &str) -> Option<String> {
        self.0.insert(key.hash(), player_id.to_owned())
    }

    /// The player who owns `key`. Only hashes are compared, so that the time it takes tells nothing about a key.
    pub fn player_of(&self, key: &str) -> Option<&str> {
        self.0
            .get(blake3::hash(key.as_bytes()).as_bytes())
            .map(String::as_str)
    }
}
