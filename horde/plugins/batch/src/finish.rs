//! The end of a batch: scores, receipts, report (section 3.4 steps 9 to 15).

use std::collections::BTreeMap;

use horde_events::{BatchEnd, BatchOver, BatchReport, ClassNote, JobResult, JobsScored, ScoredJob};
use horde_proto::ExecutorClass;
use horde_proto::receipt::score_text;
use tig_plugin_api::prelude::*;

use crate::HordeBatch;
use crate::asks::{Note, Obstacle};
use crate::batch::{Batch, Phase};
use crate::bonus::{Online, compared_counts};
use crate::due;
use crate::job::{Ending, Job, JobEnd};
use crate::limits::BATCH_TIMEOUT_MINUTES;
use crate::report::{RowIndex, add_job, empty_rows};
use crate::requests::let_links_go;
use crate::score::{Column, Scored, score};
use crate::store::{self, FINISHED_MAX};
use crate::timer::Timer;

/// A job with its score and what that is multiplied by.
struct Row<'a> {
    job: &'a Job,
    end: &'a JobEnd,
    scored: Scored,
    bonus: f64,
}

impl HordeBatch {
    /// Scores the jobs, and ends the batch in one transaction. The last thing that a handler does.
    pub(crate) fn finish(&mut self, ctx: &mut Context<'_>, end: BatchEnd) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        Timer::cancel_all(ctx, &batch.head.batch)?;
        let end = match end {
            BatchEnd::Stored if batch.is_damaged => BatchEnd::Damaged,
            end => end,
        };
        batch.interrupt_open_jobs();
        if batch.head.phase == Phase::Manifests && batch.offers.is_empty() {
            batch.collect_offers(&self.config, &self.users, ctx.now_ms());
        }
        let rows = score_all(batch, &self.finished);
        let report = report(batch, &rows, end, ctx.now_ms());
        emit_results(ctx, batch, &rows, end)?;
        let_links_go(ctx)?;
        measure(ctx, batch, &rows, &report);
        store::finish(ctx, batch, &report)?;
        if batch.head.ticket != Ticket::NONE {
            ctx.finish(batch.head.ticket, end.code(), &report)?;
        }
        ctx.unfinished(0);
        self.finished.push(report);
        self.drop_oldest_reports(ctx)?;
        self.current = None;
        if self.cycles.waiting.is_some() {
            let now_ms = ctx.now_ms();
            ctx.at(due::TIMER, now_ms)?;
        }
        self.report_conditions(ctx);
        Ok(())
    }

    fn drop_oldest_reports(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        while self.finished.len() > FINISHED_MAX {
            let report = self.finished.remove(oldest(&self.finished));
            store::delete_finished(ctx, &report)?;
        }
        Ok(())
    }
}

/// The report that is dropped first. The newest one with a cycle stays, since the next cycle is compared with it.
fn oldest(finished: &[BatchReport]) -> usize {
    let has_cycle = |report: &BatchReport| report.cycle_start.is_some();
    usize::from(finished.iter().rposition(has_cycle) == Some(0))
}

impl Batch {
    /// Jobs whose outcome has not come count as not tested.
    fn interrupt_open_jobs(&mut self) {
        let open = self.jobs.keys();
        let open = open.filter(|uuid| !self.results.contains_key(*uuid));
        let open: Vec<_> = open.cloned().collect();
        for uuid in open {
            let reason = format!("the batch was ended after {BATCH_TIMEOUT_MINUTES} minutes");
            let end = JobEnd {
                ending: Ending::interrupted(&reason),
                times: Default::default(),
                verdict: None,
            };
            self.set_result(uuid, end);
        }
    }
}

fn score_all<'a>(batch: &'a Batch, finished: &[BatchReport]) -> Vec<Row<'a>> {
    let version = batch.head.rules.weights_version.weights();
    let mut rows: Vec<_> = batch
        .jobs
        .values()
        .filter_map(|job| {
            let end = batch.results.get(&job.uuid)?;
            let scored = score(job, end, version);
            Some(Row {
                job,
                end,
                scored,
                bonus: 1.0,
            })
        })
        .collect();
    if version.has_manifest_bonus() {
        add_bonus(&mut rows, |hotkey, class, mut online, jobs| {
            if let Some(offer) = batch.class_offer(hotkey, class) {
                let user_jobs = offer.user_jobs(&batch.head.rules);
                online.add_offer(offer, user_jobs, jobs);
            }
            let cycle_start = batch.head.cycle_start;
            let (previous, current) = compared_counts(finished, cycle_start, hotkey, class, online);
            batch.head.rules.bonus().multiplier(previous, current)
        });
    }
    rows
}

