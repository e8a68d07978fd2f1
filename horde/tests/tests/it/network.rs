//! A whole validator on a chain whose blocks are made by hand.

use std::time::Duration;

use horde_system_tests::{
    Artifacts, ChainOptions, HOTKEY, HostOptions, Miners, MinersOptions, Site, validator_options,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::{Process, get, post, wait_for};

/// Longest time for anything that the validator does by itself.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(40);
/// First block of a cycle of subnet 12.
pub(crate) const CYCLE: u32 = 10_094;
/// First block of the next one.
pub(crate) const NEXT_CYCLE: u32 = CYCLE + 722;
/// The validator's slot in the cycle if there is no other validator.
pub(crate) const SLOT: u32 = CYCLE + 24;
/// First block after the cycle at which weights are committed to.
pub(crate) const COMMIT_START: u32 = 15 * 722 + 361;
/// First block at which that commitment can be revealed.
pub(crate) const REVEAL_START: u32 = 16 * 722;
/// Blocks that are made while something is waited for, at most: windows are longer.
const BLOCKS_COUNT_MAX: u32 = 300;
/// Time between two of them.
const BLOCK_INTERVAL: Duration = Duration::from_millis(25);
/// Longest time of an attempt to send or reveal weights, with its two commits: a script waits for it, and makes fewer than
/// [`BLOCKS_COUNT_MAX`] blocks meanwhile.
const ATTEMPT_SECONDS: u64 = 5;

/// A network, and a host with all extensions.
pub(crate) struct Validator {
    pub(crate) site: Site,
    pub(crate) miners: Miners,
    pub(crate) host: Process,
    address: String,
    /// The first one has the logs of the network, too.
    folders: Vec<TempDir>,
}

/// A chain that begins shortly before [`CYCLE`].
pub(crate) fn chain(mode: &str) -> ChainOptions {
    ChainOptions {
        block_ms: 0,
        first_block: CYCLE - 10,
        validators: 0,
        is_commit_reveal: mode == "commit_reveal",
    }
}

/// So many miners with two executors each, on this chain.
pub(crate) fn network(count: usize, vices: &[&str], chain: ChainOptions) -> MinersOptions {
    MinersOptions {
        chain: Some(chain),
        ..crate::support::miners(count, vices)
    }
}

/// Options of a host with all extensions that sets weights in this mode, and whose batches have echo jobs.
pub(crate) fn host_options(miners: &Miners, mode: &str) -> HostOptions {
    // Times for people are of a chain with such blocks.
    let chain = ChainOptions {
        block_ms: 100,
        ..chain(mode)
    };
    let mut options = validator_options(miners, &chain, mode);
    options.kinds = HostOptions::echo().kinds;
    section(&mut options, "horde_weights")["send_timeout_ms"] = json!(ATTEMPT_SECONDS * 1_000);
    // The key of the section that is for reveals counts only until dynamic config is there.
    for (key, seconds) in [
        ("DYNAMIC_WEIGHT_REVEALING_TTL", ATTEMPT_SECONDS),
        ("DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF", 1),
    ] {
        section(&mut options, "horde_report")["inline"][key] =
            json!({ "description": "", "items": [{ "value": seconds }] });
    }
    options
}

/// The section of an extension that is not of batches.
pub(crate) fn section<'a>(options: &'a mut HostOptions, extension: &str) -> &'a mut Value {
    options.more.get_mut(extension).unwrap()
}

impl Validator {
    /// A validator with two honest miners.
    pub(crate) fn start(mode: &str) -> Self {
        Self::start_with(mode, &network(2, &[], chain(mode)), |_| {})
    }

    /// A validator on this network, whose options `edit` changes.
    pub(crate) fn start_with(
        mode: &str,
        network: &MinersOptions,
        edit: impl FnOnce(&mut HostOptions),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::of_running_test().unwrap();
        let miners = Miners::start(&artifacts, folder.path(), network).unwrap();
        let mut options = host_options(&miners, mode);
        edit(&mut options);
        let site = Site::prepare(folder.path(), artifacts, &options).unwrap();
        let mut host = site.start_host().unwrap();
        let validator = Self {
            address: host.address().unwrap(),
            site,
            miners,
            host,
            folders: vec![folder],
        };
        validator.wait_for_block();
        validator
    }

    /// Kills the host as `kill -9` does, and starts it again.
    pub(crate) fn kill(&mut self) {
        self.host.kill();
        self.host = self.site.start_host().unwrap();
        self.address = self.host.address().unwrap();
    }

    /// Moves the validator as to another machine: stopped in this folder, and started with its files in another one.
    pub(crate) fn move_away(&mut self) {
        self.host.stop();
        let folder = tempfile::tempdir().unwrap();
        self.site = self.site.moved(folder.path()).unwrap();
        self.folders.push(folder);
        self.host = self.site.start_host().unwrap();
        self.address = self.host.address().unwrap();
        self.wait_for_block();
    }

    /// `IP:PORT` of the host.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the host answers to `GET`.
    pub(crate) fn ask(&self, path: &str) -> Value {
        get(&self.address, path).unwrap().json().unwrap()
    }

