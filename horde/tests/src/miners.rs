//! A network of miners: `horde-devnet`.

use std::fmt;
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
    /// What jobs of language models need.
    pub language: Option<LanguageOptions>,
}

/// Executors for jobs of language models. Such a network has a trusted miner and an S3 service, too.
#[derive(Clone, Debug)]
pub struct LanguageOptions {
    /// Executors of the class `always_on.llm.a6000` of each miner.
    pub executors: u32,
    /// Executors of the trusted miner.
    pub trusted_executors: u32,
    /// Vices of the trusted miner, as `NAME[:ARG]`.
    pub trusted_vices: Vec<String>,
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

/// The S3 service of a network, without buckets.
#[derive(Clone, Deserialize)]
pub struct S3Service {
    /// URL of everything that it serves.
    pub endpoint: String,
    /// Region of its buckets.
    pub region: String,
    /// Id of the key that may do everything.
    pub access_key_id: String,
    /// The secret of that key, which opens nothing but this service.
    pub secret_access_key: String,
}

impl fmt::Debug for S3Service {
    /// All but the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Service")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
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
    /// Its trusted miner, if it has one.
    pub trusted: Option<Miner>,
    /// Its S3 service, if it has one.
    pub s3: Option<S3Service>,
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
    /// It was started without jobs of language models.
    #[error(
        "the network has no S3 service and no trusted miner; start it with jobs of language models"
    )]
    NoLanguage,
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
    trusted: Option<Miner>,
    s3: Option<S3Service>,
}

impl FacilitatorUrls {
    /// `IP:PORT` of everything that it serves.
    #[must_use]
    pub fn address(&self) -> &str {
        let rest = self.socket.trim_start_matches("ws://");
        rest.split_once('/').map_or(rest, |(address, _)| address)
    }
}

impl S3Service {
    /// `IP:PORT` of everything that it serves.
    #[must_use]
    pub fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://")
    }
}

impl LanguageOptions {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut add = |name: &str, value: &str| {
            arguments.extend([name.to_owned(), value.to_owned()]);
        };
        add("--llm-executors", &self.executors.to_string());
        add("--trusted-port", "0");
        add("--trusted-executors", &self.trusted_executors.to_string());
        for vice in &self.trusted_vices {
            add("--trusted-vice", vice);
        }
        add("--s3-port", "0");
        arguments
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
        if let Some(language) = &options.language {
            command.args(language.arguments());
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
            trusted: ready.trusted,
            s3: ready.s3,
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

    /// The S3 service and the trusted miner; an error if the network has none.
    ///
    /// # Errors
    ///
    /// See [`MinersError::NoLanguage`].
    pub fn language(&self) -> Result<(&S3Service, &Miner), MinersError> {
        let both = self.s3.as_ref().zip(self.trusted.as_ref());
        both.ok_or(MinersError::NoLanguage)
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