/// `multiplier` is asked once for each miner and class, with those of its executors that were online with a job, and the number of jobs.
fn add_bonus(rows: &mut [Row<'_>], multiplier: impl Fn(&str, ExecutorClass, Online, u32) -> f64) {
    let mut online: BTreeMap<(&str, ExecutorClass), (Online, u32)> = BTreeMap::new();
    for row in rows.iter() {
        let key = (row.job.hotkey.as_str(), row.job.class);
        let (online, jobs) = online.entry(key).or_default();
        online.add_job(row.scored.column);
        *jobs += 1;
    }
    let multipliers: BTreeMap<_, f64> = online
        .into_iter()
        .map(|(key, (online, jobs))| (key, multiplier(key.0, key.1, online, jobs)))
        .collect();
    for row in rows {
        let key = (row.job.hotkey.as_str(), row.job.class);
        row.bonus = multipliers.get(&key).copied().unwrap_or(1.0);
    }
}

fn report(batch: &Batch, rows: &[Row<'_>], end: BatchEnd, now_ms: u64) -> BatchReport {
    let head = &batch.head;
    let mut miners = empty_rows(&batch.offers, &head.rules);
    let index = RowIndex::new(&miners);
    for row in rows {
        let Row {
            job, end, scored, ..
        } = row;
        if let Some(class) = index.find(&mut miners, &job.hotkey, job.class) {
            let is_accepted = end.times.accepted_us.is_some();
            add_job(class, scored, is_accepted, scored.score * row.bonus);
        }
    }
    for class in miners.iter_mut().flat_map(|miner| &mut miner.classes) {
        // That users have executors of the class says nothing about those of this miner.
        let note = head.notes.iter().find(|note| {
            note.class.as_str() == class.executor_class
                && Obstacle::from_text(&note.text) != Obstacle::Users
        });
        if class.announced == 0 {
            class.reason = Some("its manifest offers no executor of the class".to_owned());
        } else if class.jobs == 0 && class.reason.is_none() {
            class.reason = note.map(|note| note.text.clone());
        }
    }
    BatchReport {
        number: head.number,
        batch: head.batch.clone(),
        end,
        started_ms: head.started_ms,
        ended_ms: now_ms,
        cycle_start: head.cycle_start,
        weights_version: head.rules.weights_version.number(),
        notes: head.notes.iter().map(class_note).collect(),
        miners,
    }
}

fn class_note(note: &Note) -> ClassNote {
    ClassNote {
        executor_class: note.class.to_string(),
        text: note.text.clone(),
    }
}

/// Lets receipts be signed, and reports to whoever scores miners.
fn emit_results(
    ctx: &mut Context<'_>,
    batch: &Batch,
    rows: &[Row<'_>],
    end: BatchEnd,
) -> Result<()> {
    let group = batch.head.batch.clone();
    let answered = rows.iter().filter(|row| row.scored.is_answered);
    let jobs: Vec<_> = answered
        .map(|row| ScoredJob {
            uuid: row.job.uuid.clone(),
            score_text: score_text(row.scored.score * row.bonus),
        })
        .collect();
    if !jobs.is_empty() {
        ctx.emit(&JobsScored { group, jobs })?;
    }
    let result = |row: &Row<'_>| JobResult {
        uuid: row.job.uuid.clone(),
        hotkey: row.job.hotkey.clone(),
        executor_class: row.job.class.to_string(),
        result: row.scored.column.name().to_owned(),
        score_bits: row.scored.score.to_bits(),
        bonus_bits: row.bonus.to_bits(),
    };
    ctx.emit(&BatchOver {
        batch: batch.head.batch.clone(),
        cycle_start: batch.head.cycle_start,
        is_whole: end == BatchEnd::Stored,
        jobs: rows.iter().map(result).collect(),
    })
}

fn measure(ctx: &mut Context<'_>, batch: &Batch, rows: &[Row<'_>], report: &BatchReport) {
    let mut by_column: BTreeMap<(ExecutorClass, Column), u64> = BTreeMap::new();
    for row in rows {
        let key = (row.job.class, row.scored.column);
        *by_column.entry(key).or_default() += 1;
    }
    for ((class, column), count) in by_column {
        let labels = [
            ("executor_class", class.as_str()),
            ("result", column.name()),
        ];
        ctx.count("jobs", &labels, count);
    }
    ctx.count("batches", &[("end", report.end.name())], 1);
    let right = rows.iter().filter(|row| row.scored.column == Column::Right);
    ctx.info_with(
        "batch is over",
        &[
            ("batch", &batch.head.batch),
            ("number", &batch.head.number),
            ("end", &report.end.name()),
            ("jobs", &rows.len()),
            ("right", &right.count()),
            (
                "milliseconds",
                &report.ended_ms.saturating_sub(report.started_ms),
            ),
        ],
    );
}
