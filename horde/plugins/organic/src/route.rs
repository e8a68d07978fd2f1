//! Which miner gets a job whose user leaves the choice: pure.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;

use horde_proto::ExecutorClass;

use crate::config::Config;
use crate::job::Job;
use crate::standing::Standing;

/// Why no miner can get a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoMiner {
    #[error("no miner that serves has shown a manifest in the last 4 hours")]
    NoManifest,
    #[error("no miner has announced an executor of class {class}")]
    NoExecutor { class: ExecutorClass },
    #[error("all miners with executors of class {class} are blocked for a time")]
    AllBlocked { class: ExecutorClass },
    #[error("all executors of class {class} have a job of this validator")]
    AllBusy { class: ExecutorClass },
    #[error("all miners with executors of class {class} have been tried")]
    AllTried { class: ExecutorClass },
}

/// A miner that can get the job.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) hotkey: &'a str,
    /// Executors without a job of ours, at least 1.
    pub(crate) free: u32,
    /// See [`Standing::demerits`].
    pub(crate) demerits: u32,
}

/// What the choice rests on.
pub(crate) struct Miners<'a> {
    pub(crate) config: &'a Config,
    pub(crate) standings: &'a BTreeMap<String, Standing>,
    /// Executors in use, of the job's class.
    pub(crate) used: &'a BTreeMap<&'a str, u32>,
    pub(crate) now_ms: u64,
}

impl Miners<'_> {
    /// Chooses among the serving miners, whose hotkeys ascend: of those with the fewest lapses one by chance, each free executor with
    /// the same. `draw` is from [0, 1).
    ///
    /// # Errors
    ///
    /// The nearest thing that is missing.
    pub(crate) fn choose<'s>(
        &self,
        job: &Job,
        serving: impl Iterator<Item = &'s str>,
        draw: f64,
    ) -> Result<&'s str, NoMiner> {
        let mut candidates = self.candidates(job, serving)?;
        let fewest = candidates.iter().map(|it| it.demerits).min();
        candidates.retain(|candidate| Some(candidate.demerits) == fewest);
        let total: f64 = candidates.iter().map(|it| f64::from(it.free)).sum();
        let mut left = draw * total;
        let last = candidates.len().saturating_sub(1);
        let chosen = candidates
            .into_iter()
            .enumerate()
            .find(|(index, candidate)| {
                left -= f64::from(candidate.free);
                left < 0.0 || *index == last
            });
        let class = job.class;
        chosen
            .map(|(_, candidate)| candidate.hotkey)
            .ok_or(NoMiner::AllBusy { class })
    }

    /// Those of the serving miners, whose hotkeys ascend, that can get a job; at least one.
    ///
    /// # Errors
    ///
    /// The nearest thing that is missing.
    pub(crate) fn candidates<'s>(
        &self,
        job: &Job,
        serving: impl Iterator<Item = &'s str>,
    ) -> Result<Vec<Candidate<'s>>, NoMiner> {
        let mut missing = NoMiner::NoManifest;
        let mut candidates = Vec::new();
        // A choice is made for every job of a burst, and there are hundreds of miners: walking is cheaper than looking up.
        let (mut standings, mut used) = (Walk::new(self.standings), Walk::new(self.used));
        for hotkey in serving {
            let (standing, used) = (standings.find(hotkey), used.find(hotkey).copied());
            match self.judge(job, hotkey, standing, used.unwrap_or_default()) {
                Ok(candidate) => candidates.push(candidate),
                Err(cause) if rank(cause) > rank(missing) => missing = cause,
                Err(_) => {}
            }
        }
        match candidates.is_empty() {
            true => Err(missing),
            false => Ok(candidates),
        }
    }

    fn judge<'s>(
        &self,
        job: &Job,
        hotkey: &'s str,
        standing: Option<&Standing>,
        used: u32,
    ) -> Result<Candidate<'s>, NoMiner> {
        let class = job.class;
        let standing = standing.filter(|it| it.has_fresh_manifest(self.now_ms));
        let standing = standing.ok_or(NoMiner::NoManifest)?;
        let count = standing.executors(class, self.now_ms);
        if count == 0 {
            return Err(NoMiner::NoExecutor { class });
        }
        if job.has_tried(hotkey) {
            return Err(NoMiner::AllTried { class });
        }
        let is_blocked = standing.open_block(self.now_ms).is_some();
        if is_blocked || self.config.is_blocked(hotkey) {
            return Err(NoMiner::AllBlocked { class });
        }
        match count.saturating_sub(used) {
            0 => Err(NoMiner::AllBusy { class }),
            free => Ok(Candidate {
                hotkey,
                free,
                demerits: standing.demerits(self.now_ms),
            }),
        }
    }
}

/// A sorted map that is looked up by ascending keys.
struct Walk<'a, K, V> {
    entries: Peekable<btree_map::Iter<'a, K, V>>,
}

impl<'a, K: Borrow<str>, V> Walk<'a, K, V> {
    fn new(map: &'a BTreeMap<K, V>) -> Self {
        Self {
            entries: map.iter().peekable(),
        }
    }

    fn find(&mut self, key: &str) -> Option<&'a V> {
        while let Some((found, value)) = self.entries.peek() {
            match (*found).borrow().cmp(key) {
                Ordering::Less => {
                    self.entries.next();
                }
                Ordering::Equal => return Some(*value),
                Ordering::Greater => return None,
            }
        }
        None
    }
}

