//! Starts everything as an operator does: network, `.env`, buckets, config, host.

use std::fs;
use std::path::Path;
use std::process::Command;

use horde_system_tests::{
    Artifacts, ChainOptions, EXTENSIONS, LANGUAGE_EXTENSIONS, LanguageOptions, Miners,
    MinersOptions, Site, validator_options, write_hotkey,
};
use serde_json::{Value, json};
use tig_process::whole_file;
use tig_system_tests::{Process, get, peak_memory_bytes, post};

use super::config::{INTERVAL_BLOCKS, adapt};
use super::miner::{MINERS, VICES};
use crate::{Result, output};

/// Executors of each class of a miner, and of the trusted miner.
const EXECUTORS: u32 = 1;
/// Milliseconds from one block to the next: a twentieth of the main network's 12 s.
const BLOCK_MS: u64 = 600;
/// Newest block at the start. The validator's slot is 120 blocks later, at a place that the network's hashes decide; that is time for
/// the pool to fill, of which the rest is skipped.
const FIRST_BLOCK: u32 = 11_359;
/// The trusted miner has no language model and answers in milliseconds; a real one takes minutes. Like this the pool can be watched.
const TRUSTED_VICE: &str = "slow-result:1200";
/// Other validators of the subnet.
const VALIDATORS: usize = 23;
/// The buckets, and their region.
pub(super) const BUCKETS: [&str; 2] = ["demo-prompts", "demo-answers"];
const REGION: &str = "eu-central-1";
/// Folder of hotkeys in a folder of wallets, with the wallet's name.
const HOTKEYS: &str = "wallets/validator/hotkeys";
/// `.env` gets a secret.
const ENV_MODE: u32 = 0o600;
/// How weights go to the chain.
const MODE: &str = "commit_reveal";

/// Everything that runs.
pub(super) struct Stage {
    /// Ends first, so that its log does not fill with what it misses then.
    host: Process,
    /// `IP:PORT` of the host.
    pub(super) host_address: String,
    pub(super) miners: Miners,
    pub(super) site: Site,
}

impl Stage {
    /// Starts all of it in `folder`, and shows what the commands for the buckets say.
    pub(super) fn start(folder: &Path, artifacts: Artifacts) -> Result<Self> {
        let network = network();
        let miners = Miners::start(&artifacts, folder, &network)?;
        shorten_intervals(&miners)?;
        let extensions = EXTENSIONS.into_iter().chain(LANGUAGE_EXTENSIONS);
        let site = Site::with_extensions(folder, artifacts, extensions)?;
        write_env(folder, &miners)?;
        provision(&site, &miners)?;
        run(compute_horde(&site, &["check-s3"]))?;
        write_config(&site, &miners)?;
        let mut host = site.start_host()?;
        let host_address = host.address()?;
        Ok(Self {
            site,
            miners,
            host_address,
            host,
        })
    }

    /// Hotkeys of the miners, in their order.
    pub(super) fn hotkeys(&self) -> Vec<String> {
        let miners = self.miners.miners.iter();
        miners.map(|miner| miner.hotkey.clone()).collect()
    }

    /// Starts the host again if it has ended; whether it had.
    pub(super) fn revive_host(&mut self) -> Result<bool> {
        let Err(ended) = self.host.check_running() else {
            return Ok(false);
        };
        output::progress(&format!("{ended}\nstarting tig-host again"));
        self.host = self.site.start_host()?;
        self.host_address = self.host.address()?;
        Ok(true)
    }

    /// An error if a program has ended.
    pub(super) fn check_running(&mut self) -> Result<()> {
        self.miners.process.check_running()?;
        Ok(self.host.check_running()?)
    }

    /// The most memory that network, host and this program have had, in MB, as far as the system says it.
    pub(super) fn memory_mb(&self) -> Option<f64> {
        let processes = [self.miners.process.id(), self.host.id(), std::process::id()];
        let bytes = processes.into_iter().map(peak_memory_bytes);
        let bytes: u64 = bytes.sum::<Option<u64>>()?;
        Some(bytes as f64 / 1e6)
    }
}

fn network() -> MinersOptions {
    let vices = VICES.iter().enumerate();
    MinersOptions {
        miners: MINERS,
        executors: EXECUTORS,
        instant: false,
        vices: vices
            .map(|(index, vice)| format!("{index}={}", vice.argument))
            .collect(),
        chain: Some(chain()),
        language: Some(LanguageOptions {
            executors: EXECUTORS,
            trusted_executors: EXECUTORS,
            trusted_vices: vec![TRUSTED_VICE.to_owned()],
        }),
    }
}

