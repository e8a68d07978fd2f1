//! What became of a batch: the result of `run_batch`, and the record of a finished batch.

use std::collections::BTreeMap;

use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::asks::Note;
use crate::offers::Offer;
use crate::score::{Column, Scored};

/// A batch that has ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Counts the batches of this validator.
    pub(crate) number: u64,
    pub(crate) batch: String,
    /// How it ended, as a word.
    pub(crate) end: BatchEnd,
    pub(crate) started_ms: u64,
    pub(crate) ended_ms: u64,
    /// First block of its cycle, if it belongs to one.
    pub(crate) cycle_start: Option<u64>,
    pub(crate) weights_version: u64,
    /// What kept jobs from being made, for each class.
    pub(crate) notes: Vec<Note>,
    pub(crate) miners: Vec<MinerReport>,
}

/// How a batch has ended. The number is the exit code of `run_batch`; those below 10 are the host's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BatchEnd {
    /// It ran, and all that came of it is stored.
    Stored = 0,
    /// No miner has shown a manifest in time.
    NoManifest = 10,
    /// Manifests came, and no executor in them is of a class that has a job kind.
    NoExecutor = 11,
    /// No job kind has made a job.
    NoJob = 12,
    /// It took longer than a batch may. What had come until then is stored; jobs without an outcome cost nothing.
    TimedOut = 13,
    /// Some of what was stored of it could not be read after a restart. What is left is stored.
    Damaged = 14,
}

impl BatchEnd {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::NoManifest => "no_manifest",
            Self::NoExecutor => "no_executor",
            Self::NoJob => "no_job",
            Self::TimedOut => "timed_out",
            Self::Damaged => "damaged",
        }
    }
}

/// A miner in a batch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct MinerReport {
    pub(crate) hotkey: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Why it was not tested.
    pub(crate) no_link: Option<String>,
    pub(crate) classes: Vec<ClassReport>,
}

/// A miner's executors of a class.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ClassReport {
    pub(crate) class: ExecutorClass,
    pub(crate) announced: u32,
    pub(crate) jobs: u32,
    pub(crate) accepted: u32,
    pub(crate) right: u32,
    pub(crate) wrong: u32,
    pub(crate) failed: u32,
    pub(crate) declined: u32,
    pub(crate) late: u32,
    pub(crate) unreachable: u32,
    pub(crate) excused: u32,
    pub(crate) interrupted: u32,
    /// Sum of its jobs' scores, with bonus.
    pub(crate) score: f64,
    /// Why the first job that is not right is not.
    pub(crate) reason: Option<String>,
}

impl ClassReport {
    fn new(class: ExecutorClass, announced: u32) -> Self {
        Self {
            class,
            announced,
            jobs: 0,
            accepted: 0,
            right: 0,
            wrong: 0,
            failed: 0,
            declined: 0,
            late: 0,
            unreachable: 0,
            excused: 0,
            interrupted: 0,
            score: 0.0,
            reason: None,
        }
    }

    /// Adds a job with its score, bonus included.
    pub(crate) fn add(&mut self, scored: &Scored, is_accepted: bool, score: f64) {
        self.jobs += 1;
        self.accepted += u32::from(is_accepted);
        let column = match scored.column {
            Column::Right => &mut self.right,
            Column::Wrong => &mut self.wrong,
            Column::Failed => &mut self.failed,
            Column::Declined => &mut self.declined,
            Column::Late => &mut self.late,
            Column::Unreachable => &mut self.unreachable,
            Column::Excused => &mut self.excused,
            Column::Interrupted => &mut self.interrupted,
        };
        *column += 1;
        self.score += score;
        if self.reason.is_none() {
            self.reason.clone_from(&scored.reason);
        }
    }
}

/// The number of the next batch.
pub(crate) fn next_number(finished: &[Report]) -> u64 {
    finished.last().map_or(1, |last| last.number + 1)
}

/// The lines of all miners, without jobs.
pub(crate) fn empty_rows(offers: &[Offer]) -> Vec<MinerReport> {
    let row = |offer: &Offer| MinerReport {
        hotkey: offer.miner.hotkey.clone(),
        host: offer.miner.host.clone(),
        port: offer.miner.port,
        no_link: offer.no_link.clone(),
        classes: offer
            .classes
            .iter()
            .map(|class| ClassReport::new(class.class, class.announced))
            .collect(),
    };
    offers.iter().map(row).collect()
}

/// Finds a miner's line for a class.
pub(crate) struct RowIndex(BTreeMap<(String, ExecutorClass), (usize, usize)>);

impl RowIndex {
    pub(crate) fn new(rows: &[MinerReport]) -> Self {
        let mut places = BTreeMap::new();
        for (row, miner) in rows.iter().enumerate() {
            for (column, class) in miner.classes.iter().enumerate() {
                places.insert((miner.hotkey.clone(), class.class), (row, column));
            }
        }
        Self(places)
    }

    pub(crate) fn find<'a>(
        &self,
        rows: &'a mut [MinerReport],
        hotkey: &str,
        class: ExecutorClass,
    ) -> Option<&'a mut ClassReport> {
        let (row, column) = self.0.get(&(hotkey.to_owned(), class))?;
        rows.get_mut(*row)?.classes.get_mut(*column)
    }
}
