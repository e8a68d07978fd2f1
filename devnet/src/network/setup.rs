//! Where a network comes from: its configuration and first block, or the entries that were kept of an earlier run.

mod config;
mod draw;
mod genesis;
mod restore;

pub use config::devnet_config;
pub use draw::{DrawnPlayer, draw_players};
pub use genesis::{Genesis, GenesisError};
pub use restore::{RestoreError, Surroundings};
