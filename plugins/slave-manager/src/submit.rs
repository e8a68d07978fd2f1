//! What slaves bring: results, and batches that they give back.

use serde::Deserialize;
use tig_events::{BatchReceived, is_reconfirmed};
use tig_plugin_api::prelude::*;
use tig_protocol::BatchResult;

use crate::batches::{BatchKey, Known};
use crate::slaves::{self, Name};
use crate::{REFUSALS_MAX, SlaveManager, State};

const BAD_BATCH_ID: &str = "the batch id must be <benchmark id>_<start nonce>";

const STALE: &str =
    "the network has reconfirmed this precommit since the batch was handed out: ask for it again";

/// The reason of a slave that is stopping, which does not count as a failure.
const STOPPING: &str = "stopping";

/// Body of `release-batch`.
#[derive(Deserialize)]
struct Release {
    reason: String,
    /// The slave cannot run the batch's algorithm for so long; slaves that do not say so may be offered another one at once.
    #[serde(default)]
    retry_ms: Option<u64>,
}

impl SlaveManager {
    pub(crate) fn submit_result(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        batch_id: &str,
        (stated, body): (Option<&str>, &[u8]),
    ) -> Result<HttpReply> {
        let Some((benchmark_id, start_nonce)) = parse_batch_id(batch_id) else {
            return Ok(self.refuse(ctx, slave, batch_id, BAD_BATCH_ID));
        };
        let result: BatchResult = match serde_json::from_slice(body) {
            Ok(result) => result,
            Err(error) => {
                // Without a result the version that was meant is unknown: both leases end.
                let held = self.release_held(ctx, benchmark_id, start_nonce, slave, true)?;
                let reason = format!("the body is not a result: {error}");
                return self.refuse_result(ctx, slave, batch_id, &reason, held);
            }
        };
        let queue = &mut self.state.queue;
        let may_be_stale = queue.take_stale(benchmark_id, start_nonce, slave);
        let expected = queue.rand_hash(benchmark_id);
        let is_stale = match (stated, expected) {
            (Some(_), Some(_)) => is_reconfirmed(stated, expected),
            _ => may_be_stale,
        };
        let rand_hash = stated.or(expected).map(str::to_owned);
        if is_stale {
            // Others first: it may have the same batch again already, and deliver the former result for that.
            self.release_held(ctx, benchmark_id, start_nonce, slave, true)?;
            return Ok(reject_stale(ctx, slave, batch_id));
        }
        let has_proofs = !result.merkle_proofs.is_empty();
        let queue = &mut self.state.queue;
        let key = match queue.find(benchmark_id, start_nonce, has_proofs, slave) {
            Known::Completed => return Ok(HttpReply::text(200, "OK")),
            Known::No => None,
            Known::Open(mut batch, key) => {
                if key.is_none() && !has_proofs {
                    batch.sampled_nonces.clear();
                }
                if let Err(error) = batch.check(&result) {
                    // Only a slave that had other samples before a rollback can have meant those. Its lease stays: it has the
                    // present ones too, or another slave has them.
                    if has_proofs
                        && batch.proves_other_nonces(&result, &error)
                        && queue.take_resampled(benchmark_id, start_nonce, slave)
                    {
                        return Ok(reject_stale(ctx, slave, batch_id));
                    }
                    let held = self.release_held(ctx, benchmark_id, start_nonce, slave, true)?;
                    return self.refuse_result(ctx, slave, batch_id, &error.to_string(), held);
                }
                key.map(|key| (key, batch.num_nonces))
            }
        };
        ctx.emit(&BatchReceived {
            benchmark_id: benchmark_id.to_owned(),
            start_nonce,
            slave: slave.to_string(),
            rand_hash,
            result,
        })?;
        let Some((key, num_nonces)) = key else {
            // If this one is refused, an earlier answer of the slave must not be taken for it.
            let queue = &mut self.state.queue;
            queue.take_answer(benchmark_id, start_nonce, slave);
            return Ok(HttpReply::text(200, "OK"));
        };
        self.completed(ctx, slave, benchmark_id, (key, num_nonces));
        Ok(HttpReply::text(200, "OK"))
    }

    /// A result of the slave was passed on, and its batch is done.
    fn completed(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        benchmark_id: &str,
        (key, num_nonces): (BatchKey, u64),
    ) {
        self.state.queue.complete(key, slave);
        let now_ms = ctx.now_ms();
        let stats = self.state.slaves.seen(slave, now_ms);
        stats.delivered(num_nonces, now_ms);
        self.state.rates.add_nonces(num_nonces, now_ms);
        if let Some(algorithm_id) = self.state.queue.algorithm_id(benchmark_id) {
            stats.cannot_run.remove(algorithm_id);
        }
        ctx.count("results", &[("outcome", "accepted")], 1);
        ctx.count("nonces", &[], num_nonces);
    }

