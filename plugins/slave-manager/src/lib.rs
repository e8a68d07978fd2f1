//! `slave_manager`: hands batches out to slaves over HTTP and takes their results.
//!
//! | | |
//! |---|---|
//! | handles | `new_batch`, `audit_batch`, `batches_withdrawn`, `new_block`, `update`, `result_refused`, `slave_convicted` |
//! | emits | `batch_result` (durable), `slave_quarantined` (durable), `fleet` |
//! | routes | `GET /get-batch`, `POST /submit-batch-result/<batch id>`, `POST /release-batch/<batch id>`, `GET /slaves`, `POST /pardon-slave`, `GET /operator/panel/slaves` |
//! | commands | `cordon`, `uncordon`, `pardon`, each of one `slave` |
//! | conditions | `no_slaves`, `all_slaves_cannot_run` (subject: algorithm); of a slave: `slave_quarantined`, `slave_gone`, `slave_resting`, `slave_cannot_run`, `slave_cordoned` |
//! | metrics | gauges `batches_queued` by version, `batches_leased`, `slaves_present`, `slaves_busy`, `slaves_cordoned`, `slaves_quarantined`; counters `nonces`, `results` by outcome, `lease_expiries` |
//! | config | `lease_ms`: how long a slave may take for a batch; `quarantine_ms`: how long a liar gets no work |
//! | stores | `quarantine/<slave>`, `cordon/<slave>`; no batches: `job_manager` emits those again after a restart |
//!
//! A batch id is `<benchmark id>_<start nonce>`. `GET /get-batch?wait=MS` is answered as soon as there is a batch, at the
//! latest after so long; without `wait` at once. A slave that cannot do a batch gives it back by `release-batch` with
//! `{"reason": text}`, so that another gets it before the lease is over. With `"retry_ms": MS` it says that it cannot run the
//! batch's algorithm at all for so long (no module, no disk, no threads): it is offered no batch of it until then, at most for
//! ten minutes, and `GET /slaves` has the reason. Slaves of the earlier master know none of this.
//!
//! A result is accepted from whoever has it, because work is work: the lease only keeps others from doing it too. Every
//! reply of 200 means that the result is on disk or not needed. A result for a batch that is not known here is passed on
//! if it is well formed: after a restart slaves still hold batches that are not queued yet, and `job_manager` checks
//! every result anyway.
//!
//! If the network rolls a block back and reconfirms a precommit in another, its batches keep their ids and get another random
//! hash. As soon as a block lists that hash, the batches of the former one are forgotten. The header `X-Rand-Hash` of a result
//! says which one it is for; a result for a former one is answered 409. Without that header the next result of each slave that
//! had the batch by then is taken for one of those.
//!
//! A slave that keeps sending bad results, whose answers contradict known roots again and again within a day, or whose result
//! others have shown to be wrong, goes into quarantine with the evidence: it gets no work and its results are refused, until
//! `quarantine_ms` are over or `POST /pardon-slave` with `{"slave": name}` comes from this machine. A name is what a slave says
//! it is, so this keeps out faults and fools; who is let in at all is the host's to decide.
//!
//! `GET /slaves` takes `find=TEXT`, `offset=N` and `limit=N`; without a limit it has all slaves. A cordoned slave gets no new
//! batch, and its results and releases are taken as before.

mod batches;
mod cannot_run;
mod conditions;
mod config;
mod control;
mod cordon;
mod details;
mod lease;
mod observe;
mod panel;
mod quarantine;
mod rate;
mod report;
mod slaves;
mod submit;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tig_events::{
    AuditBatch, BatchReceived, BatchesWithdrawn, BlockHead, Fleet, ListedPrecommit, NewBatch,
    ResultRefused, SlaveConvicted, SlaveQuarantined,
};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::batches::{Forgotten, Progress, Queue, Rules};
use crate::config::Config;
use crate::control::SlaveArguments;
use crate::cordon::Cordon;
use crate::quarantine::{Evidence, Quarantine};
use crate::rate::Rates;
use crate::slaves::{Name, Slaves};
use crate::view::{View, Waiting};

/// Refused results after which a slave goes into quarantine: so many in a row that are bad in themselves, or so many within
/// [`DISPROOFS_MS`](slaves::DISPROOFS_MS) that contradict roots known to `job_manager`.
const REFUSALS_MAX: u32 = 5;

const SUBMIT_PATH: &str = "/submit-batch-result/";

/// Which of a batch's random hashes a result is for; slaves of the earlier master do not say.
const RAND_HASH_HEADER: &str = "x-rand-hash";

/// Longest random hash that is read; those of the network have 32 characters.
const RAND_HASH_BYTES_MAX: usize = 128;

const RELEASE_PATH: &str = "/release-batch/";

/// What is read of `new_block`.
#[derive(Deserialize)]
struct NewBlock {
    block: BlockHead,
    #[serde(default)]
    precommits: BTreeMap<String, ListedPrecommit>,
    #[serde(default)]
    benchmarks: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    proofs: BTreeMap<String, IgnoredAny>,
}

