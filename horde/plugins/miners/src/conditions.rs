//! Condition of the links to miners, for operators.

use std::collections::BTreeSet;

use horde_extension::shown;
use tig_plugin_api::{Condition, Severity};

use crate::run_state::RunState;

/// Different miners that must be wanted before links that are down are reported: one miner that is away is not a fault of this machine.
const WANTED_MINERS_MIN: usize = 2;

/// The wanted links to miners of the subnet, taken together.
enum Wanted<'a> {
    /// At least one is up, or too few miners are wanted to report anything.
    Sound,
    /// None is up, and some may still come up.
    Undecided,
    /// None is up, and all are given up until they are wanted again. The first miner by its hotkey, and why its link is down.
    AllDown { hotkey: &'a str, reason: &'a str },
}

/// The condition that no miner of the subnet is connected, if that is so. While attempts are under way the `last` one stays: each batch
/// wants all links again, and new attempts alone do not mean that a miner can be reached.
pub(crate) fn no_miner_connected(
    state: &RunState,
    now_ms: u64,
    last: Option<Condition>,
) -> Option<Condition> {
    match survey(state, now_ms) {
        Wanted::Sound => None,
        Wanted::Undecided => last,
        Wanted::AllDown { hotkey, reason } => Some(condition(hotkey, reason)),
    }
}

fn survey(state: &RunState, now_ms: u64) -> Wanted<'_> {
    let miners = wanted_miners(state);
    if miners.len() < WANTED_MINERS_MIN {
        return Wanted::Sound;
    }
    let (mut first, mut is_decided) = (None, true);
    for hotkey in miners {
        let Some(link) = state.links.get(hotkey) else {
            is_decided = false;
            continue;
        };
        if link.is_up() {
            return Wanted::Sound;
        }
        match link.down_reason() {
            // An address that refuses is given up within seconds, and the extension that wants the link for a user's job lets it go then.
            // Only a link that is still wanted after the time for a manifest counts.
            Some(reason) if link.manifest_by_ms <= now_ms => {
                first = first.or(Some((hotkey, reason)));
            }
            _ => is_decided = false,
        }
    }
    match first {
        Some((hotkey, reason)) if is_decided => Wanted::AllDown { hotkey, reason },
        _ => Wanted::Undecided,
    }
}

/// Hotkeys of the wanted miners, without the trusted miner: that one is the validator's own, has no hotkey, and says nothing about the
/// way to the subnet's miners.
fn wanted_miners(state: &RunState) -> BTreeSet<&str> {
    let miners = state.holders.values().flatten();
    let hotkeys = miners.map(|miner| miner.hotkey.as_str());
    hotkeys.filter(|hotkey| !hotkey.is_empty()).collect()
}

fn condition(hotkey: &str, reason: &str) -> Condition {
    let text = format!(
        "links to miners are wanted, and none of them can be connected; miner {}: {}",
        shown(hotkey),
        shown(reason)
    );
    Condition::new("no_miner_connected", Severity::Warning, text).with_remedy(
        "GET /horde/miners has the reason of each miner; if all have the same one, check network, firewall and clock of this machine",
    )
}
