//! The phases of a batch, one after another.

use std::collections::BTreeMap;

use horde_events::{BatchEnd, JobsWanted, LinkState, MinerAddress};
use horde_extension::new_uuid;
use horde_proto::ExecutorClass;
use tig_plugin_api::prelude::*;

use crate::HordeBatch;
use crate::asks::plan_asks;
use crate::batch::{Batch, Head, Phase};
use crate::limits::MAKING_TIMEOUT_SECONDS;
use crate::making::Making;
use crate::report::next_number;
use crate::store;
use crate::timer::Timer;

/// What a batch is begun with.
pub(crate) struct Order {
    pub(crate) miners: Vec<MinerAddress>,
    /// Job kinds by class, in place of those of the config.
    pub(crate) kinds: Option<BTreeMap<ExecutorClass, String>>,
    pub(crate) cycle_start: Option<u64>,
}

impl HordeBatch {
    /// Begins a batch; its caller, if there is one, is that of the command that is handled.
    pub(crate) fn begin(&mut self, ctx: &mut Context<'_>, order: Order) -> Result<()> {
        let Order {
            miners,
            kinds,
            cycle_start,
        } = order;
        let head = Head {
            batch: new_uuid(ctx),
            number: next_number(&self.finished),
            phase: Phase::Manifests,
            started_ms: ctx.now_ms(),
            ticket: ctx.ticket(),
            cycle_start,
            rules: self.rules.clone(),
            kinds: kinds.unwrap_or_else(|| self.config.kinds.clone()),
            miners,
            notes: [].into(),
            job_count: 0,
        };
        store::put_head(ctx, &head)?;
        let (number, count) = (head.number, head.miners.len());
        ctx.info_with(
            "batch begins",
            &[
                ("batch", &head.batch),
                ("number", &number),
                ("miners", &count),
            ],
        );
        if head.ticket != Ticket::NONE {
            ctx.progress(head.ticket, &format!("batch {number}: {count} miners"))?;
        }
        ctx.unfinished(1);
        let mut batch = Batch::new(head);
        batch.set_deadline(ctx)?;
        batch.want_manifests(ctx, &self.config)?;
        batch.live.is_resumed = true;
        self.current = Some(batch);
        // Of a subnet without miners nothing else would come.
        self.advance(ctx)
    }

    /// Begins the phase anew after a restart.
    pub(crate) fn resume(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        batch.set_deadline(ctx)?;
        batch.live.is_resumed = true;
        match batch.head.phase {
            Phase::Manifests => batch.want_manifests(ctx, &self.config)?,
            Phase::Making => {
                batch.want_links(ctx)?;
                return self.ask_for_jobs(ctx);
            }
            Phase::Running => {
                batch.want_links(ctx)?;
                batch.want_group(ctx, &self.config)?;
                let results = batch.results.iter();
                let unchecked = results.filter(|(_, end)| end.is_unchecked());
                batch.live.ungiven = unchecked.map(|(uuid, _)| uuid.clone()).collect();
                batch.give_answers(ctx)?;
            }
        }
        self.advance(ctx)
    }

    /// Goes on to the next phase if this one is over.
    pub(crate) fn advance(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        match batch.head.phase {
            Phase::Manifests if batch.live.links.len() >= batch.head.miners.len() => {
                self.begin_making(ctx)
            }
            Phase::Making if batch.live.is_resumed && batch.live.making.is_over() => {
                self.begin_running(ctx)
            }
            Phase::Running if batch.is_run() && batch.unchecked() == 0 => {
                self.finish(ctx, BatchEnd::Stored)
            }
            Phase::Running if batch.is_run() => batch.wait_for_verdicts(ctx),
            _ => Ok(()),
        }
    }

    /// Takes the manifests that have come.
    pub(crate) fn begin_making(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        batch.show_progress(ctx)?;
        Timer::Manifests.cancel(ctx, &batch.head.batch)?;
        batch.collect_offers(&self.config, &self.users, ctx.now_ms());
        let links = std::mem::take(&mut batch.live.links);
        if !links
            .values()
            .any(|link| matches!(link, LinkState::Up { .. }))
        {
            return self.finish(ctx, BatchEnd::NoManifest);
        }
        store::put_offers(ctx, &batch.offers)?;
        batch.head.phase = Phase::Making;
        store::put_head(ctx, &batch.head)?;
        self.ask_for_jobs(ctx)
    }

    fn ask_for_jobs(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        let now_ms = ctx.now_ms();
        let deadline_ms = now_ms + MAKING_TIMEOUT_SECONDS * 1000;
        Timer::Making.set(ctx, &batch.head.batch, deadline_ms)?;
        let (asks, notes) = plan_asks(&batch.offers, &batch.head.kinds, &batch.head.rules);
        if asks.is_empty() {
            batch.head.notes = notes;
            return self.finish(ctx, BatchEnd::NoExecutor);
        }
        let first = ctx.random_u64();
        let numbers = (0..).map(|number| first.wrapping_add(number));
        let asks: BTreeMap<_, _> = numbers.zip(asks).collect();
        for (number, ask) in &asks {
            ctx.emit(&JobsWanted {
                ask: *number,
                batch: batch.head.batch.clone(),
                kind: ask.kind.clone(),
                executor_class: ask.class.to_string(),
                miners: ask.miners.clone(),
                weights_version: batch.head.rules.weights_version.number(),
            })?;
        }
        batch.live.making = Making::new(asks, notes);
        Ok(())
    }

    /// Goes on without the kinds that have not answered.
    pub(crate) fn give_up_making(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        batch.show_progress(ctx)?;
        batch.live.making.give_up();
        self.begin_running(ctx)
    }

    /// Stores the jobs and lets `horde_miners` run them. The last thing that a handler does.
    fn begin_running(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(batch) = &mut self.current else {
            return Ok(());
        };
        batch.show_progress(ctx)?;
        Timer::Making.cancel(ctx, &batch.head.batch)?;
        let made = std::mem::take(&mut batch.live.making);
        for note in &made.notes {
            ctx.warn_with(
                "jobs could not be made",
                &[
                    ("batch", &batch.head.batch),
                    ("executor_class", &note.class),
                    ("reason", &note.text),
                ],
            );
        }
        batch.head.notes = made.notes;
        if made.jobs.is_empty() {
            return self.finish(ctx, BatchEnd::NoJob);
        }
        batch.jobs = made.jobs;
        store::put_jobs(ctx, &batch.jobs)?;
        batch.head.job_count = batch.jobs.len();
        batch.head.phase = Phase::Running;
        store::put_head(ctx, &batch.head)?;
        ctx.info_with(
            "batch runs",
            &[
                ("batch", &batch.head.batch),
                ("jobs", &batch.jobs.len()),
                ("miners", &batch.head.miners.len()),
            ],
        );
        batch.want_group(ctx, &self.config)?;
        // Job kinds have answered, or have not: that need not wait for the end of the batch.
        self.report_conditions(ctx);
        Ok(())
    }
}
