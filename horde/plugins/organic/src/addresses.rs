//! Where miners are: what the chain has said last, and what the config fixes.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use horde_events::{Axon, MinerAddress, Neurons};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::limits::{ADDRESSES_FRESH_MS, ADDRESSES_RENEWED_MS};

/// The serving miners of the newest block that is known.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Addresses {
    block: u32,
    /// When the chain has said it, in Unix milliseconds; 0 if it has said nothing yet.
    seen_ms: u64,
    /// By hotkey.
    axons: BTreeMap<String, Axon>,
}

impl Addresses {
    /// Takes the neurons of a block, unless a newer one is known. Returns whether the miners or their addresses have changed.
    pub(crate) fn take(&mut self, neurons: Neurons, now_ms: u64) -> bool {
        // A chain that was begun anew has lower blocks: it is believed when nothing else is known lately.
        if neurons.block < self.block && self.is_fresh(now_ms) {
            return false;
        }
        let neurons_of = neurons.neurons.into_iter();
        let axons = neurons_of.filter_map(|neuron| Some((neuron.hotkey, neuron.axon?)));
        let axons: BTreeMap<_, _> = axons.collect();
        let is_news = self.axons != axons || self.seen_ms == 0;
        *self = Self {
            block: neurons.block,
            seen_ms: now_ms,
            axons,
        };
        is_news
    }

    /// Whether what is known can be used without a question. What was seen in the future was seen by a clock that was ahead.
    pub(crate) fn is_fresh(&self, now_ms: u64) -> bool {
        self.seen_ms > 0 && now_ms.abs_diff(self.seen_ms) <= ADDRESSES_FRESH_MS
    }

    /// Whether it is time to ask again.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.seen_ms == 0 || now_ms.abs_diff(self.seen_ms) >= ADDRESSES_RENEWED_MS
    }

    /// The address of a miner on the chain.
    pub(crate) fn get(&self, hotkey: &str) -> Option<MinerAddress> {
        let axon = self.axons.get(hotkey)?;
        Some(MinerAddress {
            hotkey: hotkey.to_owned(),
            host: axon.host.clone(),
            port: axon.port,
        })
    }

    /// The address of a miner: the one of the config, or else the one on the chain.
    pub(crate) fn of_miner(&self, config: &Config, hotkey: &str) -> Option<MinerAddress> {
        config.fixed_address(hotkey).or_else(|| self.get(hotkey))
    }

    /// Hotkeys of all serving miners, those of the config and those of the chain, in ascending order.
    pub(crate) fn serving<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a str> {
        let mut fixed = config.miners.keys().peekable();
        let mut on_chain = self.axons.keys().peekable();
        let merged = std::iter::from_fn(move || {
            let order = match (fixed.peek(), on_chain.peek()) {
                (Some(fixed), Some(on_chain)) => fixed.cmp(on_chain),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            match order {
                Ordering::Less => fixed.next(),
                Ordering::Equal => on_chain.next().and(fixed.next()),
                Ordering::Greater => on_chain.next(),
            }
        });
        merged.map(String::as_str)
    }

    /// The block that is known.
    pub(crate) fn block(&self) -> u32 {
        self.block
    }

    /// When it was seen, in Unix milliseconds.
    pub(crate) fn seen_ms(&self) -> u64 {
        self.seen_ms
    }
}

#[cfg(test)]
mod tests {
    use horde_events::Neuron;

    use super::*;

    fn neurons(block: u32, miners: &[(&str, u16)]) -> Neurons {
        let neuron = |(hotkey, port): &(&str, u16)| Neuron {
            uid: 0,
            hotkey: (*hotkey).to_owned(),
            total_stake: 0.0,
            axon: (*port > 0).then(|| Axon {
                host: "10.0.0.1".to_owned(),
                port: *port,
            }),
            last_update: 0,
        };
        Neurons {
            wanted: None,
            block,
            hash: String::new(),
            neurons: miners.iter().map(neuron).collect(),
        }
    }

    #[test]
    fn newest_block_says_who_serves() {
        let mut addresses = Addresses::default();
        assert!(addresses.is_due(5) && !addresses.is_fresh(5));
        assert!(addresses.take(neurons(10, &[("a", 1), ("b", 0)]), 1_000));
        assert_eq!(addresses.get("a").unwrap().port, 1);
        assert_eq!(addresses.get("b"), None);
        assert!(!addresses.take(neurons(9, &[("b", 2)]), 2_000));
        assert_eq!(addresses.get("b"), None);
        assert!(!addresses.take(neurons(11, &[("a", 1)]), 3_000));
        assert_eq!(addresses.block(), 11);
        assert!(addresses.take(neurons(12, &[("a", 3)]), 3_000));
    }

    #[test]
    fn lower_block_counts_when_the_known_one_is_old() {
        let mut addresses = Addresses::default();
        addresses.take(neurons(10, &[("a", 1)]), 1_000);
        let later_ms = 1_001 + ADDRESSES_FRESH_MS;
        assert!(!addresses.is_fresh(later_ms));
        assert!(addresses.take(neurons(3, &[("a", 2)]), later_ms));
    }

    #[test]
    fn config_wins_over_the_chain() {
        let fixed = serde_json::json!({ "host": "fixed", "port": 9 });
        let config = serde_json::json!({ "miners": { "b": fixed, "d": fixed } });
        let config: Config = serde_json::from_value(config).unwrap();
        let mut addresses = Addresses::default();
        addresses.take(neurons(10, &[("c", 3), ("a", 1), ("b", 2)]), 1_000);
        let serving: Vec<_> = addresses.serving(&config).collect();
        assert_eq!(serving, ["a", "b", "c", "d"]);
        let ports = serving.iter().map(|it| addresses.of_miner(&config, it));
        let ports: Vec<_> = ports.map(|address| address.unwrap().port).collect();
        assert_eq!(ports, [1, 9, 3, 9]);
        assert_eq!(addresses.of_miner(&config, "e"), None);
    }
}
