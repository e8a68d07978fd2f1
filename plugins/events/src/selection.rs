//! Which challenges and algorithms are precommitted, where an extension decides it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event;

/// `selection`: weights and algorithms that `precommit_manager` applies over `algo_selection` of its config.
///
/// Emitted by a selector, an extension that replaces the choice of challenges and nothing else. A selection holds for ten
/// blocks, so a selector emits one at each block. Challenges that it does not name keep what the config says. Fees, budgets
/// and other limits of the config hold in any case, and a challenge that the config does not name, or to which it gives
/// weight 0, stays off.
///
/// A selection that follows from a block more than ten ago is refused. Each selection takes the place of the one before, from
/// whichever extension it comes: run one selector, since two of them undo each other's choice at each block. Precommits made at the
/// start of a block, before its selection has come, still follow the former one.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Selection {
    /// Height of the block that it follows from. The ten blocks count from it; without one, from the block at which it arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// By challenge name.
    pub selection: BTreeMap<String, SelectedChallenge>,
}
event!(Selection, "selection", latest);

/// Part of [`Selection`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SelectedChallenge {
    /// The challenge's share of all precommits, relative to the other weights; 0 switches it off.
    pub weight: f64,
    /// Name of the algorithm; `None` for the config's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Nonces per precommit, from 1 on; `None` for the config's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_nonces: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selection_of_the_docs_decodes() {
        let text =
            r#"{"selection":{"knapsack":{"weight":2.0,"algorithm":"dynamic","num_nonces":40}}}"#;
        let event: Selection = serde_json::from_str(text).unwrap();
        let chosen = SelectedChallenge {
            weight: 2.0,
            algorithm: Some("dynamic".to_owned()),
            num_nonces: Some(40),
        };
        assert_eq!(event.selection["knapsack"], chosen);
        assert_eq!(event.height, None);
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }

    #[test]
    fn weight_alone_is_a_selection() {
        let text = r#"{"height":7,"selection":{"knapsack":{"weight":0.0}}}"#;
        let event: Selection = serde_json::from_str(text).unwrap();
        assert_eq!(event.height, Some(7));
        assert_eq!(event.selection["knapsack"], SelectedChallenge::default());
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }
}
