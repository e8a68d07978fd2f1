//! Accounts that are opened while the network runs, and the keys that the network hands out itself.

use tig_protocol::PreciseNumber;

use crate::api_key::ApiKey;
use crate::network::state::{Account, Key, Network, initial_balance, is_address, is_prefixed_hex};

/// Players of a network; every block remembers the balance of each.
pub const PLAYERS_MAX: usize = 1_000;

/// Why no key is handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// The address has another form.
    #[error("invalid address {0:?}: an address is 0x and 40 lower-case hex digits")]
    Address(String),
    /// The signature has another form. Whether the address signed is not checked: there is no wallet to ask.
    #[error("invalid signature: it is 0x and 130 hex digits")]
    Signature,
    /// There is no room for another player.
    #[error("the network has {PLAYERS_MAX} players already, which is as many as it takes")]
    TooManyPlayers,
}

impl Network {
    /// Opens an account with `balance` at the latest block, unless the player has one.
    ///
    /// # Errors
    /// The id is not an address, or there are too many players.
    pub fn open_account(
        &mut self,
        player_id: &str,
        balance: PreciseNumber,
    ) -> Result<(), ApiKeyError> {
        if !is_address(player_id) {
            return Err(ApiKeyError::Address(player_id.to_owned()));
        }
        let accounts = &mut self.chain.latest_mut().accounts;
        if accounts.contains_key(player_id) {
            return Ok(());
        }
        if accounts.len() >= PLAYERS_MAX {
            return Err(ApiKeyError::TooManyPlayers);
        }
        accounts.insert(player_id.to_owned(), Account::new(balance));
        self.opened.insert(player_id.to_owned(), balance);
        let height = self.height();
        self.changes.touch(Key::Block(height));
        self.changes.touch(Key::Accounts);
        Ok(())
    }

    /// The key of a player who asks for one, always the same; opens an account for a new player.
    ///
    /// # Errors
    /// Address or signature have another form, or there are too many players.
    pub fn request_api_key(
        &mut self,
        address: &str,
        signature: &str,
    ) -> Result<String, ApiKeyError> {
        if !is_address(address) {
            return Err(ApiKeyError::Address(address.to_owned()));
        }
        if !is_prefixed_hex(&signature.to_ascii_lowercase(), 130) {
            return Err(ApiKeyError::Signature);
        }
        self.open_account(address, initial_balance())?;
        self.grant_key(address);
        Ok(self.secret.api_key(address))
    }

    /// Lets the player, who has an account, hold the network's own key for it, as if it had asked for that.
    pub fn grant_key(&mut self, player_id: &str) {
        if self.key_holders.insert(player_id.to_owned()) {
            self.changes.touch(Key::Accounts);
        }
    }

    /// The key that a player is given if it asks for one.
    pub(crate) fn own_key(&self, player_id: &str) -> ApiKey {
        ApiKey::of_network(&self.secret.api_key(player_id))
    }

    /// The players who asked for a key, each with it.
    pub(crate) fn handed_out_keys(&self) -> impl Iterator<Item = (&str, ApiKey)> {
        self.key_holders
            .iter()
            .map(|address| (address.as_str(), self.own_key(address)))
    }
}
