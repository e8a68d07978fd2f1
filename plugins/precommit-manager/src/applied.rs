//! What is selected: the config's choice, and a selector's over it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use tig_events::SelectedChallenge;
use tig_plugin_api::{Condition, Severity};

use crate::config::{Config, Selection, check_nonces, check_weight};
use crate::lookup::{find_algorithm, find_challenge};
use crate::market::Market;
use crate::reason::Reason;
use crate::selector::Held;

/// Code of the condition that a selector's choice is not applied.
const REFUSED_CODE: &str = "selection_refused";

/// Code of the condition that a selector's choice is applied.
const APPLIED_CODE: &str = "selection_applied";

/// What holds at a block.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// By challenge name.
    pub(crate) selection: BTreeMap<String, Selection>,
    /// Challenges whose choice is a selector's.
    chosen: BTreeSet<String>,
    /// By challenge name: why the config's choice goes on where a selector has made one.
    refused: BTreeMap<String, Refusal>,
    /// Why nothing of a selection is applied.
    refused_whole: Option<String>,
}

/// Why a selector's choice for a challenge is not applied.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("its entry is not valid: {0}")]
    NotValid(String),
    #[error("its {0}")]
    OutOfBounds(String),
    #[error(transparent)]
    Unknown(#[from] Reason),
}

impl Applied {
    /// Applies a selection over the config. Challenges that the config leaves out or switches off stay off: the operator
    /// decides what may be paid for.
    pub(crate) fn new(config: &Config, held: Option<&Held>, market: &Market) -> Self {
        let mut applied = Self {
            selection: config.algo_selection.clone(),
            refused_whole: held.and_then(Held::excess),
            ..Self::default()
        };
        for (name, entry) in held.into_iter().flat_map(|held| &held.entries) {
            match applied.choose(name, entry, market) {
                Ok(true) => drop(applied.chosen.insert(name.clone())),
                Ok(false) => {}
                Err(refusal) => drop(applied.refused.insert(name.clone(), refusal)),
            }
        }
        applied
    }

    /// Notes why nothing of the newest selection is applied.
    pub(crate) fn refuse(&mut self, why: String) {
        self.refused_whole = Some(why);
    }

    /// Whether the choice for the challenge is a selector's.
    pub(crate) fn is_chosen(&self, name: &str) -> bool {
        self.chosen.contains(name)
    }

    /// Who has chosen, for people.
    pub(crate) fn chosen_by(&self, name: &str) -> Option<&'static str> {
        let is_chosen = self.is_chosen(name);
        let chooser = if is_chosen { "selector" } else { "config" };
        self.selection.get(name).map(|_| chooser)
    }

    /// What of a selection is applied, and what is not.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        if !self.chosen.is_empty() {
            let names: Vec<&str> = self.chosen.iter().map(String::as_str).collect();
            let text = format!(
                "weights come from a selector, not from the config: {}",
                names.join(", ")
            );
            let condition = Condition::new(APPLIED_CODE, Severity::Info, text);
            conditions.push(condition.with_remedy(
                "remove the selector from `extensions` of the config, and its section from `config`, if the config should \
                 decide",
            ));
        }
        let whole = self.refused_whole.iter().map(|why| refused(why.clone()));
        conditions.extend(whole);
        conditions.extend(self.refused.iter().map(|(name, refusal)| {
            let text = format!(
                "a selector's choice for challenge {name} is refused, the config's goes on: {refusal}"
            );
            refused(text).about(name)
        }));
        conditions
    }

    /// Whether the selector's choice now holds for the challenge; the config may have it switched off.
    fn choose(
        &mut self,
        name: &str,
        entry: &Result<SelectedChallenge, String>,
        market: &Market,
    ) -> Result<bool, Refusal> {
        let entry = entry
            .as_ref()
            .map_err(|error| Refusal::NotValid(error.clone()))?;
        check_weight(entry.weight).map_err(Refusal::OutOfBounds)?;
        let num_nonces = entry.num_nonces.map_or(Ok(()), check_nonces);
        num_nonces.map_err(Refusal::OutOfBounds)?;
        let Some(selection) = self.selection.get_mut(name) else {
            find_challenge(name, market)?;
            return Ok(false);
        };
        if selection.weight <= 0.0 {
            return Ok(false);
        }
        if let Some(algorithm) = &entry.algorithm {
            let challenge = find_challenge(name, market)?;
            find_algorithm(algorithm, &challenge.id, market)?;
            selection.algorithm.clone_from(algorithm);
        }
        selection.num_nonces = entry.num_nonces.unwrap_or(selection.num_nonces);
        selection.weight = entry.weight;
        Ok(true)
    }
}

fn refused(text: String) -> Condition {
    Condition::new(REFUSED_CODE, Severity::Warning, text).with_remedy(
        "correct the selector, or remove it from `extensions` of the config, and its section from `config`",
    )
}