impl NewBlock {
    fn progress(&self, benchmark_id: &str) -> Progress {
        if self.proofs.contains_key(benchmark_id) {
            Progress::Proved
        } else if self.benchmarks.contains_key(benchmark_id) {
            Progress::Benchmarked
        } else {
            Progress::Precommitted
        }
    }
}

/// What a reload hands over.
#[derive(Clone, Default, Deserialize, Serialize)]
struct State {
    queue: Queue,
    slaves: Slaves,
    /// Some slave cannot run some algorithm until then.
    #[serde(default)]
    unable_until_ms: u64,
    /// Of all slaves together.
    #[serde(default)]
    rates: Rates,
    /// The rates are measured since.
    #[serde(default)]
    began_ms: u64,
    /// When it was last looked at who has work.
    #[serde(default)]
    sampled_ms: u64,
}

struct SlaveManager {
    config: Config,
    state: State,
    quarantine: Quarantine,
    cordon: Cordon,
    /// Why batches waited at the last block.
    waiting: Waiting,
    /// Since when batches wait and no slave may have them.
    unasked_since_ms: Option<u64>,
    reported: ReportedConditions,
    /// What was emitted last.
    fleet: Option<Fleet>,
}

#[extension(
    routes(
        "GET /get-batch",
        "POST /submit-batch-result/*",
        "POST /release-batch/*",
        "GET /slaves",
        "POST /pardon-slave",
        "GET /operator/panel/slaves"
    ),
    emits(BatchReceived, Fleet, SlaveQuarantined)
)]
impl SlaveManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let mut quarantine = Quarantine::restore(ctx)?;
        quarantine.settle(ctx, config.quarantine_ms)?;
        let state = State {
            began_ms: ctx.now_ms(),
            ..State::default()
        };
        Ok(Self {
            config,
            state,
            quarantine,
            cordon: Cordon::restore(ctx)?,
            waiting: Waiting::NoBatches,
            unasked_since_ms: None,
            reported: ReportedConditions::default(),
            fleet: None,
        })
    }

    fn on_new_batch(&mut self, ctx: &mut Context<'_>, event: NewBatch) -> Result<()> {
        let now_ms = ctx.now_ms();
        let State { queue, slaves, .. } = &mut self.state;
        let is_there = |slave: &str| {
            let may_work =
                !self.cordon.contains(slave) && self.quarantine.get(slave, now_ms).is_none();
            may_work && slaves.is_present(slave, now_ms)
        };
        let pushed = queue.push(event.0, now_ms, is_there);
        self.wake(ctx, pushed)
    }

    fn on_audit_batch(&mut self, ctx: &mut Context<'_>, event: AuditBatch) -> Result<()> {
        let rules = Rules {
            not_for: event.not_for.into_iter().map(Name::from).collect(),
            only_for: event.only_for.map(Name::from),
            failed: Vec::new(),
        };
        let pushed = self.state.queue.push_audit(event.batch, rules);
        self.wake(ctx, pushed)
    }

    fn on_batches_withdrawn(
        &mut self,
        ctx: &mut Context<'_>,
        event: BatchesWithdrawn,
    ) -> Result<()> {
        let benchmark_id = &event.benchmark_id;
        let count = self.state.queue.withdraw(benchmark_id, event.audits_only);
        if count > 0 {
            ctx.info_with(
                "batches removed: nobody need compute them any more",
                &[("benchmark_id", benchmark_id), ("count", &count)],
            );
        }
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let fleet = self.emit_fleet(ctx)?;
        self.quarantine.settle(ctx, self.config.quarantine_ms)?;
        let freed = self.expire(ctx);
        self.wake_polls(ctx, freed)?;
        self.observe(ctx);
        self.fleet = Some(fleet);
        Ok(())
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let queue = &mut self.state.queue;
        let progress = |id: &str| event.progress(id);
        let Forgotten { ended, stale } =
            queue.follow(event.block.window, &event.precommits, progress);
        if ended > 0 {
            ctx.info_with(
                "batches of finished, late or expired jobs removed",
                &[("count", &ended)],
            );
        }
        if stale > 0 {
            ctx.info_with(
                "batches removed: the network has rolled their block back",
                &[("count", &stale)],
            );
        }
        self.log_queue(ctx);
        Ok(())
    }

    /// `job_manager` knows more of a batch than this one. As with results that are refused here, only the answer to a batch that
    /// the slave held counts against it, and proofs only if no root was forged in its name: names are easily forged. Only a
    /// result that contradicts a known root counts: others may be for what was sampled before a rollback.
    fn on_result_refused(&mut self, ctx: &mut Context<'_>, event: ResultRefused) -> Result<()> {
        let ResultRefused {
            benchmark_id,
            start_nonce,
            slave,
            reason,
            contradicts,
        } = event;
        let now_ms = ctx.now_ms();
        let State { queue, slaves, .. } = &mut self.state;
        let is_answer = queue.take_answer(&benchmark_id, start_nonce, &slave);
        let Some(stats) = slaves.get_mut(&slave) else {
            return Ok(());
        };
        if !is_answer || !contradicts {
            stats.refused(&reason);
            return Ok(());
        }
        let disproved = stats.result_disproved(&reason, now_ms);
        if disproved < REFUSALS_MAX as usize {
            return Ok(());
        }
        let batch_id = format!("{benchmark_id}_{start_nonce}");
        let sentence = format!("{disproved} of its results were refused within a day: {reason}");
        self.quarantine_for_result(ctx, &slave, &sentence, (&batch_id, &reason))
    }

    fn on_slave_convicted(&mut self, ctx: &mut Context<'_>, event: SlaveConvicted) -> Result<()> {
        let batch_id = format!("{}_{}", event.benchmark_id, event.start_nonce);
        let reason = format!(
            "its result of batch {batch_id} differs from that of {}",
            event.witnesses.join(", ")
        );
        let evidence = Evidence::OtherResult {
            batch_id,
            stated: event.stated,
            agreed: event.agreed,
            witnesses: event.witnesses,
        };
        self.put_in_quarantine(ctx, &event.slave, &reason, evidence)
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        let now_ms = ctx.now_ms();
        match request.path.as_str() {
            "/slaves" => return self.report(&request.query, now_ms),
            "/operator/panel/slaves" => return self.panel(&request, now_ms),
            "/pardon-slave" => return self.pardon_by_route(ctx, &request),
            _ => {}
        }
        let Some(slave) = slaves::name(&request) else {
            return Ok(HttpReply::text(
                400,
                "header User-Agent is missing: it is the name of the slave",
            ));
        };
        // Also one that gets nothing: it is there, and the operator must not look for it elsewhere.
        self.state.slaves.seen(&slave, now_ms);
        if let Some(sentence) = self.quarantine.get(&slave, now_ms) {
            let text = format!("quarantined: {}", sentence.reason);
            return Ok(HttpReply::text(403, &text));
        }
        if let Some(batch_id) = request.path.strip_prefix(SUBMIT_PATH) {
            let rand_hash = request.header(RAND_HASH_HEADER);
            let rand_hash = rand_hash.filter(|stated| stated.len() <= RAND_HASH_BYTES_MAX);
            return self.submit_result(ctx, &slave, batch_id, (rand_hash, &request.body));
        }
        match request.path.strip_prefix(RELEASE_PATH) {
            Some(batch_id) => self.release(ctx, &slave, batch_id, &request.body),
            None => self.get_batch(ctx, &slave, &request.query, now_ms),
        }
    }

    /// Gives a slave no new batches, also after a restart; results of those that it has are accepted.
    #[command]
    fn cordon(&mut self, ctx: &mut Context<'_>, arguments: SlaveArguments) -> Result<Started> {
        self.cordon_slave(ctx, &arguments.slave)
    }

    /// Lets a cordoned slave have batches again.
    #[command]
    fn uncordon(&mut self, ctx: &mut Context<'_>, arguments: SlaveArguments) -> Result<Started> {
        self.uncordon_slave(ctx, &arguments.slave)
    }

    /// Ends the quarantine of a slave whose results were wrong.
    #[command]
    fn pardon(&mut self, ctx: &mut Context<'_>, arguments: SlaveArguments) -> Result<Started> {
        self.pardon_slave(ctx, &arguments.slave)
    }

    fn snapshot(&mut self) -> Result<State> {
        Ok(self.state.clone())
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, state: State) -> Result<()> {
        self.state = state;
        Ok(())
    }
}