    /// A slave cannot do a batch that it holds; nothing happens to what it does not hold.
    pub(crate) fn release(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        batch_id: &str,
        body: &[u8],
    ) -> Result<HttpReply> {
        let Some((benchmark_id, start_nonce)) = parse_batch_id(batch_id) else {
            return Ok(self.refuse(ctx, slave, batch_id, BAD_BATCH_ID));
        };
        let (reason, retry_ms) = match serde_json::from_slice::<Release>(body) {
            Ok(release) => (slaves::reason(&release.reason), release.retry_ms),
            Err(error) => {
                let reason = format!("the body is not a release: {error}");
                return Ok(self.refuse(ctx, slave, batch_id, &reason));
            }
        };
        let is_failure = reason != STOPPING;
        let queue = &self.state.queue;
        let is_held = !queue.held(benchmark_id, start_nonce, slave).is_empty();
        if is_held && is_failure {
            ctx.count("results", &[("outcome", "given_back")], 1);
            match retry_ms {
                // Before the batch is free: the slave may have a poll held, and must not be woken for it.
                Some(retry_ms) => {
                    self.skip_algorithm(ctx, slave, benchmark_id, (&reason, retry_ms))
                }
                None => {
                    let now_ms = ctx.now_ms();
                    let stats = self.state.slaves.seen(slave, now_ms);
                    stats.failed(&reason, now_ms);
                    ctx.warn_with(
                        "batch released by its slave",
                        &[
                            ("slave", &slave.as_ref()),
                            ("batch_id", &batch_id),
                            ("reason", &reason),
                        ],
                    );
                }
            }
        }
        let was_held = self.release_held(ctx, benchmark_id, start_nonce, slave, is_failure)?;
        // Processes may share a name, and another one may still compute.
        let has_left = was_held && !is_failure && self.state.queue.num_leased_to(slave) == 0;
        if has_left && let Some(stats) = self.state.slaves.get_mut(slave) {
            stats.has_left = true;
        }
        Ok(HttpReply::text(200, "OK"))
    }

    /// No batch of this job's algorithm for the slave, for a while.
    fn skip_algorithm(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        benchmark_id: &str,
        (reason, retry_ms): (&str, u64),
    ) {
        let now_ms = ctx.now_ms();
        let State {
            queue,
            slaves,
            unable_until_ms,
            ..
        } = &mut self.state;
        let Some(algorithm_id) = queue.algorithm_id(benchmark_id) else {
            return;
        };
        let stats = slaves.seen(slave, now_ms);
        let (until_ms, is_news) = stats.cannot_run(algorithm_id, reason, retry_ms, now_ms);
        *unable_until_ms = until_ms.max(*unable_until_ms);
        if is_news {
            ctx.warn_with(
                "slave cannot run an algorithm, and is offered no batch of it for a while",
                &[
                    ("slave", &slave.as_ref()),
                    ("algorithm_id", &algorithm_id),
                    ("reason", &reason),
                ],
            );
        }
    }

    /// What is sent under a slave's name counts against it only if it is the answer to a batch that the slave holds:
    /// names are easily forged.
    fn refuse_result(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        batch_id: &str,
        reason: &str,
        held: bool,
    ) -> Result<HttpReply> {
        if !held {
            return Ok(self.refuse(ctx, slave, batch_id, reason));
        }
        let now_ms = ctx.now_ms();
        let stats = self.state.slaves.seen(slave, now_ms);
        let refused_in_a_row = stats.result_refused(reason, now_ms);
        log_rejected(ctx, slave, batch_id, reason);
        if refused_in_a_row >= REFUSALS_MAX {
            let sentence = format!("{refused_in_a_row} bad results in a row");
            self.quarantine_for_result(ctx, slave, &sentence, (batch_id, reason))?;
        }
        Ok(HttpReply::text(400, reason))
    }

    fn refuse(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &Name,
        batch_id: &str,
        reason: &str,
    ) -> HttpReply {
        let now_ms = ctx.now_ms();
        self.state.slaves.seen(slave, now_ms).refused(reason);
        log_rejected(ctx, slave, &slaves::reason(batch_id), reason);
        HttpReply::text(400, reason)
    }

    /// Puts what the slave holds of a batch back in the queue; `false` if that is nothing.
    fn release_held(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        start_nonce: u64,
        slave: &Name,
        is_failure: bool,
    ) -> Result<bool> {
        let failed_ms = is_failure.then(|| ctx.now_ms());
        let held = self.state.queue.held(benchmark_id, start_nonce, slave);
        let mut freed = 0;
        for &key in &held {
            freed += u64::from(self.state.queue.release(key, failed_ms));
        }
        self.wake_polls(ctx, freed)?;
        Ok(!held.is_empty())
    }
}

/// No fault of the slave: the batch was handed out before a rollback.
fn reject_stale(ctx: &mut Context<'_>, slave: &Name, batch_id: &str) -> HttpReply {
    ctx.info_with(
        "stale result rejected",
        &[
            ("slave", &slave.as_ref()),
            ("batch_id", &batch_id),
            ("reason", &STALE),
        ],
    );
    HttpReply::text(409, STALE)
}

fn log_rejected(ctx: &mut Context<'_>, slave: &str, batch_id: &str, reason: &str) {
    ctx.count("results", &[("outcome", "refused")], 1);
    ctx.warn_with(
        "result rejected",
        &[
            ("slave", &slave),
            ("batch_id", &batch_id),
            ("reason", &reason),
        ],
    );
}

/// Splits `<benchmark id>_<start nonce>`.
fn parse_batch_id(batch_id: &str) -> Option<(&str, u64)> {
    let (benchmark_id, start_nonce) = batch_id.split_once('_')?;
    let is_id = !benchmark_id.is_empty()
        && benchmark_id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric());
    let is_number = start_nonce.bytes().all(|byte| byte.is_ascii_digit());
    (is_id && is_number).then_some((benchmark_id, start_nonce.parse().ok()?))
}
