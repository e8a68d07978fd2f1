//! `slave_manager`: hands batches out to slaves over HTTP and takes their results.
//!
//! | | |
//! |---|---|
//! | handles | `new_batch`, `audit_batch`, `new_block`, `update`, `result_refused`, `slave_convicted` |
//! | emits | `batch_result` (durable), `slave_quarantined` (durable) |
//! | routes | `GET /get-batch`, `POST /submit-batch-result/<batch id>`, `POST /release-batch/<batch id>`, `GET /slaves`, `POST /pardon-slave` |
//! | config | `lease_ms`: how long a slave may take for a batch; `quarantine_ms`: how long a liar gets no work |
//! | stores | `quarantine/<slave>`; no batches: `job_manager` emits those again after a restart |
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
//! A slave that keeps sending bad results, or whose result others have shown to be wrong, goes into quarantine with the
//! evidence: it gets no work and its results are refused, until `quarantine_ms` are over or `POST /pardon-slave` with
//! `{"slave": name}` comes from this machine. A name is what a slave says it is, so this keeps out faults and fools; who
//! is let in at all is the host's to decide.

mod batches;
mod cannot_run;
mod config;
mod quarantine;
mod report;
mod slaves;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tig_events::{
    AuditBatch, BatchReceived, BlockHead, ListedPrecommit, NewBatch, ResultRefused, SlaveConvicted,
    SlaveQuarantined,
};
use tig_plugin_api::prelude::*;

use crate::batches::{Forgotten, Pushed, Queue, Rules, Version};
use crate::config::Config;
use crate::quarantine::{Evidence, Quarantine};
use crate::report::{Report, Waiting};
use crate::slaves::{Name, Slaves};

/// A poll for work is held for no longer, whatever the slave asks for.
const WAIT_MS_MAX: u64 = 50_000;

/// Held polls asked again for a batch that only one slave may have: it is likely to be among them.
const WAKES_FOR_ONE: u64 = 64;

/// Refused results in a row after which a slave goes into quarantine.
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
    proofs: BTreeMap<String, IgnoredAny>,
}

/// Body of `pardon-slave`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pardon {
    slave: String,
}

/// What a reload hands over.
#[derive(Clone, Default, Deserialize, Serialize)]
struct State {
    queue: Queue,
    slaves: Slaves,
    /// Some slave cannot run some algorithm until then.
    #[serde(default)]
    unable_until_ms: u64,
}

impl State {
    /// Asks held polls again for `freed` batches: more while the first of them may be of a slave that cannot have them.
    fn wake(&self, ctx: &mut Context<'_>, freed: u64) -> Result<()> {
        // Most polls free nothing, and each call of the host costs one.
        if freed == 0 {
            return Ok(());
        }
        let is_anybody_unable = ctx.now_ms() < self.unable_until_ms;
        ctx.wake(if is_anybody_unable {
            freed.max(WAKES_FOR_ONE)
        } else {
            freed
        })
    }
}

struct SlaveManager {
    config: Config,
    state: State,
    quarantine: Quarantine,
    /// Why batches waited at the last block.
    waiting: Waiting,
}

