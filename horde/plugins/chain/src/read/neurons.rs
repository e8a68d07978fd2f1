//! All neurons of a subnet at a block.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use horde_events::{Axon, Neuron, quote};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use tig_keyring::PublicKey;

use super::block::RawBlock;
use super::{Head, Unreadable, from_json};
use crate::limits::NEURONS_COUNT_MAX;

/// Neurons ordered by uid, each uid and each hotkey once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NeuronList {
    pub(crate) head: Head,
    pub(crate) neurons: Vec<Neuron>,
    /// Neurons with an axon that nobody can connect to: they count as not serving.
    pub(crate) odd_axons: usize,
}

#[derive(Deserialize)]
struct NeuronsAnswer {
    block: RawBlock,
    neurons: RawNeurons,
}

/// Neurons in the order of the answer: a map would hide that a hotkey comes twice.
struct RawNeurons(Vec<(String, RawNeuron)>);

#[derive(Deserialize)]
struct RawNeuron {
    uid: u16,
    hotkey: String,
    #[serde(default)]
    axon_info: Value,
    last_update: u32,
    stakes: RawStakes,
}

#[derive(Deserialize)]
struct RawStakes {
    total: f64,
}

impl<'de> Deserialize<'de> for RawNeurons {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawNeurons;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("neurons by hotkey")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawNeurons, A::Error> {
                let mut neurons = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    if neurons.len() == NEURONS_COUNT_MAX {
                        let text = format!("more than {NEURONS_COUNT_MAX} neurons");
                        return Err(A::Error::custom(text));
                    }
                    neurons.push(entry);
                }
                Ok(RawNeurons(neurons))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Reads the neurons at the newest block, or at block `wanted`.
pub(crate) fn read_neurons(body: &[u8], wanted: Option<u32>) -> Result<NeuronList, Unreadable> {
    let answer: NeuronsAnswer = from_json(body)?;
    let head = match wanted {
        None => answer.block.read_newest()?,
        Some(wanted) => match answer.block.read()? {
            head if head.number == wanted => head,
            Head { number: named, .. } => return Err(Unreadable::OtherBlock { wanted, named }),
        },
    };
    // What is read at a final block is kept for ever.
    if let Some(wanted) = wanted.filter(|_| answer.neurons.0.is_empty()) {
        return Err(Unreadable::NoNeurons(wanted));
    }
    let mut odd_axons = 0;
    let mut hotkeys = BTreeSet::new();
    let mut neurons = Vec::with_capacity(answer.neurons.0.len());
    for (listed, raw) in answer.neurons.0 {
        if PublicKey::from_ss58(&raw.hotkey).is_err() {
            return Err(Unreadable::Hotkey(quote(&raw.hotkey)));
        }
        if listed != raw.hotkey {
            let (listed, hotkey) = (quote(&listed), raw.hotkey);
            return Err(Unreadable::OtherHotkey { listed, hotkey });
        }
        if !hotkeys.insert(listed) {
            return Err(Unreadable::HotkeyTwice(raw.hotkey));
        }
        let (axon, is_odd) = read_axon(&raw.axon_info);
        odd_axons += usize::from(is_odd);
        neurons.push(raw.read(axon)?);
    }
    neurons.sort_by_key(|neuron: &Neuron| neuron.uid);
    if let Some(pair) = neurons.windows(2).find(|pair| pair[0].uid == pair[1].uid) {
        return Err(Unreadable::UidTwice(pair[0].uid));
    }
    Ok(NeuronList {
        head,
        neurons,
        odd_axons,
    })
}

impl RawNeuron {
    fn read(self, axon: Option<Axon>) -> Result<Neuron, Unreadable> {
        let (uid, stake) = (self.uid, self.stakes.total);
        if !stake.is_finite() || stake < 0.0 {
            return Err(Unreadable::Stake { uid, stake });
        }
        Ok(Neuron {
            uid,
            hotkey: self.hotkey,
            total_stake: stake,
            axon,
            last_update: self.last_update,
        })
    }
}

/// Where a neuron serves, and whether what it says of it is odd. Every neuron writes its own axon onto the chain, so that an
/// odd one must not cost the others anything.
fn read_axon(info: &Value) -> (Option<Axon>, bool) {
    if info.is_null() {
        return (None, false);
    }
    let ip = info["ip"].as_str().and_then(|ip| ip.parse().ok());
    let port = info["port"].as_u64().and_then(|port| port.try_into().ok());
    match (ip, port) {
        (Some(ip), Some(port)) if !IpAddr::is_unspecified(&ip) && port != 0 => {
            let host = ip.to_string();
            (Some(Axon { host, port }), false)
        }
        (Some(ip), _) if ip.is_unspecified() => (None, false),
        (_, Some(0)) => (None, false),
        _ => (None, true),
    }
}
