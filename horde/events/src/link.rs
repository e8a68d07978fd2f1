//! Links: connections to miners that are open, authenticated and have shown a manifest.

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// Where a miner is.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MinerAddress {
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// IP address or name.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// `horde_links_wanted`: the miners to which `holder` wants links, in place of those that it wanted before. A miner that no
/// holder wants any more is let go when its jobs are over.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LinksWanted {
    /// Name of the extension that wants them.
    pub holder: String,
    /// The miners; none lets all go.
    pub miners: Vec<MinerAddress>,
    /// Hotkeys of those whose links the holder does not know: `horde_miner_link` follows for each of them. `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<String>>,
}

impl Event for LinksWanted {
    const NAME: &'static str = "horde_links_wanted";
}

/// How many executors of a class a miner announces.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExecutorCount {
    /// Name of the class.
    pub executor_class: String,
    /// The number, as announced.
    pub count: u32,
}

/// State of a link.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// The miner has shown its manifest. The first one of a connection counts, and while jobs are under way the one that they were made from.
    Up {
        /// The manifest.
        manifest: Vec<ExecutorCount>,
    },
    /// The miner cannot be given jobs until it is wanted again or up again: there is no link, or its manifest is missing or invalid while
    /// jobs that it has go on or receipts are due.
    Down {
        /// Why, in words.
        reason: String,
    },
}

/// `horde_miner_link`: a link is up or down. Repeated for a holder that wants a link that is there and does not know it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MinerLink {
    /// SS58 address of the miner.
    pub hotkey: String,
    /// Its state.
    pub state: LinkState,
}

impl Event for MinerLink {
    const NAME: &'static str = "horde_miner_link";
}
