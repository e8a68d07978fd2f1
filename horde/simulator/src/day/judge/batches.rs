//! Batches, as the reservations of tests at the miners show them.

use std::collections::{BTreeMap, BTreeSet};

use horde_calc::schedule::{BlockRange, cycle};

use super::super::scenario::CYCLE_BLOCKS;
use super::times::Times;
use crate::judge::jobs::Fault;
use crate::scenario::MinerProfile;

/// Tests that are reserved so much later are of another batch, in milliseconds: within this time one is over.
const TESTS_MS_MAX: u64 = 1_200_000;

/// Blocks before a cycle in which its validators are looked up.
const LOOKUP_BLOCKS: i64 = 100;

/// Kills in one cycle that a batch is begun in spite of: the host is back before it is too late.
const KILLS_MAX: usize = 2;

/// Vices with which a miner announces other executors than it has.
const MANIFEST_VICES: [&str; 2] = ["manifest", "two-manifests"];

/// The subnet.
const NETUID: u16 = 12;

#[derive(Debug)]
struct Batch {
    began_ms: u64,
    /// First block of its cycle.
    cycle: u32,
    /// Tests by the miners that they were reserved at.
    jobs: BTreeMap<usize, BTreeSet<String>>,
}

/// All batches, and who can be tested.
#[derive(Debug)]
pub(super) struct Batches {
    all: Vec<Batch>,
    /// How many executors each miner announces; `None` if it does not tell the truth.
    executors: Vec<Option<usize>>,
    /// Miners that every batch must test.
    steady: Vec<usize>,
}

impl Batches {
    pub(super) fn new(miners: &[MinerProfile]) -> Self {
        let count = |miner: &MinerProfile| miner.executors.values().map(|it| *it as usize).sum();
        let is_true = |miner: &&MinerProfile| {
            let mut vices = miner.vices.iter().map(|vice| vice.to_string());
            !vices.any(|vice| MANIFEST_VICES.iter().any(|it| vice.starts_with(it)))
        };
        let executors = miners
            .iter()
            .map(|miner| Some(miner).filter(is_true).map(count));
        let is_testable = |miner: &MinerProfile| {
            miner.is_steady() && miner.executors.values().any(|count| *count > 0)
        };
        let all = miners.iter().enumerate();
        let steady = all.filter(|(_, miner)| is_testable(miner));
        Self {
            all: Vec::new(),
            executors: executors.collect(),
            steady: steady.map(|(index, _)| index).collect(),
        }
    }

    /// A test is reserved at a miner when this block is the newest.
    pub(super) fn reserve(
        &mut self,
        now_ms: u64,
        block: u32,
        miner: usize,
        uuid: &str,
    ) -> Result<(), Fault> {
        let last = self.all.last();
        if last.is_none_or(|batch| now_ms - batch.began_ms > TESTS_MS_MAX) {
            let cycle = u32::try_from(cycle(block, NETUID).start).unwrap_or_default();
            if self.has(cycle) {
                let text = format!("cycle {cycle}: {:?}", self.all);
                return Err(("a cycle has one batch", text));
            }
            self.all.push(Batch {
                began_ms: now_ms,
                cycle,
                jobs: BTreeMap::new(),
            });
        }
        let Some(batch) = self.all.last_mut() else {
            return Ok(());
        };
        let jobs = batch.jobs.entry(miner).or_default();
        jobs.insert(uuid.to_owned());
        let announced = self.executors.get(miner).copied().flatten();
        if announced.is_some_and(|announced| jobs.len() > announced) {
            let text = format!("cycle {}: {jobs:?} at miner {miner}", batch.cycle);
            return Err(("a batch tests each executor once", text));
        }
        Ok(())
    }

    /// Whether the cycle that begins with this block has a batch.
    pub(super) fn has(&self, cycle: u32) -> bool {
        self.all.iter().any(|batch| batch.cycle == cycle)
    }

    /// A cycle in which nothing was in the way has a batch.
    pub(super) fn check(&self, cycle: u32, times: &Times) -> Result<(), Fault> {
        let start = i64::from(cycle);
        let blocks = BlockRange {
            start: start - LOOKUP_BLOCKS,
            stop: start + i64::from(CYCLE_BLOCKS),
        };
        let mut steady = self.steady.iter();
        let can_test = steady.any(|miner| !times.is_absent(*miner, blocks));
        let is_hindered = times.is_faulty(blocks)
            || times.is_unregistered(blocks)
            || times.kills(blocks) > KILLS_MAX;
        if can_test && !is_hindered && !self.has(cycle) {
            let text = format!("cycle {cycle}");
            return Err(("a cycle without hindrance has a batch", text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use horde_devnet::Vices;
    use horde_proto::ExecutorClass;

    use super::*;

    const CYCLE: u32 = 10_094;

    fn batches(vices: &[&str]) -> Batches {
        Batches::new(&[MinerProfile {
            executors: [(ExecutorClass::AlwaysOnGpu24Gb, 1)].into(),
            vices: Vices::parse(vices).unwrap(),
            travel_ms: (1, 1),
            work_ms_max: 1,
            refusal_percent: 0,
            is_unsteady: false,
        }])
    }

    fn reserve(batches: &mut Batches, now_ms: u64, uuid: &str) -> Result<(), &'static str> {
        let reserved = batches.reserve(now_ms, CYCLE + 5, 0, uuid);
        reserved.map_err(|(property, _)| property)
    }

    #[test]
    fn batch_that_begins_again_is_found() {
        let mut honest = batches(&[]);
        assert_eq!(reserve(&mut honest, 0, "a"), Ok(()));
        assert_eq!(reserve(&mut honest, 9, "a"), Ok(()));
        let again = Err("a batch tests each executor once");
        assert_eq!(reserve(&mut honest, 9, "b"), again);
        let later = Err("a cycle has one batch");
        assert_eq!(reserve(&mut honest, TESTS_MS_MAX + 1, "a"), later);
        let mut liar = batches(&["manifest-count:2"]);
        assert_eq!(reserve(&mut liar, 0, "a"), Ok(()));
        assert_eq!(reserve(&mut liar, 9, "b"), Ok(()));
    }

    #[test]
    fn cycle_without_batch_and_hindrance_is_found() {
        let mut honest = batches(&[]);
        let mut times = Times::default();
        times.block(CYCLE + 5, false, true, &[true]);
        assert!(honest.check(CYCLE, &times).is_err());
        assert!(batches(&["refuses"]).check(CYCLE, &times).is_ok());
        let is_excused = |change: fn(&mut Times)| {
            let mut times = Times::default();
            times.block(CYCLE + 5, false, true, &[true]);
            change(&mut times);
            batches(&[]).check(CYCLE, &times).is_ok()
        };
        assert!(is_excused(Times::note_fault));
        assert!(is_excused(|it| it.block(CYCLE + 6, false, false, &[true])));
        assert!(is_excused(|it| it.block(CYCLE + 6, false, true, &[false])));
        assert!(!is_excused(Times::note_kill));
        reserve(&mut honest, 0, "a").unwrap();
        assert!(honest.check(CYCLE, &times).is_ok());
    }
}
