//! Stock extension `precommit_manager`: decides what is worth a fee (benchmarker.md section 4).
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `difficulty_samples`, `selection`, `throughput`, `fleet`, `update`, `drain`, `submit_precommit_success`, `submit_precommit_error`, `precommits_delayed`, `precommit_dropped`, and outcomes of other submissions, which it counts |
//! | emits | `precommit_ready`, `precommits_paused` |
//! | routes | `GET /precommits`: the current block, and why each challenge is or is not precommitted; `GET /operator/panel/precommits` |
//! | commands | `pause`, `resume`: whether new work is begun; `why`: the reasons why nothing, or not everything, is precommitted |
//! | conditions | the reasons, by their codes (`reason.rs`); `selection_applied`: challenges whose weights come from a selector; `selection_refused`: a selector's choice that is not valid, or of a block more than ten ago; `fee_balance_low` also if the balance lasts for less than two days, or the API says so; `precommits_refused`: three in a row |
//! | config keys | `max_precommits_per_block`, `max_unresolved`, `budget_per_day`, `algo_selection` {challenge name: `algorithm`, `num_nonces`, `weight`, `max_fee`} |
//! | stored keys | `ledger`: what was precommitted at the current height, and fees of the last precommits before it; `spend`: fees of the last day; `paused`: there while new work is paused, with the time of the pause |
//!
//! Nothing is begun that the slaves, as fast as they were lately, could not prove while it counts, nor with an algorithm of
//! which a benchmark is listed as fraud (the network lists it for about two hours), nor at a block older than the last one with
//! precommits, nor while it is paused or the host drains.
//!
//! A selector, an extension that emits `selection`, chooses in the config's place: its weight, and its algorithm and number of
//! nonces if it names them, hold for ten blocks and only for challenges to which the config gives a weight; all limits stay the
//! config's. A choice that is not valid is refused for its challenge alone. A selection is handed over at a reload and not
//! stored: after a restart the config decides until the selector's next event.
//!
//! It acts as soon as all challenges have their samples, and at each `update` with those that have. Each block is one line of
//! the log.

mod act;
mod applied;
mod board;
mod choice;
mod conditions;
mod config;
mod funnel;
mod ledger;
mod lifetime;
mod lookup;
mod market;
mod money;
mod operator;
mod panel;
mod plan;
mod reason;
mod refusals;
mod report;
mod selector;
mod spend;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tig_events::{
    BlockClock, DifficultySamples, Fleet, PrecommitDropped, PrecommitReady, PrecommitsDelayed,
    PrecommitsPaused, SubmitPrecommitError, Throughput,
};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;
use tig_protocol::{BenchmarkSettings, PlayerId};

use crate::act::Patience;
use crate::board::Board;
use crate::config::Config;
use crate::ledger::Ledger;
use crate::market::{Market, NewBlock};
use crate::operator::WhyArguments;
use crate::plan::Samples;
use crate::reason::Hold;
use crate::refusals::Refusals;
use crate::report::Reporter;
use crate::selector::{Held, SelectionEvent};
use crate::spend::Spend;
use crate::tally::Tally;

struct PrecommitManager {
    config: Config,
    /// As the network writes it.
    player_id: String,
    board: Board,
    ledger: Ledger,
    spend: Spend,
    is_draining: bool,
    /// The operator wants nothing new to be begun.
    is_paused: bool,
    /// The last that the limit of requests a minute has refused.
    delayed: Option<PrecommitsDelayed>,
    /// Why the last attempt ended.
    hold: Hold,
    reporter: Reporter,
    /// Since the last block.
    tally: Tally,
    fleet: Option<Fleet>,
    refusals: Refusals,
    /// See [`Money::is_low`](crate::money::Money::is_low).
    is_money_low: bool,
    reported: ReportedConditions,
    /// Codes of the reasons that were ever measured.
    measured: BTreeSet<&'static str>,
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
    #[serde(default)]
    refusals: Refusals,
    #[serde(default)]
    selection: Option<Held>,
}

/// The body of a precommit request.
#[derive(Deserialize)]
struct Request {
    settings: BenchmarkSettings,
}

/// What is read of a submission that the API has accepted.
#[derive(Deserialize)]
struct Accepted {}

/// What is read of a submission that has failed.
#[derive(Deserialize)]
struct Failed {
    #[serde(default)]
    will_retry: bool,
}

