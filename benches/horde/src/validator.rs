//! The whole validator on a subnet: a host with all extensions, and miners, chain and facilitator in another process.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use horde_system_tests::{
    Artifacts, Call, ChainOptions, HostOptions, Miners, MinersOptions, Site, validator_options,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::{Result, target_folder};
use tig_system_tests::{Process, get, post};

/// Number of miners of a whole subnet.
pub(crate) const MINERS: usize = 256;
/// Other validators of the subnet.
const VALIDATORS: usize = 23;
/// First block of the first whole cycle of subnet 12.
pub(crate) const FIRST_CYCLE: u32 = 10_094;
/// Blocks before it at which the chain starts.
pub(crate) const LEAD_BLOCKS: u32 = 40;
/// Time for anything that is waited for.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// Time for receipts that go out after the end of their batch.
pub(crate) const RECEIPTS_TIME: Duration = Duration::from_secs(1);

/// What differs from network to network.
pub(crate) struct Network {
    pub(crate) miners: usize,
    /// Executors of each miner.
    pub(crate) executors: u32,
    /// Milliseconds from one block to the next; 0 if they are made by hand.
    pub(crate) block_ms: u64,
}

/// A running validator and all that is around it.
pub(crate) struct Validator {
    pub(crate) host: Process,
    /// `IP:PORT` of the host.
    pub(crate) address: String,
    pub(crate) network: Miners,
    pub(crate) site: Site,
    _folder: TempDir,
}

impl Validator {
    /// Starts miners that answer at once, a chain, a facilitator, and a host with the options that `change` has changed.
    pub(crate) fn start(network: &Network, change: impl FnOnce(&mut HostOptions)) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let artifacts = Artifacts::in_folder(&target_folder()?.join("release"))?;
        let chain = ChainOptions {
            block_ms: network.block_ms,
            first_block: FIRST_CYCLE - LEAD_BLOCKS,
            validators: VALIDATORS,
            is_commit_reveal: false,
        };
        let network = MinersOptions {
            miners: network.miners,
            executors: network.executors,
            instant: true,
            vices: Vec::new(),
            chain: Some(chain.clone()),
            language: None,
        };
        let network = Miners::start(&artifacts, folder.path(), &network)?;
        let mut options = validator_options(&network, &chain, "pylon");
        options.kinds = json!({ "spin_up-4min.gpu-24gb": "horde_job_echo" });
        change(&mut options);
        let site = Site::prepare(folder.path(), artifacts, &options)?;
        let mut host = site.start_host()?;
        Ok(Self {
            address: host.address()?,
            host,
            network,
            site,
            _folder: folder,
        })
    }

    /// The answer of the host's route `path`.
    pub(crate) fn ask(&self, path: &str) -> Result<Value> {
        Ok(get(&self.address, path)?.json()?)
    }

    /// Waits until the answer of the route is as `is_there` wants it, with `pause` between two looks.
    pub(crate) fn wait_for(
        &self,
        path: &str,
        pause: Duration,
        mut is_there: impl FnMut(&Value) -> bool,
    ) -> Result<Value> {
        let begin = Instant::now();
        while begin.elapsed() < WAIT_MAX {
            let answer = self.ask(path)?;
            if is_there(&answer) {
                return Ok(answer);
            }
            thread::sleep(pause);
        }
        let answer: String = self.ask(path)?.to_string().chars().take(500).collect();
        let log = self.host.log_tail(3);
        Err(format!("{path} is not as it should be after {WAIT_MAX:?}: {answer}\n{log}").into())
    }

    /// Waits until the receipts of all miners were asked for: of the first round hours of them.
    pub(crate) fn wait_for_receipts(&self) -> Result<()> {
        let pause = Duration::from_millis(500);
        self.wait_for("/horde/receipts", pause, |receipts| {
            let miners = receipts["miners"].as_array();
            let is_over = receipts["requests"] == 0;
            let mut miners = miners.into_iter().flatten().peekable();
            is_over && miners.peek().is_some() && miners.all(|it| it["done_through"].is_number())
        })?;
        Ok(())
    }

    /// Runs a batch, and waits until its last receipts have gone out.
    pub(crate) fn run_batch(&self) -> Result<()> {
        let batch = self.network.arguments();
        run(&self.site, ("horde_batch", "run_batch"), &batch)?;
        thread::sleep(RECEIPTS_TIME);
        Ok(())
    }

    /// Makes blocks.
    pub(crate) fn advance(&self, blocks: u32) -> Result<()> {
        self.control("/chain/advance", &json!({ "blocks": blocks }))
    }

    /// Gives all miners these vices in place of those that they have.
    pub(crate) fn set_vices(&self, vices: &[&str]) -> Result<()> {
        self.control("/vice", &json!({ "vices": vices }))
    }

    fn control(&self, path: &str, body: &Value) -> Result<()> {
        let answer = post(&self.network.control, path, body.to_string().as_bytes())?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(format!("{path}: {status}: {}", answer.body.trim()).into()),
        }
    }
}

/// Runs a command of an extension, and returns its result.
pub(crate) fn run(site: &Site, command: (&str, &str), arguments: &Value) -> Result<Value> {
    let (code, value) = Call::start(site, command, arguments)?.finish(|_| {})?;
    match code {
        0 => Ok(value),
        code => Err(format!("{} has ended with {code}: {value}", command.1).into()),
    }
}

/// Sets keys of the section of an extension.
pub(crate) fn set(options: &mut HostOptions, extension: &'static str, keys: &Value) {
    let section = options.more.entry(extension).or_default();
    for (key, value) in keys.as_object().into_iter().flatten() {
        section[key] = value.clone();
    }
}

/// Microseconds since 1970.
pub(crate) fn unix_us() -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_micros())?)
}
