//! A network of miners: `horde-devnet`.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use tig_system_tests::{HttpError, Process, ProcessError, get};

use crate::artifacts::Artifacts;

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
    control: String,
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
        let mut process = Process::spawn("horde-devnet", &mut command, folder)?;
        let text = process.first_line()?;
        let ready: Ready = parse(&text)?;
        Ok(Self {
            process,
            miners: ready.miners,
            control: ready.control,
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
