//! The chain: a state machine without I/O and clock.

use std::collections::BTreeMap;

use super::block::{Block, Blocks};
use super::change::{NeuronChange, NeuronChangeError};
use super::config::{ChainConfig, ChainConfigError, RulesError, SubnetRules};
use super::extrinsic::{EntryKind, Extrinsic, Refusal};
use super::journal::{Asked, Journal, JournalEntry, Outcome};
use super::keys::newcomer_hotkey;
use super::neuron::first_neurons;
use super::schedule::Job;
use super::state::{ChainReveal, State};
use crate::address::MinerAddress;

/// Extrinsics that wait for the next block.
const POOL_COUNT_MAX: usize = 1_000;
/// Changes of neurons that wait for the next block.
const CHANGES_COUNT_MAX: usize = 10_000;

/// What becomes of something that is asked of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// The rules decide.
    Usual,
    /// If the rules allow it, it looks included, and is not.
    Forget,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    hotkey: String,
    extrinsic: Extrinsic,
    handling: Handling,
}

/// A chain with one subnet. All that is asked of it takes place in the next block, which [`make_block`](Self::make_block) makes.
#[derive(Debug)]
pub struct Chain {
    seed: u64,
    netuid: u16,
    schedule_blocks: u32,
    blocks: Blocks,
    pool: Vec<Waiting>,
    changes: Vec<NeuronChange>,
    rules: Option<SubnetRules>,
    jobs: Vec<Job>,
    journal: Journal,
    newcomer_count: u64,
}

impl Chain {
    /// A chain whose neurons are the validators of `config`, then these miners. The same seed gives the same hotkeys and hashes.
    ///
    /// # Errors
    ///
    /// [`ChainConfigError`] if the config has a fault.
    pub fn new(
        config: &ChainConfig,
        seed: u64,
        miners: &[MinerAddress],
    ) -> Result<Self, ChainConfigError> {
        config.check()?;
        let neurons = first_neurons(config, seed, miners, 0);
        let state = State::new(neurons, config.rules, config.netuid);
        Ok(Self {
            seed,
            netuid: config.netuid,
            schedule_blocks: config.schedule_blocks.max(1),
            blocks: Blocks::new(seed, config.first_block, &state),
            pool: Vec::new(),
            changes: Vec::new(),
            rules: None,
            jobs: Vec::new(),
            journal: Journal::default(),
            newcomer_count: 0,
        })
    }

    /// The newest block.
    pub fn newest(&self) -> &Block {
        self.blocks.newest()
    }

    /// A block, if there is one with this number and it is kept.
    pub fn block(&self, number: u32) -> Option<&Block> {
        self.blocks.find(number)
    }

    /// The rules of the subnet at the newest block.
    pub fn rules(&self) -> SubnetRules {
        self.newest().state.rules
    }

    /// Everything that was asked for, the oldest first.
    pub fn journal(&self) -> impl DoubleEndedIterator<Item = &JournalEntry> {
        self.journal.iter()
    }

    /// What came of an entry of the journal; `None` if it is not kept.
    pub fn outcome(&self, number: u64) -> Option<Outcome> {
        self.journal.outcome(number)
    }

    /// How many requests to set weights by hotkey wait for their block.
    pub fn scheduled_count(&self) -> usize {
        self.jobs.len()
    }

    /// Makes the next block. Changes of rules and neurons come first, then the chain's own reveals, then what hotkeys ask for.
    pub fn make_block(&mut self) {
        let newest = self.newest();
        let block = newest.head.number.saturating_add(1);
        let mut state = newest.state.clone();
        if let Some(rules) = self.rules.take() {
            state.rules = rules;
        }
        for change in self.changes.drain(..) {
            state.change(&change, block);
        }
        for reveal in state.begin_block(block) {
            self.note_chain_reveal(&reveal, block);
        }
        for waiting in std::mem::take(&mut self.pool) {
            self.include(&mut state, &waiting, block);
        }
        for job in std::mem::take(&mut self.jobs) {
            self.attempt(&mut state, job, block);
        }
        self.blocks.push(state);
    }

    /// Takes back the newest blocks, as far as they are kept, with all that was in them; what waits for the next block goes on
    /// waiting. Blocks that are made then have other hashes. Returns how many.
    pub fn take_back(&mut self, count: u32) -> u32 {
        let taken = self.blocks.take_back(count);
        let newest = self.newest().head.number;
        self.journal.take_back(newest);
        taken
    }

    /// Orders a change of the neurons.
    ///
    /// # Errors
    ///
    /// [`NeuronChangeError`] if the change is impossible, or too many wait for the next block.
    pub fn change_neurons(&mut self, mut change: NeuronChange) -> Result<(), NeuronChangeError> {
        if self.changes.len() >= CHANGES_COUNT_MAX {
            return Err(NeuronChangeError::TooMany);
        }
        if change.wants_newcomer() {
            change.name_newcomer(newcomer_hotkey(self.seed, self.newcomer_count));
        }
        let newest = self.newest();
        let block = newest.head.number.saturating_add(1);
        let mut neurons = newest.neurons().to_vec();
        for earlier in &self.changes {
            // It was checked; blocks that were taken back may have made it impossible.
            let _ = earlier.apply(&mut neurons, block);
        }
        change.apply(&mut neurons, block)?;
        self.newcomer_count += 1;
        self.changes.push(change);
        Ok(())
    }