fn chain() -> ChainOptions {
    ChainOptions {
        block_ms: BLOCK_MS,
        first_block: FIRST_BLOCK,
        validators: VALIDATORS,
        is_commit_reveal: true,
    }
}

/// Has the chain make short intervals of commit and reveal: weights of the main network wait for hours.
fn shorten_intervals(miners: &Miners) -> Result<()> {
    let chain: Value = get(&miners.control, "/chain")?.json()?;
    let mut rules = chain["rules"].clone();
    rules["commit_reveal_weights_interval"] = json!(INTERVAL_BLOCKS);
    control(&miners.control, "/chain/rules", &rules)
}

/// Orders something of a service of the network.
pub(super) fn control(address: &str, path: &str, body: &Value) -> Result<()> {
    let answer = post(address, path, body.to_string().as_bytes())?;
    match answer.status {
        200..300 => Ok(()),
        status => {
            let text = answer.body.trim();
            Err(format!("{path} is answered with status {status}: {text}").into())
        }
    }
}

/// Writes `.env` as an operator does, without a key for the buckets.
fn write_env(folder: &Path, miners: &Miners) -> Result<()> {
    let hotkeys = folder.join(HOTKEYS);
    fs::create_dir_all(&hotkeys)?;
    write_hotkey(&hotkeys)?;
    let (s3, trusted) = miners.language()?;
    let (host, port) = trusted.address.rsplit_once(':').unwrap_or_default();
    let facilitator = miners.facilitator.as_ref();
    let socket = facilitator.map_or("", |urls| &urls.socket);
    let text = format!(
        "BITTENSOR_WALLET_DIRECTORY=wallets\n\
         BITTENSOR_WALLET_NAME=validator\n\
         BITTENSOR_WALLET_HOTKEY_NAME=hotkey\n\
         BITTENSOR_NETUID=12\n\
         PYLON_URL=http://{}\n\
         FACILITATOR_URI={socket}\n\
         STATS_COLLECTOR_URL=\n\
         TRUSTED_MINER_ADDRESS={host}\n\
         TRUSTED_MINER_PORT={port}\n\
         TRUSTED_MINER_KEY={}\n\
         AWS_ENDPOINT_URL={}\n",
        miners.chain.as_deref().unwrap_or_default(),
        trusted.hotkey,
        s3.endpoint,
    );
    Ok(whole_file::write(
        &folder.join(".env"),
        text.as_bytes(),
        ENV_MODE,
    )?)
}

/// Makes the buckets, and a user whose key goes into `.env`.
fn provision(site: &Site, miners: &Miners) -> Result<()> {
    let (s3, _) = miners.language()?;
    let [prompts, answers] = BUCKETS;
    let mut command = compute_horde(
        site,
        &[
            "provision-s3",
            prompts,
            answers,
            "--region",
            REGION,
            "--create-user",
        ],
    );
    // The key of whoever may do everything is not for the validator.
    command
        .env("AWS_ENDPOINT_URL_IAM", &s3.endpoint)
        .env("AWS_ACCESS_KEY_ID", &s3.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &s3.secret_access_key);
    run(command)
}

/// Writes the config for `.env`, with what a fast network needs.
fn write_config(site: &Site, miners: &Miners) -> Result<()> {
    let path = site.config_file();
    let arguments = ["config", "--allow-private", "--output", "config.json"];
    run(compute_horde(site, &arguments))?;
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let fast = validator_options(miners, &chain(), MODE).config(Path::new("plugins"));
    adapt(&mut config, &fast);
    Ok(fs::write(&path, format!("{config:#}\n"))?)
}

/// `compute-horde` with these arguments in the folder of the site.
fn compute_horde(site: &Site, arguments: &[&str]) -> Command {
    let mut command = Command::new(site.artifacts().program("compute-horde"));
    command
        .args(arguments)
        .current_dir(site.folder())
        // Keys and regions of whoever tries the demo are not meant.
        .env_clear();
    command
}

/// Runs a command to its end, and shows what it says.
fn run(mut command: Command) -> Result<()> {
    let ended = command.output()?;
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    let words = words.join(" ");
    output::progress(&format!("$ compute-horde {words}"));
    for text in [&ended.stdout, &ended.stderr] {
        let text = String::from_utf8_lossy(text);
        text.lines().for_each(output::progress);
    }
    match ended.status.success() {
        true => Ok(()),
        false => Err(format!("compute-horde {words}: {}", ended.status).into()),
    }
}
