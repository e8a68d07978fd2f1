//! `slave_manager`: hands batches out to slaves over HTTP and takes their results.
//!
//! | | |
//! |---|---|
//! | handles | `new_batch`, `new_block`, `update` |
//! | emits | `batch_result` (durable) |
//! | routes | `GET /get-batch`, `POST /submit-batch-result/<batch id>`, `POST /release-batch/<batch id>`, `GET /slaves` |
//! | config | `lease_ms`: how long a slave may take for a batch |
//! | stores | nothing: `job_manager` emits the batches again after a restart |
//!
//! A batch id is `<benchmark id>_<start nonce>`. A slave that cannot do a batch gives it back by `release-batch` with
//! `{"reason": text}`, so that another gets it before the lease is over; slaves of the earlier master do not know it.
//!
//! A result is accepted from whoever has it, because work is work: the lease only keeps others from doing it too. Every
//! reply of 200 means that the result is on disk or not needed. A result for a batch that is not known here is passed on
//! if it is well formed: after a restart slaves still hold batches that are not queued yet, and `job_manager` checks
//! every result anyway.

mod pairs;
mod queue;
mod slaves;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::json;
use tig_events::{BatchReceived, BlockHead, NewBatch};
use tig_plugin_api::prelude::*;
use tig_protocol::{BatchResult, api::Precommit};

use crate::{
    queue::{Known, Queue},
    slaves::Slaves,
};

/// How long a batch is out with a slave before it is given to another, unless configured.
const LEASE_MS: u64 = 120_000;

const SUBMIT_PATH: &str = "/submit-batch-result/";

const RELEASE_PATH: &str = "/release-batch/";

const BAD_BATCH_ID: &str = "the batch id must be <benchmark id>_<start nonce>";

#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default = "default_lease_ms")]
    lease_ms: u64,
}

fn default_lease_ms() -> u64 {
    LEASE_MS
}

/// What is read of `new_block`.
#[derive(Deserialize)]
struct NewBlock {
    block: BlockHead,
    #[serde(default)]
    precommits: BTreeMap<String, Precommit>,
    #[serde(default)]
    proofs: BTreeMap<String, IgnoredAny>,
}

/// Body of `release-batch`.
#[derive(Deserialize)]
struct Release {
    reason: String,
}

/// What a reload hands over.
#[derive(Clone, Default, Deserialize, Serialize)]
struct State {
    queue: Queue,
    slaves: Slaves,
}

struct SlaveManager {
    config: Config,
    state: State,
}

