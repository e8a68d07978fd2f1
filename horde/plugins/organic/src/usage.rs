//! Executors that have a job of this validator, as far as the events of all jobs show.
//!
//! `horde_miners` has the last word: this only keeps jobs from being offered where it would refuse them. After a start it is known again
//! with the events of the jobs that go on.

use std::collections::BTreeMap;

use horde_events::{GroupWanted, JobsWanted};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::limits::{USED_MAX, USED_MS_MAX};

/// Executors of one miner and class that a batch has asked jobs for.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Wanted {
    hotkey: String,
    executor_class: String,
    count: u32,
}

/// A batch whose jobs are being made.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Planned {
    /// When it has asked first, in Unix milliseconds.
    since_ms: u64,
    /// By the number of the ask, so that one that comes twice counts once.
    asks: BTreeMap<u64, Vec<Wanted>>,
}

/// A job that has an executor.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Running {
    group: String,
    hotkey: String,
    executor_class: String,
    since_ms: u64,
}

/// The executors in use.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Usage {
    planned: BTreeMap<String, Planned>,
    /// By the uuid of the job.
    running: BTreeMap<String, Running>,
}

impl Usage {
    /// A batch is going to use executors.
    pub(crate) fn plan(&mut self, wanted: JobsWanted, now_ms: u64) {
        if self.len() >= USED_MAX {
            return;
        }
        let JobsWanted {
            ask,
            batch,
            executor_class,
            miners,
            ..
        } = wanted;
        let miners = miners.into_iter().map(|miner| Wanted {
            hotkey: miner.hotkey,
            executor_class: executor_class.clone(),
            count: miner.count,
        });
        let planned = self.planned.entry(batch).or_insert(Planned {
            since_ms: now_ms,
            asks: BTreeMap::new(),
        });
        planned.asks.insert(ask, miners.collect());
    }

    /// A group begins: its jobs take the place of what its batch had planned.
    pub(crate) fn begin(&mut self, wanted: GroupWanted, now_ms: u64) {
        self.planned.remove(&wanted.group);
        for job in wanted.jobs {
            self.add(
                &job.uuid,
                &wanted.group,
                &job.hotkey,
                &job.executor_class,
                now_ms,
            );
        }
    }

    /// A job has an executor.
    pub(crate) fn add(&mut self, uuid: &str, group: &str, hotkey: &str, class: &str, now_ms: u64) {
        if self.len() >= USED_MAX {
            return;
        }
        let running = Running {
            group: group.to_owned(),
            hotkey: hotkey.to_owned(),
            executor_class: class.to_owned(),
            since_ms: now_ms,
        };
        self.running.entry(uuid.to_owned()).or_insert(running);
    }

    /// A job is over.
    pub(crate) fn remove(&mut self, uuid: &str) {
        self.running.remove(uuid);
    }

    /// A batch is over.
    pub(crate) fn end_batch(&mut self, batch: &str) {
        self.planned.remove(batch);
        self.running.retain(|_, job| job.group != batch);
    }

    /// Forgets what has left no end.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let is_recent = |since_ms: u64| now_ms.abs_diff(since_ms) <= USED_MS_MAX;
        self.planned.retain(|_, batch| is_recent(batch.since_ms));
        self.running.retain(|_, job| is_recent(job.since_ms));
    }

    /// Executors in use, by miner, of one class.
    pub(crate) fn by_miner(&self, class: ExecutorClass) -> BTreeMap<&str, u32> {
        let class = class.as_str();
        let mut used: BTreeMap<&str, u32> = BTreeMap::new();
        let planned = self.planned.values().flat_map(|batch| batch.asks.values());
        for wanted in planned.flatten().filter(|it| it.executor_class == class) {
            let count = used.entry(&wanted.hotkey).or_default();
            *count = count.saturating_add(wanted.count);
        }
        for job in self
            .running
            .values()
            .filter(|it| it.executor_class == class)
        {
            *used.entry(&job.hotkey).or_default() += 1;
        }
        used
    }

    fn len(&self) -> usize {
        let asks = self.planned.values().map(|batch| batch.asks.len());
        self.running.len() + asks.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use horde_events::{ExecutorsOf, PlannedJob};

    use super::*;

    const CLASS: ExecutorClass = ExecutorClass::AlwaysOnGpu24Gb;

    fn ask(number: u64, count: u32) -> JobsWanted {
        JobsWanted {
            ask: number,
            batch: "b".to_owned(),
            kind: "k".to_owned(),
            executor_class: CLASS.as_str().to_owned(),
            miners: vec![ExecutorsOf {
                hotkey: "a".to_owned(),
                count,
            }],
            weights_version: 1,
        }
    }

    fn group(uuids: &[&str]) -> GroupWanted {
        let jobs = uuids.iter().map(|uuid| PlannedJob {
            uuid: (*uuid).to_owned(),
            hotkey: "a".to_owned(),
            executor_class: CLASS.as_str().to_owned(),
            timeout_seconds: 1,
            spin_up_seconds: 2,
        });
        GroupWanted {
            group: "b".to_owned(),
            jobs: jobs.collect(),
            is_organic: false,
        }
    }

    fn used(usage: &Usage) -> u32 {
        usage.by_miner(CLASS).get("a").copied().unwrap_or_default()
    }

    #[test]
    fn batch_uses_executors_from_its_first_ask_on() {
        let mut usage = Usage::default();
        usage.plan(ask(1, 2), 0);
        usage.plan(ask(1, 2), 0);
        usage.plan(ask(2, 1), 0);
        assert_eq!(used(&usage), 3);
        assert!(usage.by_miner(ExecutorClass::AlwaysOnLlmA6000).is_empty());
        usage.begin(group(&["u", "v"]), 0);
        usage.begin(group(&["u", "v"]), 0);
        assert_eq!(used(&usage), 2);
        usage.remove("u");
        usage.remove("u");
        assert_eq!(used(&usage), 1);
        usage.end_batch("b");
        assert_eq!(used(&usage), 0);
    }

    #[test]
    fn batch_without_jobs_frees_its_executors() {
        let mut usage = Usage::default();
        usage.plan(ask(1, 2), 0);
        usage.end_batch("b");
        assert_eq!(used(&usage), 0);
    }

    #[test]
    fn lost_ends_are_forgotten() {
        let mut usage = Usage::default();
        usage.plan(ask(1, 2), 0);
        usage.begin(group(&["u"]), 10);
        usage.expire(USED_MS_MAX + 10);
        assert_eq!(used(&usage), 1);
        usage.expire(USED_MS_MAX + 11);
        assert_eq!(used(&usage), 0);
    }

    #[test]
    fn number_of_executors_is_bounded() {
        let mut usage = Usage::default();
        for number in 0..=USED_MAX {
            usage.add(&number.to_string(), "g", "a", CLASS.as_str(), 0);
        }
        assert_eq!(usage.len(), USED_MAX);
    }
}
