//! The stored form: one batch at a time, and the last ones that have ended.
//!
//! Each result is a record of its own, so that it can be stored when it comes; what is there of a batch from its beginning is
//! written once for each phase.

use std::collections::BTreeMap;

use horde_events::BatchReport;
use serde::de::IgnoredAny;
use tig_plugin_api::prelude::*;

use crate::batch::{Batch, Head, Phase};
use crate::job::{Answer, Job, JobEnd};
use crate::offers::Offer;
use crate::waiting::Waiting;

/// Batches that are kept after their end.
pub(crate) const FINISHED_MAX: usize = 8;

/// Jobs in one record.
const JOBS_PER_RECORD: usize = 64;

const HEAD: &str = "batch";
const OFFERS: &str = "offers";
const JOBS: &str = "jobs/";
const RESULT: &str = "result/";
const ANSWER: &str = "answer/";
const FINISHED: &str = "finished/";
const NEWEST_CYCLE: &str = "newest_cycle";
const WAITING: &str = "due";

pub(crate) fn put_head(ctx: &mut Context<'_>, head: &Head) -> Result<()> {
    ctx.put(HEAD, head)
}

pub(crate) fn put_offers(ctx: &mut Context<'_>, offers: &[Offer]) -> Result<()> {
    ctx.put(OFFERS, offers)
}

pub(crate) fn put_jobs(ctx: &mut Context<'_>, jobs: &BTreeMap<String, Job>) -> Result<()> {
    let jobs: Vec<_> = jobs.values().collect();
    for (number, piece) in jobs.chunks(JOBS_PER_RECORD).enumerate() {
        ctx.put(&jobs_key(number), piece)?;
    }
    Ok(())
}

pub(crate) fn put_result(ctx: &mut Context<'_>, uuid: &str, end: &JobEnd) -> Result<()> {
    ctx.put(&format!("{RESULT}{uuid}"), end)
}

pub(crate) fn put_answer(ctx: &mut Context<'_>, uuid: &str, answer: &Answer) -> Result<()> {
    ctx.put(&answer_key(uuid), answer)
}

pub(crate) fn answer(ctx: &mut Context<'_>, uuid: &str) -> Result<Option<Answer>> {
    ctx.get_sound(&answer_key(uuid))
}

pub(crate) fn delete_answer(ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
    ctx.delete(&answer_key(uuid))
}

/// Replaces the records of a batch by its report, and drops the oldest reports.
pub(crate) fn finish(ctx: &mut Context<'_>, batch: &Batch, report: &BatchReport) -> Result<()> {
    ctx.delete(HEAD)?;
    ctx.delete(OFFERS)?;
    for number in 0..batch.jobs.len().div_ceil(JOBS_PER_RECORD) {
        ctx.delete(&jobs_key(number))?;
    }
    for (uuid, end) in &batch.results {
        ctx.delete(&format!("{RESULT}{uuid}"))?;
        if end.is_unchecked() {
            delete_answer(ctx, uuid)?;
        }
    }
    ctx.put(&finished_key(report), report)
}

pub(crate) fn delete_finished(ctx: &mut Context<'_>, report: &BatchReport) -> Result<()> {
    ctx.delete(&finished_key(report))
}

/// In the order in which they ended.
pub(crate) fn finished(ctx: &mut Context<'_>) -> Result<Vec<BatchReport>> {
    let reports = ctx.scan_sound(FINISHED)?;
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

/// The batch that is under way, if there is one.
pub(crate) fn batch(ctx: &mut Context<'_>) -> Result<Option<Batch>> {
    let Some(head) = ctx.get_sound::<Head>(HEAD)? else {
        clear(ctx)?;
        return Ok(None);
    };
    let mut batch = Batch::new(head);
    if batch.head.phase != Phase::Manifests {
        let offers = ctx.get_sound(OFFERS)?;
        batch.is_damaged = offers.is_none();
        batch.offers = offers.unwrap_or_default();
    }
    if batch.head.phase == Phase::Making && batch.is_damaged {
        // Miners can show their manifests once more.
        batch.head.phase = Phase::Manifests;
        batch.is_damaged = false;
    }
    if batch.head.phase == Phase::Running {
        let pieces: Vec<(String, Vec<Job>)> = ctx.scan_sound(JOBS)?;
        let jobs = pieces.into_iter().flat_map(|(_, jobs)| jobs);
        batch.jobs = jobs.map(|job| (job.uuid.clone(), job)).collect();
        batch.is_damaged |= batch.jobs.len() < batch.head.job_count;
        let results: Vec<(String, JobEnd)> = ctx.scan_sound(RESULT)?;
        batch.set_results(results.into_iter().filter_map(|(key, end)| {
            let uuid = key.strip_prefix(RESULT)?;
            Some((uuid.to_owned(), end))
        }));
    }
    Ok(Some(batch))
}

/// Deletes what a batch has left whose head was damaged.
fn clear(ctx: &mut Context<'_>) -> Result<()> {
    for prefix in [OFFERS, JOBS, RESULT, ANSWER] {
        let left: Vec<(String, IgnoredAny)> = ctx.scan(prefix)?;
        for (key, _) in left {
            ctx.delete(&key)?;
        }
    }
    Ok(())
}

/// The newest cycle of which a batch was due.
pub(crate) fn newest_cycle(ctx: &mut Context<'_>) -> Result<Option<u64>> {
    ctx.get_sound(NEWEST_CYCLE)
}

pub(crate) fn put_newest_cycle(ctx: &mut Context<'_>, cycle_start: u64) -> Result<()> {
    ctx.put(NEWEST_CYCLE, &cycle_start)
}

/// The batch that waits until another one is over.
pub(crate) fn waiting(ctx: &mut Context<'_>) -> Result<Option<Waiting>> {
    ctx.get_sound(WAITING)
}

pub(crate) fn put_waiting(ctx: &mut Context<'_>, waiting: &Waiting) -> Result<()> {
    ctx.put(WAITING, waiting)
}

pub(crate) fn delete_waiting(ctx: &mut Context<'_>) -> Result<()> {
    ctx.delete(WAITING)
}

fn jobs_key(number: usize) -> String {
    format!("{JOBS}{number:04}")
}

fn answer_key(uuid: &str) -> String {
    format!("{ANSWER}{uuid}")
}

fn finished_key(report: &BatchReport) -> String {
    format!("{FINISHED}{:016}", report.number)
}
