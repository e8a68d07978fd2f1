//! Stock extension `data_fetcher`: turns what the network's API shows into events (benchmarker.md section 4).
//!
//! | | |
//! |---|---|
//! | handles | `update`, answers to its requests |
//! | emits | `new_block`, then `precommit_confirmed`, `benchmark_confirmed`, `proof_confirmed`; `alert` |
//! | routes | `GET /operator/panel/network` |
//! | conditions | `api_unreachable`, `api_refuses`, `api_fails`, `network_stalled`, `listing_emptied`, `clock_off`; `fraud_flagged` (subject: benchmark) |
//! | metrics | gauges `block_height`, `block_age_seconds` (since it came), `api_latency_seconds`; counter `polls` by outcome |
//! | config keys | none |
//! | stored keys | none: after a restart every listed precommit is news again |
//!
//! `new_block` goes first because the consumers of the other events need what it brings (limits, download URLs): events
//! are delivered in one global order, so nobody has to wait for it.

mod conditions;
mod failure;
mod health;
mod history;
mod observe;
mod panel;
mod query;
mod retry;
mod round;
mod snapshot;
#[cfg(test)]
mod tests;

use tig_events::{Alert, AlertKind, BenchmarkConfirmed, PrecommitConfirmed, ProofConfirmed};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;
use tig_protocol::PlayerId;

use crate::failure::Failure;
use crate::health::Health;
use crate::history::{History, Stage, Standing};
use crate::query::Query;
use crate::retry::Retry;
use crate::round::{Bodies, Round};
use crate::snapshot::{Snapshot, parse_head};

/// Without a new block for so long the network is taken to stand still.
const STALL_MS: u64 = 600_000;

/// Records left out that are named in one log line.
const LEFT_OUT_NAMED_MAX: usize = 3;

#[derive(ConfigSchema, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {}

struct DataFetcher {
    player_id: PlayerId,
    round: Round,
    retry: Retry,
    /// The last snapshot; `None` before the first.
    history: Option<History>,
    /// Last line about records left out, to say it once.
    left_out: String,
    /// The log has shown that the host's limit is met: once, not each minute.
    is_limit_logged: bool,
    /// When the last new block came.
    last_block_ms: Option<u64>,
    /// The event about its absence was emitted.
    is_stall_reported: bool,
    health: Health,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /operator/panel/network"),
    emits(
        Alert,
        Snapshot,
        PrecommitConfirmed,
        BenchmarkConfirmed,
        ProofConfirmed
    ),
    identity(
        player_id: "The account.",
        api_url: "Base URL of the network's API." = tig_events::API_URL_DEFAULT
    ),
    rates(api_url = tig_events::API_RATES)
)]
impl DataFetcher {
    fn new(_config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let given = ctx.settings().player_id.as_str();
        let player_id: PlayerId = match given.parse() {
            Ok(player_id) => player_id,
            Err(error) => bail!("`player_id`: {error}"),
        };
        if player_id.as_str() != given {
            ctx.info_with(
                "`player_id` is used as the network writes it",
                &[("player_id", &player_id.to_string())],
            );
        }
        if ctx.settings().api_url.is_empty() {
            bail!("`api_url` is empty: state the base URL of the network's API");
        }
        Ok(Self {
            player_id,
            round: Round::Idle,
            retry: Retry::default(),
            history: None,
            left_out: String::new(),
            is_limit_logged: false,
            last_block_ms: None,
            is_stall_reported: false,
            health: Health::default(),
            reported: ReportedConditions::default(),
        })
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if self.round.is_overdue(now_ms) {
            let limit_ms = round::ROUND_MS_MAX;
            self.give_up(ctx, &Failure::Overdue { limit_ms });
        }
        if self.round.is_idle() && self.retry.is_due(now_ms) {
            let round_id = ctx.random_u64();
            ctx.http(&Query::Block.call(ctx.settings(), &self.player_id, round_id, ""))?;
            self.round = Round::begin(round_id, now_ms);
            self.health.began(now_ms);
        }
        self.observe(ctx);
        Ok(())
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        let Some((round_id, query)) = Query::from_tag(&response.tag) else {
            return Ok(());
        };
        if !self.round.expects(round_id, query) {
            ctx.debug_with(
                "an answer of a round given up is ignored",
                &[("query", &query.to_string())],
            );
            return Ok(());
        }
        if let (Query::Block, Ok(answer)) = (query, &response.result) {
            self.health.answered(ctx.now_ms(), answer);
        }
        match failure::body_of(query, response) {
            Ok(body) => self.body_came(ctx, round_id, query, body)?,
            Err(failure) => self.give_up(ctx, &failure),
        }
        self.observe(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        self.panel(ctx)
    }

    fn snapshot(&mut self) -> Result<Option<History>> {
        Ok(self.history.clone())
    }

    fn restore(&mut self, ctx: &mut Context<'_>, history: Option<History>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let seen_ms = history.as_ref().map(History::seen_ms);
        self.last_block_ms = seen_ms.map(|seen_ms| if seen_ms == 0 { now_ms } else { seen_ms });
        self.is_stall_reported = self.is_stalled(now_ms);
        self.history = history;
        Ok(())
    }
}

impl DataFetcher {
    fn body_came(
        &mut self,
        ctx: &mut Context<'_>,
        round_id: u64,
        query: Query,
        body: Vec<u8>,
    ) -> Result<()> {
        match query {
            Query::Block => self.block_answered(ctx, round_id, body),
            Query::Algorithms | Query::Players | Query::Benchmarks | Query::Challenges => {
                match self.round.answered(query, body) {
                    Some(bodies) => self.publish(ctx, &bodies),
                    None => Ok(()),
                }
            }
        }
    }