/// How near a miner with this fault was.
fn rank(fault: NoMiner) -> u8 {
    match fault {
        NoMiner::NoManifest => 0,
        NoMiner::NoExecutor { .. } => 1,
        NoMiner::AllTried { .. } => 2,
        NoMiner::AllBlocked { .. } => 3,
        NoMiner::AllBusy { .. } => 4,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use horde_events::{ExecutorCount, MinerAddress};
    use proptest::prelude::*;

    use super::*;
    use crate::job::{Attempt, Phase, Source};
    use crate::standing::Block;

    const CLASS: ExecutorClass = ExecutorClass::AlwaysOnGpu24Gb;
    const NOW_MS: u64 = 1_000_000_000_000;

    fn address(hotkey: &str) -> MinerAddress {
        MinerAddress {
            hotkey: hotkey.to_owned(),
            host: "h".to_owned(),
            port: 1,
        }
    }

    fn standing(count: u32) -> Standing {
        let executor_class = CLASS.as_str().to_owned();
        let mut standing = Standing::default();
        standing.show(
            vec![ExecutorCount {
                executor_class,
                count,
            }],
            NOW_MS,
        );
        standing
    }

    fn job(tried: &[&str]) -> Job {
        let attempts = tried.iter().map(|hotkey| Attempt {
            uuid: String::new(),
            address: address(hotkey),
        });
        Job {
            uuid: String::new(),
            source: Source::Facilitator,
            received_ms: 0,
            deadline_ms: 0,
            class: CLASS,
            bytes: 0,
            miner: None,
            address: None,
            phase: Phase::Address,
            due_ms: 0,
            is_accepted: false,
            attempts: attempts.collect(),
            last_comment: None,
        }
    }

    fn choose(
        standings: &[(&str, Standing)],
        used: &[(&str, u32)],
        job: &Job,
        draw: f64,
    ) -> Result<String, NoMiner> {
        let config = Config {
            blocked: vec!["outcast".to_owned()],
            ..Config::default()
        };
        let serving: BTreeSet<&str> = standings.iter().map(|(hotkey, _)| *hotkey).collect();
        let standings = standings
            .iter()
            .map(|(hotkey, it)| ((*hotkey).to_owned(), it.clone()));
        let miners = Miners {
            config: &config,
            standings: &standings.collect(),
            used: &used.iter().copied().collect(),
            now_ms: NOW_MS,
        };
        miners
            .choose(job, serving.into_iter(), draw)
            .map(str::to_owned)
    }

    #[test]
    fn each_free_executor_has_the_same_chance() {
        let standings = [("a", standing(3)), ("b", standing(2)), ("c", standing(1))];
        let used = [("a", 2), ("c", 1)];
        let count = |wanted: &str| {
            let draws = (0..300).map(|number| f64::from(number) / 300.0);
            draws
                .filter(|draw| choose(&standings, &used, &job(&[]), *draw).as_deref() == Ok(wanted))
                .count()
        };
        assert_eq!(["a", "b", "c"].map(count), [100, 200, 0]);
    }

    #[test]
    fn lapses_make_a_miner_the_last_choice() {
        let mut failed = standing(50);
        failed.failed_ms = NOW_MS;
        let standings = [("a", failed), ("b", standing(1))];
        for draw in [0.0, 0.5, 0.999] {
            assert_eq!(choose(&standings, &[], &job(&[]), draw).as_deref(), Ok("b"));
        }
        let chosen = choose(&standings, &[("b", 1)], &job(&[]), 0.5);
        assert_eq!(chosen.as_deref(), Ok("a"));
    }

    #[test]
    fn nearest_reason_is_given() {
        let class = CLASS;
        let mut old = standing(1);
        old.shown_ms = 1;
        let mut blocked = standing(1);
        blocked.block = Some(Block {
            since_ms: NOW_MS,
            until_ms: NOW_MS + 1,
            reason: String::new(),
            is_manual: false,
        });
        for (standings, used, expected) in [
            (vec![], vec![], NoMiner::NoManifest),
            (vec![("a", old.clone())], vec![], NoMiner::NoManifest),
            (
                vec![("a", old), ("b", standing(0))],
                vec![],
                NoMiner::NoExecutor { class },
            ),
            (
                vec![("b", standing(0)), ("t", standing(1))],
                vec![],
                NoMiner::AllTried { class },
            ),
            (
                vec![("t", standing(1)), ("a", blocked.clone())],
                vec![],
                NoMiner::AllBlocked { class },
            ),
            (
                vec![("outcast", standing(1))],
                vec![],
                NoMiner::AllBlocked { class },
            ),
            (
                vec![("a", blocked), ("b", standing(1))],
                vec![("b", 1)],
                NoMiner::AllBusy { class },
            ),
        ] {
            assert_eq!(choose(&standings, &used, &job(&["t"]), 0.5), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn choice_is_free_and_untried(
            counts in prop::collection::vec((0_u32..4, 0_u32..4), 0..6),
            draw in 0.0..1.0_f64,
        ) {
            let names = ["a", "b", "c", "d", "e", "t"];
            let all = || counts.iter().zip(names);
            let standings: Vec<_> = all().map(|((count, _), name)| (name, standing(*count))).collect();
            let used: Vec<_> = all().map(|((_, used), name)| (name, *used)).collect();
            let free: Vec<_> = all()
                .filter(|((count, used), name)| count > used && *name != "t")
                .map(|(_, name)| name)
                .collect();
            match choose(&standings, &used, &job(&["t"]), draw) {
                Ok(chosen) => prop_assert!(free.contains(&chosen.as_str())),
                Err(_) => prop_assert!(free.is_empty()),
            }
        }
    }
}
