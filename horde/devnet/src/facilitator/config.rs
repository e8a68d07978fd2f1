//! What a facilitator is started with.

use std::collections::BTreeSet;

use horde_proto::Secret;

use super::fault::Faults;

/// The token of users, if the config names no other.
const TOKEN_DEFAULT: &str = "devnet";

/// A facilitator to be started.
#[derive(Clone, Debug)]
pub struct FacilitatorConfig {
    /// The port of everything, on loopback; 0 takes a free one.
    pub port: u16,
    /// Decides the keys of users: see [`user_keypair`](super::user_keypair).
    pub seed: u64,
    /// What users send as `Authorization: Token …`: visible ASCII characters.
    pub token: Secret,
    /// SS58 addresses of the validators that it knows; `None` for all.
    pub validators: Option<BTreeSet<String>>,
    /// SS58 address of the miner of V0 and V1 orders that name none.
    pub miner_hotkey: Option<String>,
    /// Faults from the start.
    pub faults: Faults,
}

impl Default for FacilitatorConfig {
    /// A facilitator without faults that knows every validator, on a free port, with the token `devnet`.
    fn default() -> Self {
        Self {
            port: 0,
            seed: 0,
            token: TOKEN_DEFAULT.into(),
            validators: None,
            miner_hotkey: None,
            faults: Faults::default(),
        }
    }
}
