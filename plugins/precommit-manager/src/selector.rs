//! What a selector has chosen, and for how long it holds: the event `selection`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_events::SelectedChallenge;

/// Blocks for which a selection holds. A selector emits one at each block; one that is stopped, or was removed from the
/// config, must not decide for ever.
pub(crate) const SELECTION_BLOCKS_COUNT_MAX: u32 = 10;

/// Challenges of one selection: far above those of the network.
const SELECTED_COUNT_MAX: usize = 100;

/// Length of a challenge's or an algorithm's name: far above those of the network.
const NAME_BYTES_MAX: usize = 100;

/// Length of the text that says why an entry does not decode. It may quote the whole entry.
const FAULT_BYTES_MAX: usize = 200;

/// `selection` as it comes from outside: an entry that does not decode spoils no other.
#[derive(Deserialize)]
pub(crate) struct SelectionEvent {
    #[serde(default)]
    height: Option<u32>,
    selection: BTreeMap<String, Box<RawValue>>,
}

/// The newest selection.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Held {
    /// From which its blocks count; `None` until a block is known.
    height: Option<u32>,
    /// Of the entries. Above [`SELECTED_COUNT_MAX`] none of them is kept.
    count: usize,
    /// By challenge name; the text says why an entry does not decode.
    pub(crate) entries: BTreeMap<String, Result<SelectedChallenge, String>>,
}

impl Held {
    /// Takes in an event at the block of this height, if there is one.
    pub(crate) fn new(event: SelectionEvent, height: Option<u32>) -> Self {
        let count = event.selection.len();
        let entries = event.selection.into_iter();
        Self {
            // A selection of a block to come counts from now.
            height: match (event.height, height) {
                (Some(stated), Some(present)) => Some(stated.min(present)),
                (stated, present) => stated.or(present),
            },
            count,
            entries: if count > SELECTED_COUNT_MAX {
                BTreeMap::new()
            } else {
                entries.map(decode_entry).collect()
            },
        }
    }

    /// Lets the selection count from a block of this height at the latest: the network may have taken blocks back.
    pub(crate) fn see(&mut self, height: u32) {
        self.height = Some(self.height.map_or(height, |since| since.min(height)));
    }

    /// Whether the selection does not hold any longer at a block of this height.
    pub(crate) fn is_expired(&self, height: u32) -> bool {
        let since = self.height.unwrap_or(height);
        height.saturating_sub(since) > SELECTION_BLOCKS_COUNT_MAX
    }

    /// Why the selection does not hold at a block of this height, if it comes too late.
    pub(crate) fn delay(&self, height: u32) -> Option<String> {
        let since = self.height.filter(|_| self.is_expired(height))?;
        Some(format!(
            "the selection is of block {since}, more than {SELECTION_BLOCKS_COUNT_MAX} before {height}: none of it is applied"
        ))
    }

    /// Why none of the selection is applied, if it has too many entries.
    pub(crate) fn excess(&self) -> Option<String> {
        (self.count > SELECTED_COUNT_MAX).then(|| {
            format!(
                "the selection names {} challenges, above {SELECTED_COUNT_MAX}: none of it is applied",
                self.count
            )
        })
    }
}

/// Decodes an entry under its name, of which only the beginning is kept where it cannot be one.
fn decode_entry(
    (mut name, entry): (String, Box<RawValue>),
) -> (String, Result<SelectedChallenge, String>) {
    if name.len() > NAME_BYTES_MAX {
        cut(&mut name, NAME_BYTES_MAX);
        let fault = format!("the name of its challenge has more than {NAME_BYTES_MAX} bytes");
        return (name, Err(fault));
    }
    let decoded = serde_json::from_str::<SelectedChallenge>(entry.get());
    let decoded = decoded.map_err(|error| {
        let mut fault = error.to_string();
        cut(&mut fault, FAULT_BYTES_MAX);
        fault
    });
    let has_long_name = |chosen: &SelectedChallenge| {
        let algorithm = chosen.algorithm.as_ref();
        algorithm.is_some_and(|algorithm| algorithm.len() > NAME_BYTES_MAX)
    };
    let decoded = decoded.and_then(|chosen| match has_long_name(&chosen) {
        true => Err(format!(
            "algorithm: its name has more than {NAME_BYTES_MAX} bytes"
        )),
        false => Ok(chosen),
    });
    (name, decoded)
}

/// Keeps the beginning of a long text, and marks that more has followed.
fn cut(text: &mut String, bytes_max: usize) {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn held(event: &Value, height: Option<u32>) -> Held {
        Held::new(serde_json::from_str(&event.to_string()).unwrap(), height)
    }

    #[test]
    fn selection_holds_for_ten_blocks() {
        let cases = [
            (json!({ "selection": {} }), Some(100)),
            (json!({ "height": 100, "selection": {} }), Some(105)),
            (json!({ "height": 900, "selection": {} }), Some(100)),
            (json!({ "height": 100, "selection": {} }), None),
        ];
        for (event, height) in cases {
            let held = held(&event, height);
            assert!(!held.is_expired(110), "{event}");
            assert!(held.is_expired(111), "{event}");
            assert!(!held.is_expired(90), "{event}: blocks were rolled back");
        }
    }

    #[test]
    fn selection_before_any_block_counts_from_the_first() {
        let mut held = held(&json!({ "selection": {} }), None);
        assert!(!held.is_expired(100));
        held.see(100);
        assert!(held.is_expired(111));
        held.see(50);
        assert!(held.is_expired(61), "the chain is shorter now");
    }

    #[test]
    fn odd_entry_spoils_no_other() {
        let event = json!({ "selection": { "a": { "weight": "much" }, "b": { "weight": 2 } } });
        let held = held(&event, None);
        assert!(held.entries["a"].as_ref().unwrap_err().contains("f64"));
        assert_eq!(held.entries["b"].as_ref().unwrap().weight, 2.0);
    }

    #[test]
    fn faults_quote_the_beginning_alone() {
        let long = "\u{e9}".repeat(100_000);
        let event = json!({ "selection": {
            "a": long, "b": { "weight": long }, "c": { "weight": 1, "algorithm": long }, &long: { "weight": 1 },
        } });
        let held = held(&event, None);
        assert_eq!(held.entries.len(), 4);
        for (name, entry) in held.entries {
            let fault = entry.unwrap_err();
            assert!(name.len() <= NAME_BYTES_MAX + 3, "{name}");
            assert!(fault.len() <= FAULT_BYTES_MAX + 3, "{fault}");
        }
    }

    #[test]
    fn too_many_entries_are_dropped_as_a_whole() {
        let event = |count: usize| {
            let entries = (0..count).map(|n| (format!("c{n}"), json!({ "weight": 1 })));
            json!({ "selection": entries.collect::<serde_json::Map<_, _>>() })
        };
        let (most, more) = (held(&event(100), None), held(&event(101), None));
        assert_eq!((most.entries.len(), most.excess()), (100, None));
        assert_eq!(more.entries.len(), 0);
        assert!(more.excess().unwrap().contains("101"));
    }
}
