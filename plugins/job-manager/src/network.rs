//! What the blocks have said: VM limits, download URLs, names of challenges, and when a precommit expires.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use tig_events::{BlockHead, Lenient, LifespanWindow};
use tig_plugin_api::Severity;
use tig_protocol::api::{Benchmark, Precommit};
use tig_protocol::{BenchmarkSettings, WasmVmConfig};

use crate::config::{ChallengeConfig, Config};
use crate::record::{JobRecord, Terms};

/// Blocks whose VM limits are remembered: those that the settings of a live precommit can name.
const RECENT_BLOCKS_MAX: usize = 120;

/// What is read of `new_block`.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    pub(crate) block: BlockHead,
    #[serde(default)]
    wasms: BTreeMap<String, Wasm>,
    #[serde(default)]
    challenges: BTreeMap<String, Challenge>,
    #[serde(default)]
    pub(crate) precommits: BTreeMap<String, Precommit>,
    #[serde(default)]
    pub(crate) benchmarks: BTreeMap<String, Benchmark>,
    #[serde(default)]
    pub(crate) proofs: BTreeMap<String, Lenient<Proof>>,
}

/// What is read of a proof.
#[derive(Deserialize)]
pub(crate) struct Proof {
    #[serde(default)]
    state: Option<ProofState>,
}

#[derive(Deserialize)]
struct ProofState {
    block_confirmed: Option<u32>,
}

impl Proof {
    /// Height of the block that has confirmed it.
    pub(crate) fn height(&self) -> Option<u32> {
        self.state.as_ref()?.block_confirmed
    }
}

/// What is read of a module's record; there are hundreds of them in each block.
#[derive(Deserialize)]
struct Wasm {
    details: WasmDetails,
}

#[derive(Deserialize)]
struct WasmDetails {
    compile_success: bool,
    download_url: Option<String>,
}

/// What is read of a challenge.
#[derive(Deserialize)]
struct Challenge {
    details: ChallengeDetails,
}

#[derive(Deserialize)]
struct ChallengeDetails {
    name: String,
}

/// The newest block as far as jobs depend on it, and the VM limits of the blocks before.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Network {
    #[serde(flatten)]
    pub(crate) window: LifespanWindow,
    /// Stored, because results that come in before the first block after a restart are judged by the config of their challenge.
    #[serde(default)]
    challenge_names: BTreeMap<String, String>,
    /// Of the algorithms that have a module. Not stored: each block has it.
    #[serde(skip)]
    download_urls: BTreeMap<String, String>,
    /// Block ids with their limits, the newest last.
    wasm_vm_configs: VecDeque<(String, WasmVmConfig)>,
}

impl Network {
    /// This network as of `event`.
    pub(crate) fn at(&self, event: &NewBlock) -> Self {
        let block = &event.block;
        let mut wasm_vm_configs = self.wasm_vm_configs.clone();
        if let Some(config) = block.wasm_vm_config {
            wasm_vm_configs.retain(|(id, _)| *id != block.id);
            wasm_vm_configs.push_back((block.id.clone(), config));
        }
        while wasm_vm_configs.len() > RECENT_BLOCKS_MAX {
            wasm_vm_configs.pop_front();
        }
        let name =
            |(id, challenge): (&String, &Challenge)| (id.clone(), challenge.details.name.clone());
        let url = |(id, wasm): (&String, &Wasm)| {
            let url = wasm.details.download_url.clone()?;
            wasm.details.compile_success.then(|| (id.clone(), url))
        };
        Self {
            window: self.window.moved_to(block.window),
            challenge_names: event.challenges.iter().map(name).collect(),
            download_urls: event.wasms.iter().filter_map(url).collect(),
            wasm_vm_configs,
        }
    }

    /// Whether what is missing of a job's benchmark and proof would be confirmed too late for the proof to count.
    pub(crate) fn is_too_late(&self, record: &JobRecord) -> bool {
        let started = record.block_started;
        match record.sampled_nonces {
            Some(_) => self.window.is_too_late(started),
            None => self.window.is_too_late_to_benchmark(started),
        }
    }

    /// Name of a challenge, or its id if no block has listed it.
    pub(crate) fn challenge_name<'a>(&'a self, challenge_id: &'a str) -> &'a str {
        let name = self.challenge_names.get(challenge_id);
        name.map_or(challenge_id, String::as_str)
    }

    /// The config of a challenge, if it has one.
    pub(crate) fn challenge_config<'a>(
        &self,
        config: &'a Config,
        challenge_id: &str,
    ) -> Option<&'a ChallengeConfig> {
        config.get(self.challenge_names.get(challenge_id)?)
    }

    /// The terms of a new job.
    ///
    /// # Errors
    ///
    /// What is missing, for the operator.
    pub(crate) fn terms(
        &self,
        config: &Config,
        settings: &BenchmarkSettings,
    ) -> Result<Terms, Missing> {
        let challenge_id = &settings.challenge_id;
        let name = self
            .challenge_names
            .get(challenge_id)
            .ok_or_else(|| Missing::Challenge(challenge_id.clone()))?;
        let challenge = config
            .get(name)
            .ok_or_else(|| Missing::Config(name.clone()))?;
        let algorithm_id = &settings.algorithm_id;
        let download_url = self
            .download_urls
            .get(algorithm_id)
            .cloned()
            .ok_or_else(|| Missing::Wasm(algorithm_id.clone()))?;
        Ok(Terms {
            batch_size: challenge.batch_size.get(),
            retry_delay_ms: challenge.ms_delay_between_batch_retries,
            wasm_vm_config: self
                .wasm_vm_config(&settings.block_id)
                .ok_or(Missing::WasmVm)?,
            download_url,
        })
    }

    /// The limits of the block that the settings name decide what a verifier computes; the newest are the best guess if
    /// that block was never seen.
    fn wasm_vm_config(&self, block_id: &str) -> Option<WasmVmConfig> {
        let named = self.wasm_vm_configs.iter().find(|(id, _)| id == block_id);
        let (_, config) = named.or(self.wasm_vm_configs.back())?;
        Some(*config)
    }
}

/// Why a job must wait.
#[derive(Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub(crate) enum Missing {
    #[error("no block has listed challenge {0} yet")]
    Challenge(String),
    #[error(
        "config.job_manager has no section `{0}`: add batch_size and ms_delay_between_batch_retries"
    )]
    Config(String),
    #[error("algorithm {0} has no compiled module")]
    Wasm(String),
    #[error("no block has shown the limits of the VM yet")]
    WasmVm,
}

impl Missing {
    /// The challenge or algorithm, or empty.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::Challenge(name) | Self::Config(name) | Self::Wasm(name) => name,
            Self::WasmVm => "wasm_vm",
        }
    }

    /// The next block brings some of it.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::Challenge(_) | Self::WasmVm => Severity::Info,
            Self::Config(_) | Self::Wasm(_) => Severity::Warning,
        }
    }

    /// What to do about it; empty if there is nothing to do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Challenge(_) | Self::WasmVm => "",
            Self::Config(_) => "add a section for the challenge to config.job_manager",
            Self::Wasm(_) => {
                "configure another algorithm: the job goes on when the network has compiled this one"
            }
        }
    }
}
