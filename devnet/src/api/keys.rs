//! Whose key is whose.

use std::collections::BTreeMap;

use crate::{ApiKey, Network};

/// Two players cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("players {owner} and {player_id} have the same API key: give each its own")]
pub struct SharedKey {
    /// Whose it is.
    pub owner: String,
    /// The player that was to have the key.
    pub player_id: String,
}

/// The API keys of the players, kept as hashes only.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<[u8; 32], String>);

impl Keys {
    /// Lets whoever shows `key` submit for `player_id`, and no longer for the player who is returned. A player may have
    /// several keys.
    pub fn insert(&mut self, key: &ApiKey, player_id: &str) -> Option<String> {
        self.0.insert(key.hash(), player_id.to_owned())
    }

    /// Whether the player may have `key`.
    ///
    /// # Errors
    /// The key is another player's.
    pub fn check(&self, key: &ApiKey, player_id: &str) -> Result<(), SharedKey> {
        match self.0.get(&key.hash()) {
            Some(owner) if owner != player_id => Err(SharedKey {
                owner: owner.clone(),
                player_id: player_id.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether none is a key that `network` has given to another player.
    ///
    /// # Errors
    /// The first one that is.
    pub fn check_with(&self, network: &Network) -> Result<(), SharedKey> {
        network
            .handed_out_keys()
            .try_for_each(|(player_id, key)| self.check(&key, player_id))
    }

    /// The player who owns `key`. Only hashes are compared, so that the time it takes reveals nothing about a key.
    pub fn player_of(&self, key: &str) -> Option<&str> {
        self.0
            .get(blake3::hash(key.as_bytes()).as_bytes())
            .map(String::as_str)
    }
}