impl SlaveManager {
    /// Too many results of this slave were refused; the last one is the evidence.
    fn quarantine_for_result(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &str,
        sentence: &str,
        (batch_id, reason): (&str, &str),
    ) -> Result<()> {
        let evidence = Evidence::BadResult {
            batch_id: batch_id.to_owned(),
            reason: reason.to_owned(),
        };
        self.put_in_quarantine(ctx, slave, sentence, evidence)
    }

    /// No more work for this slave, and what it holds goes to others.
    fn put_in_quarantine(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &str,
        reason: &str,
        evidence: Evidence,
    ) -> Result<()> {
        let until_ms = ctx.now_ms().saturating_add(self.config.quarantine_ms);
        ctx.emit(&SlaveQuarantined {
            slave: slave.to_owned(),
            reason: reason.to_owned(),
            until_ms,
        })?;
        self.quarantine
            .add(ctx, slave, until_ms, reason, evidence)?;
        let mut freed = 0;
        for key in self.state.queue.held_by(slave) {
            freed += u64::from(self.state.queue.release(key, None));
        }
        ctx.error_with(
            "slave quarantined",
            &[("slave", &slave), ("reason", &reason)],
        );
        self.wake_polls(ctx, freed)?;
        self.report_conditions(ctx);
        Ok(())
    }

    pub(crate) fn view(&self, now_ms: u64) -> View<'_> {
        View {
            state: &self.state,
            quarantine: &self.quarantine,
            cordon: &self.cordon,
            now_ms,
        }
    }
}
