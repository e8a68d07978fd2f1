//! A network of miners: `horde-devnet`.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use tig_system_tests::{HttpError, Process, ProcessError, get};

use crate::artifacts::Artifacts;
use crate::site::HOTKEY;

/// What differs from network to network.
#[derive(Clone, Debug)]
pub struct MinersOptions {
    /// Number of miners.
    pub miners: usize,
    /// Executors of each.
    pub executors: u32,
    /// Whether they answer at once, without work.
    pub instant: bool,
    /// Vices of miners, as `INDEX=NAME[:ARG]`.
    pub vices: Vec<String>,
    /// A chain on which they are registered, and a facilitator.
    pub chain: Option<ChainOptions>,
}

/// What the chain of a network starts with.
#[derive(Clone, Debug)]
pub struct ChainOptions {
    /// Milliseconds from one block to the next.
    pub block_ms: u64,
    /// The newest block at the start.
    pub first_block: u32,
    /// Other validators.
    pub validators: usize,
    /// Whether weights must be committed to.
    pub is_commit_reveal: bool,
}

/// The facilitator of a network.
#[derive(Clone, Debug, Deserialize)]
pub struct FacilitatorUrls {
    /// The websocket of validators.
    pub socket: String,
    /// The page of users.
    pub page: String,
    /// SS58 address of the account that signs jobs.
    pub user: String,
}

/// A miner of the network.
#[derive(Clone, Debug, Deserialize)]
pub struct Miner {
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// `IP:PORT`.
    pub address: String,
}

/// A running network.
#[derive(Debug)]
pub struct Miners {
    /// Its process.
    pub process: Process,
    /// Its miners.
    pub miners: Vec<Miner>,
    /// `IP:PORT` of its control routes.
    pub control: String,
    /// `IP:PORT` of its chain's service, if it has a chain.
    pub chain: Option<String>,
    /// Its facilitator, if it has one.
    pub facilitator: Option<FacilitatorUrls>,
}

/// The network does not start or answer.
#[derive(Debug, thiserror::Error)]
pub enum MinersError {
    /// The process.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It was started without a chain, and so without a facilitator.
    #[error("the network has no facilitator; start it with a chain")]
    NoFacilitator,
    /// What it says.
    #[error("horde-devnet says {text:?}")]
    Text {
        /// What it says.
        text: String,
        /// Why that is not understood.
        source: serde_json::Error,
    },
}

/// The first line of `horde-devnet`.
#[derive(Deserialize)]
struct Ready {
    control: String,
    miners: Vec<Miner>,
    chain: Option<String>,
    facilitator: Option<FacilitatorUrls>,
}

impl FacilitatorUrls {
    /// `IP:PORT` of everything that it serves.
    #[must_use]
    pub fn address(&self) -> &str {
        let rest = self.socket.trim_start_matches("ws://");
        rest.split_once('/').map_or(rest, |(address, _)| address)
    }
}

impl ChainOptions {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--chain-port".to_owned(), "0".to_owned()];
        let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        add("--validator-hotkey", HOTKEY.to_owned());
        add("--block-ms", self.block_ms.to_string());
        add("--first-block", self.first_block.to_string());
        add("--validators", self.validators.to_string());
        add("--facilitator-port", "0".to_owned());
        if !self.is_commit_reveal {
            arguments.push("--no-commit-reveal".to_owned());
        }
        arguments
    }
}

impl Miners {
    /// Starts a network, which logs into `folder`.
    ///
    /// # Errors
    ///
    /// See [`MinersError`].
    pub fn start(
        artifacts: &Artifacts,
        folder: &Path,
        options: &MinersOptions,
    ) -> Result<Self, MinersError> {
        let mut command = Command::new(artifacts.program("horde-devnet"));
        command
            .args(["--miners", &options.miners.to_string()])
            .args(["--executors", &options.executors.to_string()])
            .arg("--exit-with-parent");
        if options.instant {
            command.arg("--instant");
        }
        for vice in &options.vices {
            command.args(["--vice", vice]);
        }
        if let Some(chain) = &options.chain {
            command.args(chain.arguments());
        }
        let mut process = Process::spawn("horde-devnet", &mut command, folder)?;
        let text = process.first_line()?;
        let ready: Ready = parse(&text)?;
        Ok(Self {
            process,
            miners: ready.miners,
            control: ready.control,
            chain: ready.chain,
            facilitator: ready.facilitator,
        })
    }

    /// Arguments of `run_batch` with all miners.
    #[must_use]
    pub fn arguments(&self) -> Value {
        let miner = |miner: &Miner| {
            let (host, port) = miner.address.rsplit_once(':').unwrap_or_default();
            let port: u16 = port.parse().unwrap_or_default();
            json!({ "hotkey": miner.hotkey, "host": host, "port": port })
        };
        json!({ "miners": self.miners.iter().map(miner).collect::<Vec<_>>() })
    }

    /// `IP:PORT` of the facilitator; an error if the network has none.
    ///
    /// # Errors
    ///
    /// See [`MinersError::NoFacilitator`].
    pub fn facilitator_address(&self) -> Result<&str, MinersError> {
        let urls = self.facilitator.as_ref();
        urls.map(FacilitatorUrls::address)
            .ok_or(MinersError::NoFacilitator)
    }

    /// What the miners have seen.
    ///
    /// # Errors
    ///
    /// See [`MinersError`].
    pub fn report(&self) -> Result<Value, MinersError> {
        let answer = get(&self.control, "/report")?;
        parse(&answer.body)
    }
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, MinersError> {
    serde_json::from_str(text).map_err(|source| MinersError::Text {
        text: text.chars().take(500).collect(),
        source,
    })
}
