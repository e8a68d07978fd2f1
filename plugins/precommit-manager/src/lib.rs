//! Stock extension `precommit_manager`: decides what is worth a fee (benchmarker.md section 4).
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `difficulty_samples`, `throughput`, `update`, `drain`, `submit_precommit_success`, `submit_precommit_error`, `precommits_delayed`, `precommit_dropped` |
//! | emits | `precommit_ready` |
//! | routes | `GET /precommits`: the current block, and why each challenge is or is not precommitted |
//! | config keys | `max_precommits_per_block`, `max_unresolved`, `budget_per_day`, `algo_selection` {challenge name: `algorithm`, `num_nonces`, `weight`, `max_fee`} |
//! | stored keys | `ledger`: what was precommitted at the current block; `spend`: fees of the last day |
//!
//! Nothing is begun that the slaves, as fast as they were lately, could not prove while it counts, nor with an algorithm of
//! which a benchmark was flagged as fraud, nor while the host drains.
//! It acts as soon as all challenges have their samples, and at each `update` with those that have.

mod board;
mod choice;
mod config;
mod ledger;
mod lifetime;
mod market;
mod plan;
mod reason;
mod report;
mod spend;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_events::{
    BlockClock, DifficultySamples, PrecommitDropped, PrecommitReady, PrecommitsDelayed,
    SubmitPrecommitError, Throughput,
};
use tig_plugin_api::prelude::*;
use tig_protocol::{BenchmarkSettings, PlayerId};

use crate::board::Board;
use crate::config::Config;
use crate::ledger::Ledger;
use crate::market::{Market, NewBlock};
use crate::plan::Samples;
use crate::reason::Hold;
use crate::report::{Reporter, View};
use crate::spend::Spend;

struct PrecommitManager {
    config: Config,
    /// As the network writes it.
    player_id: String,
    board: Board,
    ledger: Ledger,
    /// That of the block before, whose precommits may not have been sent.
    former: Ledger,
    spend: Spend,
    is_draining: bool,
    /// The last that the limit of requests a minute has refused.
    delayed: Option<PrecommitsDelayed>,
    /// Why the last attempt ended.
    hold: Hold,
    reporter: Reporter,
}

/// What a successor is given, so that a reload neither pays twice nor waits for the next block.
#[derive(Deserialize, Serialize)]
struct Handover {
    market: Option<Market>,
    samples: BTreeMap<String, Samples>,
    ledger: Ledger,
    #[serde(default)]
    throughput: Throughput,
    #[serde(default)]
    clock: BlockClock,
    #[serde(default)]
    is_draining: bool,
}

/// The body of a precommit request.
#[derive(Deserialize)]
struct Request {
    settings: BenchmarkSettings,
}

#[extension(
    routes("GET /precommits"),
    emits(PrecommitReady),
    identity(player_id: "The account.")
)]
impl PrecommitManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        // Damaged, they are set aside. A store that cannot be read does not justify paying twice: then there is no instance.
        let ledger: Option<Ledger> = ctx.get_sound("ledger")?;
        let spend: Option<Spend> = ctx.get_sound("spend")?;
        // `data_fetcher` refuses what is not an id.
        let given = ctx.settings().player_id.as_str();
        let player_id = given.parse::<PlayerId>();
        let player_id = player_id.map_or(given.to_owned(), |player_id| player_id.to_string());
        let mut manager = Self {
            config,
            player_id,
            board: Board::default(),
            ledger: ledger.unwrap_or_default(),
            former: Ledger::default(),
            spend: spend.unwrap_or_default(),
            is_draining: false,
            delayed: None,
            hold: Hold::NoBlock,
            reporter: Reporter::default(),
        };
        manager.settle_spend(ctx)?;
        manager.report_unfinished(ctx);
        Ok(manager)
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let market = Market::new(&event);
        if self.ledger.block_id != market.block_id {
            let ledger = Ledger::of_block(&market.block_id, ctx.random_unit());
            self.former = std::mem::replace(&mut self.ledger, ledger);
        }
        self.board.clock.see(market.height, ctx.now_ms());
        self.enter(ctx, market);
        self.act(ctx, Patience::ForSamples)
    }

    fn on_throughput(&mut self, _ctx: &mut Context<'_>, event: Throughput) -> Result<()> {
        self.board.throughput = event;
        Ok(())
    }

    fn on_drain(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.is_draining = true;
        ctx.info(&Hold::Draining.to_string());
        Ok(())
    }

    fn on_difficulty_samples(
        &mut self,
        ctx: &mut Context<'_>,
        event: DifficultySamples,
    ) -> Result<()> {
        self.board.add_samples(event);
        self.act(ctx, Patience::ForSamples)
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.settle_spend(ctx)?;
        self.act(ctx, Patience::Over)?;
        ctx.count("updates_on_hold", &[("reason", self.hold.code())], 1);
        let spent = self.spend.of_day(ctx.now_ms()).to_f64();
        ctx.gauge("fees_of_the_last_day_tig", &[], spent);
        Ok(())
    }

    fn on_submit_precommit_success(&mut self, ctx: &mut Context<'_>, event: Request) -> Result<()> {
        let mut ledger = self.ledger.clone();
        if ledger.accept(&event.settings) {
            ctx.put("ledger", &ledger)?;
            self.ledger = ledger;
        }
        Ok(())
    }

    /// The slot comes back only when the API has refused the request: after a lost answer or a 5xx it may have been paid
    /// for. Its settings stay used in any case.
    fn on_submit_precommit_error(
        &mut self,
        ctx: &mut Context<'_>,
        event: SubmitPrecommitError,
    ) -> Result<()> {
        let refused = event
            .status
            .is_some_and(|status| (400..500).contains(&status));
        if event.will_retry || !refused {
            return Ok(());
        }
        let request: Request = serde_json::from_value(event.request)?;
        let mut ledger = self.ledger.clone();
        if let Some(fee) = ledger.reject(&request.settings) {
            let mut spend = self.spend.clone();
            spend.take_back(fee);
            ctx.put("ledger", &ledger)?;
            ctx.put("spend", &spend)?;
            (self.ledger, self.spend) = (ledger, spend);
            self.report_unfinished(ctx);
        }
        Ok(())
    }

    /// Nothing more is precommitted until the next turn: it would wait here or there, and end with its block.
    fn on_precommits_delayed(
        &mut self,
        ctx: &mut Context<'_>,
        event: PrecommitsDelayed,
    ) -> Result<()> {
        self.delayed = Some(event);
        if let Some(hold) = self.delay(ctx.now_ms()) {
            self.hold = hold;
        }
        Ok(())
    }

    /// The limit of requests a minute has kept it back until its block was over: its fee was not paid.
    fn on_precommit_dropped(
        &mut self,
        ctx: &mut Context<'_>,
        event: PrecommitDropped,
    ) -> Result<()> {
        let (mut ledger, mut former) = (self.ledger.clone(), self.former.clone());
        let fee = ledger.drop_unsent(&event.settings);
        let Some(fee) = fee.or_else(|| former.drop_unsent(&event.settings)) else {
            return Ok(());
        };
        let mut spend = self.spend.clone();
        spend.take_back(fee);
        ctx.put("ledger", &ledger)?;
        ctx.put("spend", &spend)?;
        (self.ledger, self.former, self.spend) = (ledger, former, spend);
        self.report_unfinished(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let spent_today = self.spend.of_day(ctx.now_ms());
        let plan = self
            .board
            .plan(&self.config, &self.player_id, &self.ledger, spent_today);
        HttpReply::json(200, &View::new(plan.as_ref(), self.hold))
    }

    fn snapshot(&mut self) -> Result<Handover> {
        Ok(Handover {
            market: self.board.market.clone(),
            samples: self.board.samples.clone(),
            ledger: self.ledger.clone(),
            throughput: self.board.throughput.clone(),
            clock: self.board.clock.clone(),
            is_draining: self.is_draining,
        })
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.board.samples = state.samples;
        self.ledger = state.ledger;
        self.board.throughput = state.throughput;
        self.board.clock = state.clock;
        self.is_draining = state.is_draining;
        self.report_unfinished(ctx);
        if let Some(market) = state.market {
            self.enter(ctx, market);
        }
        Ok(())
    }
}

