//! Arguments of `run_batch`: which miners are tested.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::MinerAddress;
use horde_proto::ExecutorClass;
use serde::Deserialize;
use tig_keyring::{PublicKey, Ss58Error};
use tig_plugin_api::ConfigSchema;

use crate::run::Order;

/// Miners of a batch at most: four times as many as a subnet has.
const MINERS_MAX: usize = 1024;

/// Longest name of a host, in bytes.
const HOST_BYTES_MAX: usize = 253;

/// Miners to test now.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunBatch {
    /// The miners.
    miners: Vec<MinerArgument>,
    /// The job kind of each executor class, in place of those of the config.
    #[serde(default)]
    kinds: Option<BTreeMap<ExecutorClass, String>>,
}

/// A miner and where it listens.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MinerArgument {
    /// SS58 address of its hotkey.
    hotkey: String,
    /// IP address or name.
    host: String,
    /// Port.
    port: u16,
}

/// Why a batch cannot be run with some arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    /// There is nobody to test.
    #[error("`miners` is empty: name at least one miner as {{\"hotkey\", \"host\", \"port\"}}")]
    NoMiners,
    /// There are too many.
    #[error("`miners` has {count} miners, more than {MINERS_MAX}: run several batches")]
    TooManyMiners { count: usize },
    /// The hotkey cannot be that of a miner.
    #[error("miners[{index}].hotkey: {hotkey:?} is not an SS58 address")]
    Hotkey {
        index: usize,
        hotkey: String,
        source: Ss58Error,
    },
    /// A miner would get two answers for one.
    #[error("miners[{index}].hotkey: {hotkey} comes twice; a miner is tested once in a batch")]
    Repeated { index: usize, hotkey: String },
    /// The host cannot be that of a URL.
    #[error("miners[{index}].host: {host:?} is not an IP address or a name")]
    Host { index: usize, host: String },
    /// Nobody listens there.
    #[error("miners[{index}].port: 0 is not a port; give the one on which {hotkey} listens")]
    Port { index: usize, hotkey: String },
    /// No extension has this name.
    #[error("kinds: the job kind of {class} has no name; give that of an extension")]
    Kind { class: ExecutorClass },
}

impl RunBatch {
    /// What is to be begun, with the miners in the order of the arguments.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] names the first fault.
    pub(crate) fn check(self) -> Result<Order, ArgumentError> {
        let kinds = self.kinds;
        let count = self.miners.len();
        if count == 0 {
            return Err(ArgumentError::NoMiners);
        }
        if count > MINERS_MAX {
            return Err(ArgumentError::TooManyMiners { count });
        }
        if let Some((class, _)) = kinds.iter().flatten().find(|(_, name)| name.is_empty()) {
            return Err(ArgumentError::Kind { class: *class });
        }
        let mut seen = BTreeSet::new();
        let mut miners = Vec::with_capacity(count);
        for (index, miner) in self.miners.into_iter().enumerate() {
            let miner = check_miner(index, miner)?;
            if !seen.insert(miner.hotkey.clone()) {
                let hotkey = miner.hotkey;
                return Err(ArgumentError::Repeated { index, hotkey });
            }
            miners.push(miner);
        }
        Ok(Order {
            miners,
            kinds,
            cycle_start: None,
        })
    }
}

fn check_miner(index: usize, miner: MinerArgument) -> Result<MinerAddress, ArgumentError> {
    let MinerArgument { hotkey, host, port } = miner;
    if let Err(source) = PublicKey::from_ss58(&hotkey)
        && !is_made_up(&hotkey)
    {
        return Err(ArgumentError::Hotkey {
            index,
            hotkey,
            source,
        });
    }
    // An IPv6 address has colons, with or without brackets around it.
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.bytes().all(is_part) {
        return Err(ArgumentError::Host { index, host });
    }
    if port == 0 {
        return Err(ArgumentError::Port { index, hotkey });
    }
    Ok(MinerAddress { hotkey, host, port })
}

/// Whether a hotkey is one of those that `DEBUG_MINER_COUNT` makes of one miner's: `5u<iii>u` in place of its first six
/// characters, which is not an address (section 10.12).
fn is_made_up(hotkey: &str) -> bool {
    let rest = hotkey.strip_prefix("5u").and_then(|rest| rest.get(..4));
    let has_number = rest.is_some_and(|rest| {
        let (number, end) = rest.split_at(3);
        end == "u" && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    has_number && hotkey.len() == 48 && hotkey.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