#[extension(
    routes(
        "GET /get-batch",
        "POST /submit-batch-result/*",
        "POST /release-batch/*",
        "GET /slaves",
        "POST /pardon-slave"
    ),
    emits(BatchReceived, SlaveQuarantined)
)]
impl SlaveManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let mut quarantine = Quarantine::restore(ctx)?;
        quarantine.settle(ctx, config.quarantine_ms)?;
        Ok(Self {
            config,
            state: State::default(),
            quarantine,
            waiting: Waiting::NoBatches,
        })
    }

    fn on_new_batch(&mut self, ctx: &mut Context<'_>, event: NewBatch) -> Result<()> {
        let now_ms = ctx.now_ms();
        let State { queue, slaves, .. } = &mut self.state;
        let pushed = queue.push(event.0, now_ms, |slave| slaves.is_present(slave, now_ms));
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

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.quarantine.settle(ctx, self.config.quarantine_ms)?;
        let freed = self.state.queue.expire(ctx.now_ms());
        self.state.wake(ctx, freed)?;
        self.measure(ctx);
        Ok(())
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let is_proved = |id: &str| event.proofs.contains_key(id);
        let queue = &mut self.state.queue;
        let Forgotten { ended, stale } =
            queue.follow(event.block.window, &event.precommits, is_proved);
        if ended > 0 {
            ctx.info_with(
                "batches of finished or expired jobs removed",
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

    /// `job_manager` knows more of a batch than this one.
    fn on_result_refused(&mut self, ctx: &mut Context<'_>, event: ResultRefused) -> Result<()> {
        let now_ms = ctx.now_ms();
        let in_a_row = match self.state.slaves.get_mut(&event.slave) {
            Some(slave) => slave.result_refused(&event.reason, now_ms),
            None => return Ok(()),
        };
        let batch_id = format!("{}_{}", event.benchmark_id, event.start_nonce);
        self.judge(ctx, &event.slave, in_a_row, batch_id, &event.reason)
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
            "/slaves" => {
                return HttpReply::json(200, &Report::new(&self.state, &self.quarantine, now_ms));
            }
            "/pardon-slave" => return self.pardon(ctx, &request),
            _ => {}
        }
        let Some(slave) = slaves::name(&request) else {
            return Ok(HttpReply::text(
                400,
                "header User-Agent is missing: it is the name of the slave",
            ));
        };
        if let Some(sentence) = self.quarantine.get(&slave, now_ms) {
            let text = format!("quarantined: {}", sentence.reason);
            return Ok(HttpReply::text(403, &text));
        }
        if let Some(batch_id) = request.path.strip_prefix(SUBMIT_PATH) {
            self.state.slaves.seen(&slave, now_ms);
            let rand_hash = request.header(RAND_HASH_HEADER);
            let rand_hash = rand_hash.filter(|stated| stated.len() <= RAND_HASH_BYTES_MAX);
            return self.submit_result(ctx, &slave, batch_id, (rand_hash, &request.body));
        }
        match request.path.strip_prefix(RELEASE_PATH) {
            Some(batch_id) => {
                self.state.slaves.seen(&slave, now_ms);
                self.release(ctx, &slave, batch_id, &request.body)
            }
            None => self.get_batch(ctx, &slave, &request.query, now_ms),
        }
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
    fn get_batch(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        query: &str,
        now_ms: u64,
    ) -> Result<HttpReply> {
        let State { queue, slaves, .. } = &mut self.state;
        let freed = queue.expire(now_ms);
        let stats = slaves.seen(slave, now_ms);
        let leased = if now_ms < stats.resting_until_ms {
            None
        } else {
            let cannot_run = stats.cannot_run.current(now_ms);
            let cannot_run: BTreeSet<&str> =
                cannot_run.map(|of| of.algorithm_id.as_str()).collect();
            queue.lease(slave, now_ms, self.config.lease_ms, &cannot_run)
        };
        // One of them is for this slave.
        let freed = freed.saturating_sub(u64::from(leased.is_some()));
        self.state.wake(ctx, freed)?;
        match leased.and_then(|key| self.state.queue.batch(key)) {
            Some(batch) => HttpReply::json(200, &batch),
            None => {
                let reply = HttpReply::text(404, "No batches available");
                let wait_ms = wait_ms(query).min(WAIT_MS_MAX);
                Ok(if wait_ms > 0 {
                    reply.hold(wait_ms)
                } else {
                    reply
                })
            }
        }
    }

    fn wake(&self, ctx: &mut Context<'_>, pushed: Pushed) -> Result<()> {
        match pushed {
            Pushed::Nothing => Ok(()),
            Pushed::Open => self.state.wake(ctx, 1),
            Pushed::Reserved => ctx.wake(WAKES_FOR_ONE),
        }
    }

    fn measure(&self, ctx: &mut Context<'_>) {
        let queue = &self.state.queue;
        for version in Version::ALL {
            let queued = queue.num_queued_of(version) as f64;
            ctx.gauge("batches_queued", &[("version", version.name())], queued);
        }
        ctx.gauge("batches_leased", &[], queue.num_leased() as f64);
        let present = self.state.slaves.num_present(ctx.now_ms());
        ctx.gauge("slaves_present", &[], present as f64);
    }

    /// Counts what has gone wrong; too much of it in a row ends in quarantine.
    fn judge(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &str,
        in_a_row: u32,
        batch_id: String,
        reason: &str,
    ) -> Result<()> {
        if in_a_row < REFUSALS_MAX {
            return Ok(());
        }
        let evidence = Evidence::BadResult {
            batch_id,
            reason: reason.to_owned(),
        };
        let reason = format!("{in_a_row} bad results in a row");
        self.put_in_quarantine(ctx, slave, &reason, evidence)
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
        self.state.wake(ctx, freed)
    }

    fn pardon(&mut self, ctx: &mut Context<'_>, request: &HttpRequest) -> Result<HttpReply> {
        if let Err(error) = request.check_local() {
            return Ok(HttpReply::text(403, &error.to_string()));
        }
        let pardon: Pardon = match serde_json::from_slice(&request.body) {
            Ok(pardon) => pardon,
            Err(error) => {
                return Ok(HttpReply::text(
                    400,
                    &format!("the body is not a pardon: {error}"),
                ));
            }
        };
        if !self.quarantine.pardon(ctx, &pardon.slave)? {
            return Ok(HttpReply::text(404, "this slave is not in quarantine"));
        }
        if let Some(slave) = self.state.slaves.get_mut(&pardon.slave) {
            (slave.in_a_row, slave.resting_until_ms) = (0, 0);
        }
        ctx.warn_with(
            "slave pardoned",
            &[("slave", &slaves::reason(&pardon.slave))],
        );
        Ok(HttpReply::text(200, "OK"))
    }

    fn log_queue(&mut self, ctx: &mut Context<'_>) {
        let queue = &self.state.queue;
        let (queued, leased) = (queue.num_queued(), queue.num_leased());
        if queued + leased > 0 {
            ctx.info_with(
                "queue",
                &[
                    ("queued", &queued),
                    ("priority", &queue.num_queued_of(Version::Proof)),
                    ("leased", &leased),
                ],
            );
        }
        let waiting = report::waiting(&self.state, ctx.now_ms());
        if waiting == Waiting::NoSlaves && self.waiting != waiting {
            ctx.warn("batches wait, but no slave has asked for a minute: start one");
        }
        self.waiting = waiting;
    }
}

/// Value of `wait` in a query; 0 if it is missing or no number.
fn wait_ms(query: &str) -> u64 {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let wait = pairs.find(|(key, _)| *key == "wait");
    wait.and_then(|(_, value)| value.parse().ok())
        .unwrap_or_default()
}