    /// Waits until `look` finds what it looks for; no block is made meanwhile.
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let found = wait_for(what, WAIT_MAX, || look(self));
        found.unwrap_or_else(|error| panic!("{error}\n{}", self.host.log_tail(30)))
    }

    /// Makes blocks up to this one, and waits until the host has seen it.
    pub(crate) fn go_to(&self, block: u32) {
        let newest = self.newest_block();
        assert!(block >= newest, "block {newest} is made already");
        if block > newest {
            self.make_blocks(block - newest);
        }
        self.wait_for_block();
    }

    /// Makes so many blocks.
    pub(crate) fn make_blocks(&self, count: u32) {
        self.control("/chain/advance", &json!({ "blocks": count }));
    }

    /// Makes one block after another until `look` finds what it looks for.
    pub(crate) fn blocks_until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> T {
        for _ in 0..BLOCKS_COUNT_MAX {
            if let Some(found) = look(self) {
                return found;
            }
            std::thread::sleep(BLOCK_INTERVAL);
            self.go_to(self.newest_block() + 1);
        }
        panic!(
            "{BLOCKS_COUNT_MAX} blocks have not brought {what}\n{}",
            self.host.log_tail(30)
        );
    }

    /// Has the batch of [`CYCLE`] run, up to the end of the cycle; its weights may be sent then.
    pub(crate) fn run_batch(&self) -> Value {
        self.run_batch_with(|_| {})
    }

    /// [`run_batch`](Self::run_batch), with something that is done before weights may be sent.
    pub(crate) fn run_batch_with(&self, before_weights: impl FnOnce(&Self)) -> Value {
        let batch = self.run_batch_of(CYCLE);
        before_weights(self);
        self.go_to(NEXT_CYCLE);
        batch
    }

    /// Has the batch of the cycle that begins at this block run and scored.
    pub(crate) fn run_batch_of(&self, cycle: u32) -> Value {
        let slot = cycle + SLOT - CYCLE;
        self.go_to(slot - 5);
        self.wait_for_slot(slot);
        self.go_to(slot);
        self.wait("the scores", |it| {
            (it.weights_of(cycle)["state"] == "scored").then_some(())
        });
        self.ask("/horde/batch")["last"].clone()
    }

    /// What is known of the weights of [`CYCLE`].
    pub(crate) fn weights(&self) -> Value {
        self.weights_of(CYCLE)
    }

    /// What is known of the weights of the cycle that begins at this block.
    pub(crate) fn weights_of(&self, cycle: u32) -> Value {
        let weights = self.ask("/horde/weights");
        let mut cycles = weights["cycles"].as_array().unwrap().iter();
        let found = cycles.find(|it| it["cycle_start"] == cycle);
        found.cloned().unwrap_or_default()
    }

    /// What was asked of the chain for this validator.
    pub(crate) fn asked(&self, kind: &str) -> Vec<Value> {
        let journal = get(&self.miners.control, "/chain/journal").unwrap();
        let journal: Value = journal.json().unwrap();
        let entries = journal.as_array().unwrap().iter();
        let ours = entries.filter(|it| it["hotkey"] == HOTKEY && it["kind"] == kind);
        ours.cloned().collect()
    }

    /// How attempts to set, commit to and reveal weights have ended, the oldest first, since the first start of the host. Of an
    /// attempt whose end was logged and not stored when the host was killed, the end that was logged first.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let (mut outcomes, mut is_open) = (Vec::new(), false);
        for line in self.host.log().lines() {
            if line.contains("attempt begins") {
                is_open = true;
            } else if line.contains("attempt is over") && std::mem::take(&mut is_open) {
                let (_, rest) = line.split_once(" attempt: ").unwrap();
                outcomes.push(rest.split([':', '"']).next().unwrap().to_owned());
            }
        }
        outcomes
    }

    /// What of that is in a block.
    pub(crate) fn included(&self, kind: &str) -> Vec<Value> {
        let mut asked = self.asked(kind);
        asked.retain(|it| it["outcome"] == "included");
        asked
    }

    /// Gives the chain these faults in place of those that it has.
    pub(crate) fn set_chain_faults(&self, faults: &[&str]) {
        self.control("/chain/fault", &json!({ "faults": faults }));
    }

    /// Waits until it is known that the validator's slot is at this block.
    pub(crate) fn wait_for_slot(&self, slot: u32) {
        self.wait("the slot", |it| {
            (it.ask("/horde/schedule")["slot"]["block"] == slot).then_some(())
        });
    }

    /// Makes blocks until the weights of [`CYCLE`] are committed to for good.
    pub(crate) fn wait_for_commitment(&self) {
        self.blocks_until("the commitment", |it| {
            (it.weights()["state"] == "committed").then_some(())
        });
    }

    /// Makes blocks until the weights of [`CYCLE`] are over; how they ended.
    pub(crate) fn wait_for_end(&self) -> Value {
        self.wait_for_end_of(CYCLE)
    }

    /// Makes blocks until the weights of the cycle that begins at this block are over; how they ended.
    pub(crate) fn wait_for_end_of(&self, cycle: u32) -> Value {
        self.blocks_until("the end of the weights", |it| {
            it.weights_of(cycle).get("end").cloned()
        })
    }

    /// The host's metrics.
    pub(crate) fn metrics(&self) -> String {
        get(&self.address, "/metrics").unwrap().body
    }

    /// The faults of the chain that have not come yet.
    pub(crate) fn chain_faults(&self) -> Vec<Value> {
        self.chain()["faults"].as_array().unwrap().clone()
    }

    /// The newest block of the chain.
    pub(crate) fn newest_block(&self) -> u32 {
        let number = self.chain()["block"]["number"].as_u64().unwrap();
        u32::try_from(number).unwrap()
    }

    fn chain(&self) -> Value {
        let answer = get(&self.miners.control, "/chain").unwrap();
        answer.json().unwrap()
    }

    fn control(&self, path: &str, body: &Value) {
        let answer = post(&self.miners.control, path, body.to_string().as_bytes()).unwrap();
        assert!(answer.status < 300, "{}", answer.body);
    }

    fn wait_for_block(&self) {
        let newest = self.newest_block();
        self.wait("the block", |it| {
            let seen = it.ask("/horde/weights")["block"].as_u64();
            (seen == Some(newest.into())).then_some(())
        });
    }
}