#[extension(
    routes(
        "GET /get-batch",
        "POST /submit-batch-result/*",
        "POST /release-batch/*",
        "GET /slaves"
    ),
    emits(BatchReceived)
)]
impl SlaveManager {
    fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self {
            config,
            state: State::default(),
        })
    }

    fn on_new_batch(&mut self, _ctx: &mut Context<'_>, event: NewBatch) -> Result<()> {
        self.state.queue.push(event.0);
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.state.queue.expire(ctx.now_ms());
        Ok(())
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let block_started = |id: &str| {
            event
                .precommits
                .get(id)
                .map(|precommit| precommit.details.block_started)
        };
        let is_proved = |id: &str| event.proofs.contains_key(id);
        let queue = &mut self.state.queue;
        let purged = queue.purge(
            event.block.height,
            event.block.lifespan_blocks,
            block_started,
            is_proved,
        );
        if purged > 0 {
            ctx.info(&format!(
                "{purged} batches of finished or expired jobs forgotten"
            ));
        }
        let (queued, priority, leased) =
            (queue.num_queued(), queue.num_priority(), queue.num_leased());
        if queued + leased > 0 {
            ctx.info(&format!(
                "queue: {queued} batches, {priority} of them priority, and {leased} leased"
            ));
        }
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        let now_ms = ctx.now_ms();
        if request.path == "/slaves" {
            return self.report(now_ms);
        }
        let Some(slave) = slaves::name(&request) else {
            return Ok(HttpReply::text(
                400,
                "header User-Agent is missing: it is the name of the slave",
            ));
        };
        self.state.slaves.seen(&slave, now_ms);
        if let Some(batch_id) = request.path.strip_prefix(SUBMIT_PATH) {
            return self.submit_result(ctx, &slave, batch_id, &request.body);
        }
        match request.path.strip_prefix(RELEASE_PATH) {
            Some(batch_id) => Ok(self.release(ctx, &slave, batch_id, &request.body)),
            None => self.get_batch(now_ms, &slave),
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
    fn get_batch(&mut self, now_ms: u64, slave: &str) -> Result<HttpReply> {
        let queue = &mut self.state.queue;
        queue.expire(now_ms);
        match queue.lease(slave, now_ms.saturating_add(self.config.lease_ms)) {
            Some(batch) => HttpReply::json(200, batch),
            None => Ok(HttpReply::text(404, "No batches available")),
        }
    }

    fn submit_result(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &str,
        batch_id: &str,
        body: &[u8],
    ) -> Result<HttpReply> {
        let Some((benchmark_id, start_nonce)) = parse_batch_id(batch_id) else {
            return Ok(self.refuse(ctx, slave, BAD_BATCH_ID));
        };
        let result: BatchResult = match serde_json::from_slice(body) {
            Ok(result) => result,
            Err(error) => {
                // Without a result it cannot be told which version was meant: both leases end.
                self.give_back(benchmark_id, start_nonce, slave);
                return Ok(self.refuse(
                    ctx,
                    slave,
                    &format!("batch {batch_id}: the body is no result: {error}"),
                ));
            }
        };
        let has_proofs = !result.merkle_proofs.is_empty();
        let place = match self
            .state
            .queue
            .find(benchmark_id, start_nonce, has_proofs, slave)
        {
            Known::Finished => return Ok(HttpReply::text(200, "OK")),
            Known::No => None,
            Known::Open(batch, place) => {
                let mut batch = batch.clone();
                if place.is_none() && !has_proofs {
                    batch.sampled_nonces.clear();
                }
                if let Err(error) = batch.check(&result) {
                    self.give_back(benchmark_id, start_nonce, slave);
                    return Ok(self.refuse(ctx, slave, &format!("batch {batch_id}: {error}")));
                }
                place.map(|place| (place, batch.num_nonces))
            }
        };
        let benchmark_id = benchmark_id.to_owned();
        ctx.emit(&BatchReceived {
            benchmark_id,
            start_nonce,
            slave: slave.to_owned(),
            result,
        })?;
        if let Some((place, num_nonces)) = place {
            self.state.queue.finish(place);
            let slave = self.state.slaves.seen(slave, ctx.now_ms());
            slave.batches += 1;
            slave.nonces += num_nonces;
        }
        Ok(HttpReply::text(200, "OK"))
    }

    /// A slave cannot do a batch that it holds; nothing happens to what it does not hold.
    fn release(
        &mut self,
        ctx: &mut Context<'_>,
        slave: &str,
        batch_id: &str,
        body: &[u8],
    ) -> HttpReply {
        let Some((benchmark_id, start_nonce)) = parse_batch_id(batch_id) else {
            return self.refuse(ctx, slave, BAD_BATCH_ID);
        };
        let reason = match serde_json::from_slice::<Release>(body) {
            Ok(release) => release.reason,
            Err(error) => {
                return self.refuse(ctx, slave, &format!("the body is no release: {error}"));
            }
        };
        self.give_back(benchmark_id, start_nonce, slave);
        ctx.warn(&format!(
            "slave {slave}: batch {batch_id} given back: {reason}"
        ));
        HttpReply::text(200, "OK")
    }

    fn refuse(&mut self, ctx: &mut Context<'_>, slave: &str, reason: &str) -> HttpReply {
        self.state.slaves.seen(slave, ctx.now_ms()).errors += 1;
        ctx.warn(&format!("slave {slave}: refused, {reason}"));
        HttpReply::text(400, reason)
    }

    fn give_back(&mut self, benchmark_id: &str, start_nonce: u64, slave: &str) {
        for has_proofs in [true, false] {
            let known = self
                .state
                .queue
                .find(benchmark_id, start_nonce, has_proofs, slave);
            if let Known::Open(_, Some(place)) = known
                && self.state.queue.is_holder(place, slave)
            {
                self.state.queue.give_back(place);
            }
        }
    }

    fn report(&self, now_ms: u64) -> Result<HttpReply> {
        let queue = &self.state.queue;
        let slaves: Vec<_> = self
            .state
            .slaves
            .iter()
            .map(|(name, slave)| {
                json!({
                    "name": name,
                    "batches": slave.batches,
                    "errors": slave.errors,
                    "nonces": slave.nonces,
                    "leased": queue.num_leased_to(name),
                    "last_seen_ms_ago": now_ms.saturating_sub(slave.last_seen_ms),
                })
            })
            .collect();
        let report = json!({
            "queued": queue.num_queued(),
            "priority": queue.num_priority(),
            "leased": queue.num_leased(),
            "slaves": slaves,
        });
        HttpReply::json(200, &report)
    }
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
