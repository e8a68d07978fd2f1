//! Players that a network draws from its seed.

use crate::api_key::ApiKey;
use crate::network::state::Secret;

/// A player and its key, in the clear: for the file that hands them to their users.
#[derive(Clone)]
pub struct DrawnPlayer {
    /// Its address.
    pub player_id: String,
    /// The key that it would be given if it asked for one.
    pub api_key: String,
}

impl DrawnPlayer {
    /// The key as the API knows it.
    pub fn key(&self) -> ApiKey {
        ApiKey::of_network(&self.api_key)
    }
}

impl std::fmt::Debug for DrawnPlayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DrawnPlayer({})", self.player_id)
    }
}

/// The first `number` players of the seed; they are the same for every network of the seed.
pub fn draw_players(seed: u64, number: usize) -> Vec<DrawnPlayer> {
    let secret = Secret::from_seed(seed);
    (0..number)
        .map(|index| {
            let player_id = secret.player_id(index as u64);
            let api_key = secret.api_key(&player_id);
            DrawnPlayer { player_id, api_key }
        })
        .collect()
}