    /// Orders other rules.
    ///
    /// # Errors
    ///
    /// [`RulesError`] if they cannot be followed.
    pub fn set_rules(&mut self, rules: SubnetRules) -> Result<(), RulesError> {
        rules.check()?;
        self.rules = Some(rules);
        Ok(())
    }

    /// Puts what a hotkey asks for into the next block. Returns the number of its entry in the journal. `fault` is noted there.
    ///
    /// # Errors
    ///
    /// [`Refusal::ExhaustsResources`] if too much waits.
    pub fn submit(
        &mut self,
        hotkey: &str,
        extrinsic: Extrinsic,
        handling: Handling,
        fault: Option<String>,
    ) -> Result<u64, Refusal> {
        if self.pool.len() >= POOL_COUNT_MAX {
            return Err(Refusal::ExhaustsResources);
        }
        let asked = Asked::extrinsic(hotkey, &extrinsic, fault);
        let newest = self.newest().head.number;
        let number = self.journal.note(asked, newest, Outcome::Pending);
        self.pool.push(Waiting {
            number,
            hotkey: hotkey.to_owned(),
            extrinsic,
            handling,
        });
        Ok(number)
    }

    /// Sets weights by hotkey some blocks later; they replace those that still wait.
    pub fn schedule(
        &mut self,
        hotkey: &str,
        weights: BTreeMap<String, f64>,
        handling: Handling,
        fault: Option<String>,
    ) {
        let block = self.newest().head.number;
        let (replaced, others) = std::mem::take(&mut self.jobs)
            .into_iter()
            .partition::<Vec<Job>, _>(|job| job.hotkey == hotkey && handling == Handling::Usual);
        self.jobs = others;
        for job in replaced {
            self.journal
                .set_outcome(job.number, Outcome::GivenUp { block });
        }
        let outcome = match handling {
            Handling::Usual => Outcome::Pending,
            Handling::Forget => Outcome::Forgotten { block },
        };
        let number = self
            .journal
            .note(Asked::schedule(hotkey, fault), block, outcome);
        if handling == Handling::Usual {
            let due = block.saturating_add(self.schedule_blocks);
            self.jobs
                .push(Job::new(number, hotkey, weights, due, self.netuid));
        }
    }

    /// Notes what a fault has kept from the chain.
    pub(super) fn note_refused(&mut self, asked: Asked<'_>) {
        let block = self.newest().head.number;
        let refusal = Refusal::Ordered;
        self.journal
            .note(asked, block, Outcome::Refused { block, refusal });
    }

    fn include(&mut self, state: &mut State, waiting: &Waiting, block: u32) {
        let Waiting {
            number,
            hotkey,
            extrinsic,
            handling,
        } = waiting;
        let result = match handling {
            Handling::Usual => state.apply(hotkey, extrinsic, block),
            Handling::Forget => state.clone().apply(hotkey, extrinsic, block),
        };
        let outcome = match (result, handling) {
            (Err(refusal), _) => Outcome::Refused { block, refusal },
            (Ok(()), Handling::Usual) => Outcome::Included { block },
            (Ok(()), Handling::Forget) => Outcome::Forgotten { block },
        };
        self.journal.set_outcome(*number, outcome);
    }

    /// Tries to set weights by hotkey; keeps the job if the chain refuses.
    fn attempt(&mut self, state: &mut State, mut job: Job, block: u32) {
        if !job.is_due(block) {
            self.jobs.push(job);
            return;
        }
        let extrinsic = match job.extrinsic(state) {
            Ok(extrinsic) if !job.is_over(block) => extrinsic,
            _ => {
                self.journal
                    .set_outcome(job.number, Outcome::GivenUp { block });
                return;
            }
        };
        let result = state.apply(&job.hotkey, &extrinsic, block);
        let outcome = match result {
            Ok(()) => Outcome::Included { block },
            Err(refusal) => Outcome::Refused { block, refusal },
        };
        if result.is_ok() || job.refusal != result.err() {
            let asked = Asked::extrinsic(&job.hotkey, &extrinsic, None);
            let newest = block.saturating_sub(1);
            self.journal.note(asked, newest, outcome);
        }
        match result {
            Ok(()) => self.journal.set_outcome(job.number, outcome),
            Err(refusal) => {
                job.refusal = Some(refusal);
                self.jobs.push(job);
            }
        }
    }

    fn note_chain_reveal(&mut self, reveal: &ChainReveal, block: u32) {
        let asked = Asked {
            hotkey: &reveal.hotkey,
            kind: EntryKind::TimelockedReveal,
            commit_hash: None,
            weights: Some(&reveal.weights),
            fault: None,
        };
        let outcome = match reveal.result {
            Ok(()) => Outcome::Included { block },
            Err(refusal) => Outcome::Refused { block, refusal },
        };
        self.journal.note(asked, block, outcome);
    }
}