    fn block_answered(
        &mut self,
        ctx: &mut Context<'_>,
        round_id: u64,
        body: Vec<u8>,
    ) -> Result<()> {
        let head = match parse_head(&body) {
            Ok(head) => head,
            Err(failure) => {
                self.give_up(ctx, &failure);
                return Ok(());
            }
        };
        match history::standing(self.history.as_ref(), &head) {
            Standing::Known => {
                self.round = Round::Idle;
                self.recovered(ctx);
                return self.look_for_stall(ctx);
            }
            Standing::Regression { last } => {
                let height = head.window.height;
                self.give_up(ctx, &Failure::Regression { last, height });
                return Ok(());
            }
            Standing::Replacement => ctx.warn_with(
                "block replaces another one at its height",
                &[("block_id", &head.id), ("height", &head.window.height)],
            ),
            Standing::New => {}
        }
        for query in Query::of_a_block() {
            ctx.http(&query.call(ctx.settings(), &self.player_id, round_id, &head.id))?;
        }
        self.round.block_found(body);
        Ok(())
    }

    /// Emits what a complete round has brought. Everything is parsed before anything is emitted.
    fn publish(&mut self, ctx: &mut Context<'_>, bodies: &Bodies) -> Result<()> {
        let snapshot = match Snapshot::parse(bodies, self.player_id.as_str()) {
            Ok(snapshot) => snapshot,
            Err(failure) => {
                self.give_up(ctx, &failure);
                return Ok(());
            }
        };
        let last = self.history.as_ref();
        ctx.emit(&snapshot)?;
        for progress in history::progress(last, &snapshot) {
            let name = match progress.stage {
                Stage::Precommit => PrecommitConfirmed::NAME,
                Stage::Benchmark => BenchmarkConfirmed::NAME,
                Stage::Proof => ProofConfirmed::NAME,
            };
            ctx.emit_json(name, &progress)?;
        }
        for notice in history::notices(last, &snapshot) {
            publish_alert(ctx, notice.alert())?;
        }
        let now_ms = ctx.now_ms();
        (self.last_block_ms, self.is_stall_reported) = (Some(now_ms), false);
        self.log_left_out(ctx, &snapshot.left_out);
        self.history = Some(History::of(&snapshot, self.history.as_ref(), now_ms));
        self.recovered(ctx);
        Ok(())
    }

    fn give_up(&mut self, ctx: &mut Context<'_>, failure: &Failure) {
        self.round = Round::Idle;
        let (now_ms, unit) = (ctx.now_ms(), ctx.random_unit());
        self.health.failed(now_ms, failure);
        let outcome = match failure {
            Failure::Limited { .. } => "rate_limited",
            _ => "failed",
        };
        ctx.count("polls", &[("outcome", outcome)], 1);
        let message = format!("no snapshot; {}; trying again", failure.advice());
        let fields: &LogFields<'_> = &[
            ("url", &ctx.settings().api_url),
            ("reason", &failure.to_string()),
        ];
        let is_loud = match failure {
            Failure::Limited { wait_ms, .. } => {
                // Nothing has failed: the next round begins when there is a turn for it.
                self.retry.wait(now_ms, *wait_ms);
                !std::mem::replace(&mut self.is_limit_logged, true)
            }
            _ => self.retry.failed(now_ms, unit),
        };
        if is_loud {
            ctx.warn_with(&message, fields);
        } else {
            ctx.debug_with(&message, fields);
        }
        if failure.is_rate_limit() {
            self.retry.rest(now_ms);
        }
    }

    fn recovered(&mut self, ctx: &mut Context<'_>) {
        self.health.succeeded(ctx.now_ms());
        ctx.count("polls", &[("outcome", "ok")], 1);
        let failures = self.retry.succeeded();
        if failures > 0 {
            let url = &ctx.settings().api_url;
            ctx.info_with(
                "the API answers again",
                &[("url", url), ("failed_attempts", &failures)],
            );
        }
    }

    /// The API answers, but always with the same block.
    fn look_for_stall(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if self.is_stall_reported || !self.is_stalled(now_ms) {
            return Ok(());
        }
        self.is_stall_reported = true;
        let since_ms = now_ms.saturating_sub(self.last_block_ms.unwrap_or(now_ms));
        let text = format!(
            "no new block for {} s: the network stands still, or {} serves old answers",
            since_ms / 1_000,
            ctx.settings().api_url
        );
        publish_alert(
            ctx,
            Alert {
                kind: AlertKind::NetworkStalled,
                benchmark_id: None,
                text,
            },
        )
    }

    fn is_stalled(&self, now_ms: u64) -> bool {
        self.last_block_ms
            .is_some_and(|last_ms| now_ms.saturating_sub(last_ms) >= STALL_MS)
    }

    fn log_left_out(&mut self, ctx: &mut Context<'_>, left_out: &[String]) {
        let named = &left_out[..left_out.len().min(LEFT_OUT_NAMED_MAX)];
        let text = named.join("; ");
        if !text.is_empty() && text != self.left_out {
            let count = left_out.len();
            ctx.warn_with("records left out", &[("count", &count), ("records", &text)]);
        }
        self.left_out = text;
    }
}

/// Emits and logs an alert. Frauds cost money already spent, the rest can still be mended.
fn publish_alert(ctx: &mut Context<'_>, alert: Alert) -> Result<()> {
    ctx.emit(&alert)?;
    let fields: &LogFields<'_> = &[
        ("kind", &alert.kind),
        ("benchmark_id", &alert.benchmark_id),
        ("text", &alert.text),
    ];
    match alert.kind {
        AlertKind::Fraud => ctx.error_with("alert", fields),
        _ => ctx.warn_with("alert", fields),
    }
    Ok(())
}