/// Whether challenges without samples are waited for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Patience {
    ForSamples,
    Over,
}

impl PrecommitManager {
    /// Fees of hours to come would block the budget until then.
    fn settle_spend(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let mut spend = self.spend.clone();
        if let Some(hours) = spend.settle(ctx.now_ms()) {
            ctx.put("spend", &spend)?;
            self.spend = spend;
            ctx.warn(&format!(
                "fees were promised up to {hours} h in the future: the clock was ahead; they count as of now"
            ));
        }
        Ok(())
    }

    fn enter(&mut self, ctx: &mut Context<'_>, market: Market) {
        self.board.enter(&self.config, market);
        self.reporter.choices(ctx, &self.board.choices);
        self.hold = Hold::Waiting;
    }

    /// Makes precommits until something stands in the way. They count from the moment they are emitted.
    fn act(&mut self, ctx: &mut Context<'_>, patience: Patience) -> Result<()> {
        if self.is_draining {
            self.hold = Hold::Draining;
            self.report_unfinished(ctx);
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        if let Some(hold) = self.delay(now_ms).filter(|_| self.board.market.is_some()) {
            self.hold = hold;
            self.report_unfinished(ctx);
            return Ok(());
        }
        let (mut ledger, mut spend) = (self.ledger.clone(), self.spend.clone());
        while let Some(plan) =
            self.board
                .plan(&self.config, &self.player_id, &ledger, spend.of_day(now_ms))
        {
            if patience == Patience::ForSamples && !plan.has_all_samples() {
                break;
            }
            match plan.next(&mut || ctx.random_unit()) {
                Ok(precommit) => {
                    ctx.emit(&PrecommitReady {
                        settings: precommit.settings.clone(),
                        num_nonces: precommit.num_nonces,
                    })?;
                    ledger.record(precommit.settings, precommit.fee);
                    spend.add(precommit.fee, now_ms);
                    ctx.put("ledger", &ledger)?;
                    ctx.put("spend", &spend)?;
                    ctx.count("precommits", &[("challenge", &precommit.challenge)], 1);
                    self.reporter.made(&precommit.challenge);
                }
                Err(hold) => {
                    self.reporter.held(ctx, &plan, hold);
                    self.hold = hold;
                    break;
                }
            }
        }
        (self.ledger, self.spend) = (ledger, spend);
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Why the limit of requests a minute lets nothing go now.
    fn delay(&self, now_ms: u64) -> Option<Hold> {
        let delayed = self.delayed.as_ref();
        let delayed = delayed.filter(|delayed| now_ms < delayed.until_ms)?;
        let allowed = delayed.allowed_per_minute;
        Some(allowed.map_or(Hold::ApiPause, Hold::RateLimited))
    }

    /// A drain waits for precommits of the present block: the next one shows whether they have become jobs.
    fn report_unfinished(&self, ctx: &mut Context<'_>) {
        ctx.unfinished(self.ledger.made() as u64);
    }
}
