//! What of the links an operator must look at. Pure.

use horde_extension::shown;
use tig_plugin_api::{Condition, Severity};

use crate::run_state::RunState;

/// The links that are wanted, taken together.
enum Wanted<'a> {
    /// One at least is up, or none is wanted.
    Served,
    /// None is up, and some may still come up.
    Undecided,
    /// None is up, and all are given up until they are wanted again. The first miner by its hotkey, and why its link is down.
    AllDown { hotkey: &'a str, reason: &'a str },
}

/// The condition that no miner is connected, if that is so. While attempts are under way the `last` one stays: each batch wants all links
/// again, and that they are tried once more is not the end of it.
pub(crate) fn no_miner_connected(
    state: &RunState,
    now_ms: u64,
    last: Option<Condition>,
) -> Option<Condition> {
    match survey(state, now_ms) {
        Wanted::Served => None,
        Wanted::Undecided => last,
        Wanted::AllDown { hotkey, reason } => Some(condition(hotkey, reason)),
    }
}

fn survey(state: &RunState, now_ms: u64) -> Wanted<'_> {
    let (mut first, mut is_decided) = (None, true);
    for miner in state.holders.values().flatten() {
        let hotkey = miner.hotkey.as_str();
        let Some(link) = state.links.get(hotkey) else {
            is_decided = false;
            continue;
        };
        if link.is_up() {
            return Wanted::Served;
        }
        match link.down_reason() {
            // An address that refuses is given up within seconds, and a user's job lets it go then. Only what is still wanted after the
            // time for a manifest lasts.
            Some(reason) if link.manifest_by_ms <= now_ms => {
                let is_first = first.is_none_or(|(before, _)| hotkey < before);
                first = is_first.then_some((hotkey, reason)).or(first);
            }
            _ => is_decided = false,
        }
    }
    match first {
        _ if !is_decided => Wanted::Undecided,
        Some((hotkey, reason)) => Wanted::AllDown { hotkey, reason },
        None => Wanted::Served,
    }
}

fn condition(hotkey: &str, reason: &str) -> Condition {
    // The validator's own miner has no hotkey.
    let miner = match hotkey {
        "" => "the trusted miner".to_owned(),
        hotkey => format!("miner {}", shown(hotkey)),
    };
    let text = format!(
        "links to miners are wanted, and none of them can be connected; {miner}: {}",
        shown(reason)
    );
    Condition::new("no_miner_connected", Severity::Warning, text).with_remedy(
        "GET /horde/miners has the reason of each miner; if all have the same one, check network, firewall and clock of this machine",
    )
}
