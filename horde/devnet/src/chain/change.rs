//! Changes of neurons that whoever runs the network orders.

use serde::{Deserialize, Serialize};
use tig_keyring::PublicKey;

use super::neuron::{Axon, Neuron, Stakes};

/// Neurons of a subnet. The main network has 256; devnets may have more miners.
pub const NEURONS_COUNT_MAX: usize = 4_500;

/// A change of the neurons; it is in the next block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "change")]
pub enum NeuronChange {
    /// A hotkey gets the next uid.
    Register {
        /// SS58 address.
        hotkey: String,
        /// Where it serves, `IP:PORT`; nowhere, if it is left out.
        address: Option<std::net::SocketAddr>,
        /// Stake in alpha.
        #[serde(default)]
        alpha: f64,
        /// Stake by the root network.
        #[serde(default)]
        tao: f64,
        /// Whether it may set weights as a validator.
        #[serde(default)]
        validator_permit: bool,
    },
    /// Another hotkey takes the uid of this one, as a newcomer does on a full subnet.
    Deregister {
        /// SS58 address.
        hotkey: String,
        /// The newcomer's; one is drawn if it is left out.
        successor: Option<String>,
    },
    /// Other stakes.
    Stake {
        /// SS58 address.
        hotkey: String,
        /// Stake in alpha.
        alpha: f64,
        /// Stake by the root network.
        tao: f64,
    },
    /// Other permit.
    Permit {
        /// SS58 address.
        hotkey: String,
        /// Whether it may set weights as a validator.
        validator_permit: bool,
    },
    /// Another axon, possible or not.
    Axon {
        /// SS58 address.
        hotkey: String,
        /// Any text.
        ip: String,
        /// Any number.
        port: u32,
    },
}

/// Why a change is impossible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NeuronChangeError {
    /// No neuron has the hotkey.
    #[error("{hotkey:?} is not registered; GET /chain lists the neurons")]
    Unregistered {
        /// The hotkey.
        hotkey: String,
    },
    /// The hotkey has a uid.
    #[error("{hotkey:?} is registered already; name another hotkey")]
    Registered {
        /// The hotkey.
        hotkey: String,
    },
    /// A text is not a hotkey.
    #[error("{hotkey:?} is not an SS58 address")]
    Hotkey {
        /// The text.
        hotkey: String,
    },
    /// No uid is left.
    #[error("the subnet has {NEURONS_COUNT_MAX} neurons; deregister one first")]
    Full,
    /// Too many changes wait.
    #[error("too many changes wait for the next block; make one")]
    TooMany,
    /// A stake that the chain cannot have.
    #[error("stakes must be finite numbers from 0 up; a fault such as stake-negative shows others")]
    Stake,
}

impl NeuronChange {
    /// Whether somebody takes a place and is not named.
    pub(super) fn wants_newcomer(&self) -> bool {
        matches!(
            self,
            Self::Deregister {
                successor: None,
                ..
            }
        )
    }

    /// Names whoever takes the place of a deregistered neuron, if nobody is named.
    pub(super) fn name_newcomer(&mut self, newcomer: String) {
        if let Self::Deregister { successor, .. } = self {
            successor.get_or_insert(newcomer);
        }
    }

    /// Changes `neurons`, which are in the order of their uids, in this block. A successor must be named.
    ///
    /// # Errors
    ///
    /// [`NeuronChangeError`], and then nothing is changed.
    pub(super) fn apply(
        &self,
        neurons: &mut Vec<Neuron>,
        block: u32,
    ) -> Result<(), NeuronChangeError> {
        match self {
            Self::Register {
                hotkey,
                address,
                alpha,
                tao,
                validator_permit,
            } => {
                check_new(neurons, hotkey)?;
                let uid = match u16::try_from(neurons.len()) {
                    Ok(uid) if neurons.len() < NEURONS_COUNT_MAX => uid,
                    _ => return Err(NeuronChangeError::Full),
                };
                let axon = address.map_or_else(Axon::unset, Axon::from);
                let stakes = stakes(*alpha, *tao)?;
                let mut neuron = Neuron::new(uid, hotkey.clone(), axon, block);
                neuron.set_stakes(stakes);
                neuron.validator_permit = *validator_permit;
                neurons.push(neuron);
            }
            Self::Deregister { hotkey, successor } => {
                let successor = successor.as_deref().unwrap_or_default();
                check_new(neurons, successor)?;
                let neuron = find(neurons, hotkey)?;
                *neuron = Neuron::new(neuron.uid, successor.to_owned(), Axon::unset(), block);
            }
            Self::Stake { hotkey, alpha, tao } => {
                let stakes = stakes(*alpha, *tao)?;
                find(neurons, hotkey)?.set_stakes(stakes);
            }
            Self::Permit {
                hotkey,
                validator_permit,
            } => find(neurons, hotkey)?.validator_permit = *validator_permit,
            Self::Axon { hotkey, ip, port } => {
                let axon = &mut find(neurons, hotkey)?.axon_info;
                axon.ip.clone_from(ip);
                axon.port = *port;
            }
        }
        Ok(())
    }
}

fn find<'a>(neurons: &'a mut [Neuron], hotkey: &str) -> Result<&'a mut Neuron, NeuronChangeError> {
    let mut neurons = neurons.iter_mut();
    let found = neurons.find(|neuron| neuron.hotkey == hotkey);
    found.ok_or_else(|| NeuronChangeError::Unregistered {
        hotkey: hotkey.to_owned(),
    })
}

fn check_new(neurons: &[Neuron], hotkey: &str) -> Result<(), NeuronChangeError> {
    let hotkey = hotkey.to_owned();
    if PublicKey::from_ss58(&hotkey).is_err() {
        return Err(NeuronChangeError::Hotkey { hotkey });
    }
    match neurons.iter().any(|neuron| neuron.hotkey == hotkey) {
        true => Err(NeuronChangeError::Registered { hotkey }),
        false => Ok(()),
    }
}

fn stakes(alpha: f64, tao: f64) -> Result<Stakes, NeuronChangeError> {
    match [alpha, tao]
        .iter()
        .all(|stake| stake.is_finite() && *stake >= 0.0)
    {
        true => Ok(Stakes::new(alpha, tao)),
        false => Err(NeuronChangeError::Stake),
    }
}
