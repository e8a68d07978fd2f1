//! Config section `precommit_manager`.

use std::collections::BTreeMap;

use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// More precommits per block than any player pays for.
const PRECOMMITS_PER_BLOCK_MAX: u32 = 100;

/// A bound far above every useful weight that keeps sums of weights finite.
const WEIGHT_MAX: f64 = 1e12;

/// More than all TIG there are.
const TIG_MAX: f64 = 1e12;

#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Precommits per block over all challenges; 0 pauses.
    pub(crate) max_precommits_per_block: u32,
    /// With this many precommits without a proof no new ones are made: what cannot be proven in time is a lost fee. Those that
    /// are too late to count are left out.
    #[serde(default = "default_max_unresolved")]
    pub(crate) max_unresolved: u32,
    /// Fees of 24 hours, in TIG.
    #[serde(default)]
    pub(crate) budget_per_day: Option<f64>,
    /// By challenge name. A selector may choose other weights, algorithms and numbers of nonces for these challenges.
    pub(crate) algo_selection: BTreeMap<String, Selection>,
}

fn default_max_unresolved() -> u32 {
    64
}

/// What to run for a challenge.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    /// Name of the algorithm.
    pub(crate) algorithm: String,
    /// Nonces per precommit.
    pub(crate) num_nonces: u64,
    /// The challenge's share of all precommits, relative to the other weights; 0 disables it, whatever a selector says.
    pub(crate) weight: f64,
    /// The highest fee to pay for a precommit, in TIG.
    #[serde(default)]
    pub(crate) max_fee: Option<f64>,
}

impl Config {
    pub(crate) fn check(&self) -> Result<()> {
        let max = self.max_precommits_per_block;
        if max > PRECOMMITS_PER_BLOCK_MAX {
            bail!(
                "config.precommit_manager.max_precommits_per_block: {max} is above {PRECOMMITS_PER_BLOCK_MAX}"
            );
        }
        check_tig(
            "config.precommit_manager.budget_per_day",
            self.budget_per_day,
        )?;
        for (name, selection) in &self.algo_selection {
            let key = format!("config.precommit_manager.algo_selection.{name}");
            if let Err(error) = check_nonces(selection.num_nonces) {
                bail!("{key}.{error}");
            }
            if let Err(error) = check_weight(selection.weight) {
                bail!("{key}.{error}");
            }
            check_tig(&format!("{key}.max_fee"), selection.max_fee)?;
        }
        if !self
            .algo_selection
            .values()
            .any(|selection| selection.weight > 0.0)
        {
            bail!(
                "config.precommit_manager.algo_selection: no challenge has a weight above 0, so that nothing would \
                 ever be precommitted"
            );
        }
        Ok(())
    }
}

/// Refuses a number of nonces that no precommit can have, with a text that begins with the key's name.
pub(crate) fn check_nonces(num_nonces: u64) -> std::result::Result<(), String> {
    let max = u32::MAX;
    if !(1..=u64::from(max)).contains(&num_nonces) {
        return Err(format!(
            "num_nonces: {num_nonces} is not between 1 and {max}"
        ));
    }
    Ok(())
}

/// Refuses a weight that cannot be compared with others, with a text that begins with the key's name.
pub(crate) fn check_weight(weight: f64) -> std::result::Result<(), String> {
    if !(0.0..=WEIGHT_MAX).contains(&weight) {
        return Err(format!(
            "weight: {weight} is not between 0 and {WEIGHT_MAX}"
        ));
    }
    Ok(())
}

fn check_tig(key: &str, amount: Option<f64>) -> Result<()> {
    match amount {
        Some(amount) if !(0.0..=TIG_MAX).contains(&amount) => {
            bail!("{key}: {amount} is not between 0 and {TIG_MAX}")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::testing::check_example_config;

    use super::Config;

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../config.example.json");
        let optional = [
            "max_unresolved",
            "budget_per_day",
            "algo_selection/*/max_fee",
        ];
        check_example_config::<Config>(example, "precommit_manager", &optional);
    }
}