#[extension(
    routes("GET /precommits", "GET /operator/panel/precommits"),
    emits(PrecommitReady, PrecommitsPaused),
    identity(player_id: "The account.")
)]
impl PrecommitManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        // Damaged, they are set aside. A store that cannot be read does not justify paying twice: then there is no instance.
        let ledger: Option<Ledger> = ctx.get_sound("ledger")?;
        let spend: Option<Spend> = ctx.get_sound("spend")?;
        // A damaged record is one of a pause as well: it must not resume spending.
        let is_paused = ctx.has(operator::PAUSED)?;
        // `data_fetcher` refuses what is not an id.
        let given = ctx.settings().player_id.as_str();
        let player_id = given.parse::<PlayerId>();
        let player_id = player_id.map_or(given.to_owned(), |player_id| player_id.to_string());
        let mut manager = Self {
            config,
            player_id,
            board: Board::default(),
            ledger: ledger.unwrap_or_default(),
            spend: spend.unwrap_or_default(),
            is_draining: false,
            is_paused,
            delayed: None,
            hold: Hold::NoBlock,
            reporter: Reporter::default(),
            tally: Tally::default(),
            fleet: None,
            refusals: Refusals::default(),
            is_money_low: false,
            reported: ReportedConditions::default(),
            measured: BTreeSet::new(),
        };
        manager.settle_spend(ctx)?;
        manager.report_unfinished(ctx);
        Ok(manager)
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let market = Market::new(&event);
        if self.ledger.block_id != market.block_id {
            self.log_block(ctx, market.height);
            let (block_id, height) = (&market.block_id, market.height);
            let is_behind = self.ledger.is_ahead(height, market.counting_blocks());
            if !is_behind && !self.ledger.go_on(block_id, height) {
                self.ledger = self.ledger.next(block_id, height, ctx.random_unit());
            }
        }
        self.board.clock.see(market.height, ctx.now_ms());
        if let Some(balance) = market.balance {
            self.refusals.see_balance(balance);
        }
        self.enter(ctx, market);
        self.act(ctx, Patience::ForSamples)?;
        self.report_settled(ctx);
        Ok(())
    }

    /// What was precommitted at this block stays; the rest of the block follows the new choice.
    fn on_selection(&mut self, ctx: &mut Context<'_>, event: SelectionEvent) -> Result<()> {
        self.board.select(&self.config, event);
        self.reporter.choices(ctx, &self.board.choices);
        self.report_settled(ctx);
        Ok(())
    }

    fn on_throughput(&mut self, _ctx: &mut Context<'_>, event: Throughput) -> Result<()> {
        self.board.throughput = event;
        Ok(())
    }

    fn on_fleet(&mut self, _ctx: &mut Context<'_>, event: Fleet) -> Result<()> {
        self.fleet = Some(event);
        Ok(())
    }

    fn on_drain(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        // The host repeats `drain` for the sake of new instances.
        if self.is_draining {
            return Ok(());
        }
        // Those of this block that still wait to be sent.
        ctx.emit(&PrecommitsPaused {})?;
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
        self.act(ctx, Patience::ForSamples)?;
        self.report_settled(ctx);
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.settle_spend(ctx)?;
        self.act(ctx, Patience::Over)?;
        self.measure(ctx);
        self.report_conditions(ctx);
        Ok(())
    }

    fn on_submit_precommit_success(&mut self, ctx: &mut Context<'_>, event: Request) -> Result<()> {
        let mut ledger = self.ledger.clone();
        if ledger.accept(&event.settings) {
            ctx.put("ledger", &ledger)?;
            self.ledger = ledger;
        }
        self.tally.accepted += 1;
        self.refusals.clear();
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
            self.tally.add_failure(event.will_retry);
            return Ok(());
        }
        let request: Request = serde_json::from_value(event.request)?;
        self.give_back(ctx, |ledger| ledger.reject(&request.settings))?;
        self.tally.add_failure(false);
        let fee = self.board.fee(&request.settings.challenge_id);
        let listed = self.board.market.as_ref().and_then(|market| market.balance);
        self.refusals
            .add(event.text, fee.unwrap_or_default(), listed);
        Ok(())
    }

    fn on_submit_benchmark_success(&mut self, _: &mut Context<'_>, _: Accepted) -> Result<()> {
        self.tally.accepted += 1;
        Ok(())
    }

    fn on_submit_proof_success(&mut self, _: &mut Context<'_>, _: Accepted) -> Result<()> {
        self.tally.accepted += 1;
        Ok(())
    }

    fn on_submit_benchmark_error(&mut self, _: &mut Context<'_>, event: Failed) -> Result<()> {
        self.tally.add_failure(event.will_retry);
        Ok(())
    }

    fn on_submit_proof_error(&mut self, _: &mut Context<'_>, event: Failed) -> Result<()> {
        self.tally.add_failure(event.will_retry);
        Ok(())
    }

    /// Nothing more is precommitted until the next turn: it would wait here or there, and end with its block.
    fn on_precommits_delayed(
        &mut self,
        ctx: &mut Context<'_>,
        event: PrecommitsDelayed,
    ) -> Result<()> {
        self.delayed = Some(event);
        let is_stopped = self.is_draining || self.is_paused;
        if let Some(hold) = self.delay(ctx.now_ms()).filter(|_| !is_stopped) {
            self.hold = hold;
        }
        Ok(())
    }

    /// The API has not taken it, and it is not sent again: its fee was not paid.
    fn on_precommit_dropped(
        &mut self,
        ctx: &mut Context<'_>,
        event: PrecommitDropped,
    ) -> Result<()> {
        let is_wanted = !self.is_draining && !self.is_paused;
        self.give_back(ctx, |ledger| ledger.drop_unsent(&event.settings, is_wanted))
    }

    /// Begins nothing new until `resume`, also after a restart; what is paid for is finished.
    #[command]
    fn pause(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        self.set_paused(ctx, true)
    }

    /// Ends a `pause`.
    #[command]
    fn resume(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        self.set_paused(ctx, false)
    }

    /// Shows why nothing, or not everything, is precommitted.
    #[command]
    fn why(&mut self, ctx: &mut Context<'_>, arguments: WhyArguments) -> Result<Started> {
        self.explain(ctx, arguments)
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        self.reply(ctx, &request)
    }

    fn snapshot(&mut self) -> Result<Handover> {
        Ok(Handover {
            market: self.board.market.clone(),
            samples: self.board.samples.clone(),
            ledger: self.ledger.clone(),
            throughput: self.board.throughput.clone(),
            clock: self.board.clock.clone(),
            is_draining: self.is_draining,
            refusals: self.refusals.clone(),
            selection: self.board.held.clone(),
        })
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.board.samples = state.samples;
        self.ledger = state.ledger;
        self.board.throughput = state.throughput;
        self.board.clock = state.clock;
        self.is_draining = state.is_draining;
        self.refusals = state.refusals;
        self.board.held = state.selection;
        self.report_unfinished(ctx);
        if let Some(market) = state.market {
            self.enter(ctx, market);
        }
        Ok(())
    }
}
