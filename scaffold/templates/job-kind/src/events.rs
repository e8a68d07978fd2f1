//! The parts of the events that this plugin reads. Unknown fields of an event are ignored.

use serde::Deserialize;
use serde_json::Value;
use tig_plugin_api::Context;

/// Jobs of one request at most.
pub(crate) const JOBS_COUNT_MAX: usize = 64;

/// `horde_jobs_wanted`: jobs of one executor class that `horde_batch` asks a kind for.
#[derive(Deserialize)]
pub(crate) struct JobsWanted {
    pub(crate) ask: u64,
    pub(crate) batch: String,
    /// Name of the kind that is asked.
    pub(crate) kind: String,
    pub(crate) executor_class: String,
    pub(crate) miners: Vec<ExecutorsOf>,
}

#[derive(Deserialize)]
pub(crate) struct ExecutorsOf {
    pub(crate) hotkey: String,
    pub(crate) count: usize,
}

impl JobsWanted {
    /// The miner of each job.
    pub(crate) fn hotkeys(&self) -> impl Iterator<Item = &str> {
        let jobs = self.miners.iter().flat_map(|miner| {
            let count = miner.count.min(JOBS_COUNT_MAX);
            std::iter::repeat_n(miner.hotkey.as_str(), count)
        });
        jobs.take(JOBS_COUNT_MAX)
    }
}

/// `horde_answer_given`: what a job has printed.
#[derive(Deserialize)]
pub(crate) struct AnswerGiven {
    pub(crate) batch: String,
    /// Name of the kind that made the job.
    pub(crate) kind: String,
    pub(crate) uuid: String,
    /// What the kind gave with the job.
    pub(crate) check: Value,
    pub(crate) stdout: String,
}

/// A version 4 UUID of the host's randomness.
pub(crate) fn new_uuid(ctx: &mut Context<'_>) -> String {
    let (high, low) = (ctx.random_u64(), ctx.random_u64());
    let (high, low) = (high & !0xf000 | 0x4000, low >> 2 | 1 << 63);
    let digits = format!("{high:016x}{low:016x}");
    let groups = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    groups.join("-")
}
