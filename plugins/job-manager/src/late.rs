//! Which jobs will not be proved while that counts.

use std::collections::BTreeMap;

use crate::job::{Job, Stage};
use crate::view::View;

/// Blocks of a job's useful life in which nothing is computed: for its benchmark and its proof to be confirmed, and one for
/// good measure.
const CONFIRMING_BLOCKS: u32 = 3;

/// Why a job is late.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Late {
    #[error("its proof would be confirmed too late to count")]
    Over,
    #[error(
        "the slaves need {needed_s} s for it and the jobs before it, and {available_s} s are left until its proof does not count"
    )]
    TooSlow { needed_s: u64, available_s: u64 },
}

/// The late ones, by benchmark id. Jobs of a challenge are computed one after the other, the oldest first.
pub(crate) fn late_jobs<'a>(view: &View<'a>) -> BTreeMap<&'a str, Late> {
    let mut jobs: Vec<(&String, &Job)> = view.jobs.iter().collect();
    jobs.sort_by_key(|(_, job)| job.record().block_started);
    let mut nonces: BTreeMap<&str, u64> = BTreeMap::new();
    let mut late = BTreeMap::new();
    for (benchmark_id, job) in jobs {
        let stage = job.stage();
        if matches!(stage, Stage::Abandoned | Stage::ProofReady) {
            continue;
        }
        let record = job.record();
        let challenge_id = record.settings.challenge_id.as_str();
        let before = nonces.entry(challenge_id).or_default();
        *before += job.open_nonces();
        let is_over = view.network.is_too_late(record);
        let reason = if is_over {
            Some(Late::Over)
        } else {
            too_slow(view, job, *before).filter(|_| stage == Stage::Computing)
        };
        if let Some(reason) = reason {
            late.insert(benchmark_id.as_str(), reason);
        }
    }
    late
}

/// `None` also while a measurement is missing.
fn too_slow(view: &View<'_>, job: &Job, nonces: u64) -> Option<Late> {
    let record = job.record();
    let window = &view.network.window;
    let last = record
        .block_started
        .saturating_add(window.useful_blocks?)
        .saturating_sub(CONFIRMING_BLOCKS);
    let blocks = last.saturating_sub(window.height);
    let available_s = f64::from(blocks) * view.block_seconds?;
    let needed_s = nonces as f64 / view.pace.rate(&record.settings.challenge_id)?;
    (needed_s > available_s).then_some(Late::TooSlow {
        needed_s: needed_s as u64,
        available_s: available_s as u64,
    })
}
