//! Jobs while they are made: what job kinds were asked for, and what they have answered.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::{EXECUTOR_TIMEOUT_MAX, is_uuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::asks::{Ask, NO_ANSWER, Note};
use crate::job::{Job, cut};
use crate::limits::MAKING_TIMEOUT_SECONDS;

/// `horde_jobs_made` without the frames, which are not this extension's.
#[derive(Deserialize)]
pub(crate) struct JobsMade {
    pub(crate) ask: u64,
    pub(crate) batch: String,
    jobs: Vec<MadeJob>,
    shortage: Option<String>,
}

#[derive(Deserialize)]
struct MadeJob {
    uuid: String,
    hotkey: String,
    timeout_seconds: u32,
    check: Value,
}

/// Jobs while they are made.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Making {
    /// Those that are not answered, by their number.
    open: BTreeMap<u64, Ask>,
    pub(crate) jobs: BTreeMap<String, Job>,
    pub(crate) notes: BTreeSet<Note>,
    /// Number of jobs that were asked for.
    pub(crate) wanted: usize,
}

impl Making {
    pub(crate) fn new(asks: BTreeMap<u64, Ask>, notes: BTreeSet<Note>) -> Self {
        let wanted = asks.values().flat_map(|ask| &ask.miners);
        Self {
            wanted: wanted.map(|miner| miner.count as usize).sum(),
            open: asks,
            jobs: BTreeMap::new(),
            notes,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// The oldest ask that is not answered.
    #[cfg(test)]
    pub(crate) fn first_open(&self) -> Option<(u64, Ask)> {
        let (number, ask) = self.open.iter().next()?;
        Some((*number, ask.clone()))
    }

    /// Takes the jobs of an answer. Those of an ask that is answered already, or of an earlier start of the batch, do not count.
    pub(crate) fn take(&mut self, made: JobsMade) {
        let Some(ask) = self.open.remove(&made.ask) else {
            return;
        };
        let class = ask.class;
        let asked: u32 = ask.miners.iter().map(|miner| miner.count).sum();
        let mut room: BTreeMap<&str, u32> = BTreeMap::new();
        for miner in &ask.miners {
            *room.entry(&miner.hotkey).or_default() += miner.count;
        }
        let (mut taken, mut fault) = (0, None);
        for job in made.jobs {
            if let Err(reason) = self.check(&job, &mut room) {
                fault.get_or_insert(format!("a job of {} is left out: {reason}", ask.kind));
                continue;
            }
            taken += 1;
            let job = Job {
                uuid: job.uuid,
                hotkey: job.hotkey,
                class,
                kind: ask.kind.clone(),
                timeout_seconds: job.timeout_seconds,
                check: job.check,
            };
            self.jobs.insert(job.uuid.clone(), job);
        }
        let missing = made.shortage.map(cut).or(fault);
        if taken < asked {
            let text = missing.unwrap_or_else(|| {
                format!("{} made {taken} of {asked} jobs and said not why", ask.kind)
            });
            self.notes.insert(Note { class, text });
        }
    }

    /// Leaves out the classes whose kinds have not answered, in which some miners would have jobs and others would not.
    pub(crate) fn give_up(&mut self) {
        for ask in std::mem::take(&mut self.open).into_values() {
            let class = ask.class;
            self.jobs.retain(|_, job| job.class != class);
            let text = format!(
                "job kind {} did not answer within {MAKING_TIMEOUT_SECONDS} s{NO_ANSWER}",
                ask.kind
            );
            self.notes.insert(Note { class, text });
        }
    }

    fn check(&self, job: &MadeJob, room: &mut BTreeMap<&str, u32>) -> Result<(), JobFault> {
        if !is_uuid(&job.uuid) || self.jobs.contains_key(&job.uuid) {
            return Err(JobFault::Uuid);
        }
        let max = EXECUTOR_TIMEOUT_MAX.as_secs();
        if job.timeout_seconds == 0 || u64::from(job.timeout_seconds) > max {
            let seconds = job.timeout_seconds;
            return Err(JobFault::Timeout { seconds, max });
        }
        match room.get_mut(job.hotkey.as_str()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => return Err(JobFault::NotWanted),
        }
        Ok(())
    }
}

/// Why a job of a kind cannot be run.
#[derive(Debug, PartialEq, thiserror::Error)]
enum JobFault {
    #[error("its uuid is malformed or not new")]
    Uuid,
    #[error("it may run {seconds} s, which is not between 1 and {max}")]
    Timeout { seconds: u32, max: u64 },
    #[error("its miner has as many as were wanted")]
    NotWanted,
}

#[cfg(test)]
mod tests {
    use horde_events::ExecutorsOf;
    use horde_proto::ExecutorClass;
    use serde_json::json;

    use super::*;

    fn making() -> Making {
        let ask = Ask {
            kind: "k".to_owned(),
            class: ExecutorClass::default(),
            miners: vec![ExecutorsOf {
                hotkey: "a".to_owned(),
                count: 2,
            }],
        };
        Making::new([(7, ask)].into(), BTreeSet::new())
    }

    fn made(jobs: &[(&str, &str, u32)], shortage: Option<&str>) -> JobsMade {
        let job = |(uuid, hotkey, timeout): &(&str, &str, u32)| json!({ "uuid": uuid, "hotkey": hotkey, "timeout_seconds": timeout, "check": 1 });
        let jobs: Vec<_> = jobs.iter().map(job).collect();
        let made = json!({ "ask": 7, "batch": "b", "jobs": jobs, "shortage": shortage });
        serde_json::from_value(made).unwrap()
    }

    const UUIDS: [&str; 3] = [
        "00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
    ];

    fn texts(making: &Making) -> Vec<&str> {
        making.notes.iter().map(|note| note.text.as_str()).collect()
    }

    #[test]
    fn faulty_jobs_of_a_kind_are_left_out() {
        let [one, two, three] = UUIDS;
        for (jobs, taken, fault) in [
            ([(one, "a", 1), (two, "a", 360), (three, "a", 1)], 2, ""),
            (
                [(one, "a", 1), (one, "a", 1), ("x", "a", 1)],
                1,
                "uuid is malformed or not new",
            ),
            (
                [(one, "a", 1), (two, "b", 1), (three, "b", 1)],
                1,
                "as many as were wanted",
            ),
            (
                [(one, "a", 0), (two, "a", 361), (three, "a", 1)],
                1,
                "it may run 0 s",
            ),
        ] {
            let mut making = making();
            making.take(made(&jobs, None));
            assert_eq!(making.jobs.len(), taken);
            assert!(making.is_over());
            let texts = texts(&making).concat();
            assert_eq!(texts.is_empty(), fault.is_empty(), "{texts}");
            assert!(texts.contains(fault), "{texts}");
        }
    }

    #[test]
    fn shortage_is_noted_in_the_kinds_words() {
        let mut short = making();
        short.take(made(&[(UUIDS[0], "a", 1)], Some("no prompts")));
        assert_eq!(texts(&short), ["no prompts"]);
        let mut silent = making();
        silent.take(made(&[(UUIDS[0], "a", 1)], None));
        assert_eq!(texts(&silent), ["k made 1 of 2 jobs and said not why"]);
    }

    #[test]
    fn second_answer_to_an_ask_is_ignored() {
        let mut making = making();
        making.take(made(&[(UUIDS[0], "a", 1), (UUIDS[1], "a", 1)], None));
        making.take(made(&[(UUIDS[2], "a", 1)], None));
        assert_eq!(making.jobs.len(), 2);
    }
}
