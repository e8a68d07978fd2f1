//! The chain: a state machine without I/O and clock.

use std::collections::BTreeMap;

use super::block::{Block, Blocks};
use super::change::{NeuronChange, NeuronChangeError};
use super::config::{ChainConfig, ChainConfigError, RulesError, SubnetRules};
use super::extrinsic::{EntryKind, Extrinsic, Refusal};
use super::journal::{Asked, Journal, JournalEntry, Outcome};
use super::neuron::first_neurons;
use super::orders::NeuronOrders;
use super::pool::{Handling, Pool};
use super::schedule::{Job, Jobs};
use super::state::{ChainReveal, State};
use crate::address::MinerAddress;

/// A chain with one subnet. All that is asked of it takes place in the next block, which [`make_block`](Self::make_block) makes.
#[derive(Debug)]
pub struct Chain {
    seed: u64,
    netuid: u16,
    schedule_blocks: u32,
    blocks: Blocks,
    pool: Pool,
    orders: NeuronOrders,
    /// Rules that are ordered for the next block.
    rules: Option<SubnetRules>,
    jobs: Jobs,
    journal: Journal,
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
        let neurons = first_neurons(config, seed, miners);
        let state = State::new(neurons, config.rules, config.netuid);
        Ok(Self {
            seed,
            netuid: config.netuid,
            schedule_blocks: config.schedule_blocks.max(1),
            blocks: Blocks::new(seed, config.first_block, &state),
            pool: Pool::default(),
            orders: NeuronOrders::default(),
            rules: None,
            jobs: Jobs::default(),
            journal: Journal::default(),
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
        self.jobs.count()
    }

    /// Makes the next block. Changes of rules and neurons come first, then the chain's own reveals, then what hotkeys ask for.
    pub fn make_block(&mut self) {
        let block = self.next_number();
        let mut state = self.newest().state.clone();
        if let Some(rules) = self.rules.take() {
            state.rules = rules;
        }
        self.orders.apply(&mut state, block);
        for reveal in state.begin_block(block) {
            self.note_chain_reveal(&reveal, block);
        }
        self.pool.include(&mut state, block, &mut self.journal);
        self.jobs
            .attempt(&mut state, block, self.netuid, &mut self.journal);
        self.blocks.push(state);
    }

    /// Rolls back the newest blocks, as far as they are kept, with all that was in them; what waits for the next block goes on
    /// waiting. Blocks that are made then have other hashes. Returns how many.
    pub fn roll_back(&mut self, count: u32) -> u32 {
        let taken = self.blocks.roll_back(count);
        self.orders.roll_back();
        let newest = self.newest().head.number;
        self.journal.roll_back(newest);
        taken
    }

    /// Orders a change of the neurons.
    ///
    /// # Errors
    ///
    /// [`NeuronChangeError`] if the change is impossible, or too many wait for the next block.
    pub fn change_neurons(&mut self, change: NeuronChange) -> Result<(), NeuronChangeError> {
        let block = self.next_number();
        let neurons = self.blocks.newest().neurons();
        self.orders.add(change, self.seed, neurons, block)
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
        let newest = self.newest().head.number;
        let note = |asked: Asked<'_>| self.journal.note(asked, newest, Outcome::Pending);
        self.pool.submit(hotkey, extrinsic, handling, note, fault)
    }

    /// Sets weights by hotkey some blocks later; they replace those that still wait. `fault` is noted in the journal.
    pub fn schedule(
        &mut self,
        hotkey: &str,
        weights: BTreeMap<String, f64>,
        handling: Handling,
        fault: Option<String>,
    ) {
        let block = self.newest().head.number;
        let outcome = match handling {
            Handling::Usual => Outcome::Pending,
            Handling::Forget => Outcome::Forgotten { block },
        };
        let asked = Asked::schedule(hotkey, fault);
        let number = self.journal.note(asked, block, outcome);
        if handling == Handling::Usual {
            let job = Job {
                number,
                hotkey: hotkey.to_owned(),
                weights,
                due_block: block.saturating_add(self.schedule_blocks),
                refusal: None,
            };
            self.jobs.add(job, block, &mut self.journal);
        }
    }

    /// Notes what a fault has kept from the chain.
    pub(super) fn note_refused(&mut self, asked: Asked<'_>) {
        let block = self.newest().head.number;
        let refusal = Refusal::Ordered;
        self.journal
            .note(asked, block, Outcome::Refused { block, refusal });
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

    fn next_number(&self) -> u32 {
        self.newest().head.number.saturating_add(1)
    }
}
