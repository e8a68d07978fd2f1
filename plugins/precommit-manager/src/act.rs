//! What is done with a block: precommits, until something stands in the way.

use tig_events::PrecommitReady;
use tig_plugin_api::prelude::*;
use tig_protocol::PreciseNumber;

use crate::PrecommitManager;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::reason::Hold;
use crate::selector::SELECTION_BLOCKS_COUNT_MAX;

/// Whether challenges without samples are waited for.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Patience {
    ForSamples,
    Over,
}

impl PrecommitManager {
    /// Fees of hours to come would block the budget until then.
    pub(crate) fn settle_spend(&mut self, ctx: &mut Context<'_>) -> Result<()> {
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

    pub(crate) fn enter(&mut self, ctx: &mut Context<'_>, market: Market) {
        if self.board.enter(&self.config, market) {
            ctx.info(&format!(
                "no selection has come for {SELECTION_BLOCKS_COUNT_MAX} blocks: the config decides again"
            ));
        }
        self.reporter.choices(ctx, &self.board.choices);
        self.hold = Hold::Waiting;
    }

    /// Makes precommits until something stands in the way. They count from the moment they are emitted.
    pub(crate) fn act(&mut self, ctx: &mut Context<'_>, patience: Patience) -> Result<()> {
        if self.is_draining || self.is_paused {
            self.hold = if self.is_draining {
                Hold::Draining
            } else {
                Hold::Paused
            };
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
        let mut tally = self.tally.clone();
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
                    tally.add_precommit(precommit.fee);
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
        (self.ledger, self.spend, self.tally) = (ledger, spend, tally);
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Gives the slot and the fee of a precommit back that the API has not taken, once; an answer may come some blocks later.
    pub(crate) fn give_back(
        &mut self,
        ctx: &mut Context<'_>,
        take: impl FnOnce(&mut Ledger) -> Option<PreciseNumber>,
    ) -> Result<()> {
        let mut ledger = self.ledger.clone();
        let Some(fee) = take(&mut ledger) else {
            return Ok(());
        };
        let mut spend = self.spend.clone();
        spend.take_back(fee);
        ctx.put("ledger", &ledger)?;
        ctx.put("spend", &spend)?;
        (self.ledger, self.spend) = (ledger, spend);
        self.report_unfinished(ctx);
        Ok(())
    }

    /// Why the limit of requests a minute lets nothing go now.
    pub(crate) fn delay(&self, now_ms: u64) -> Option<Hold> {
        let delayed = self.delayed.as_ref();
        let delayed = delayed.filter(|delayed| now_ms < delayed.until_ms)?;
        let allowed = delayed.allowed_per_minute;
        Some(allowed.map_or(Hold::ApiPause, Hold::RateLimited))
    }

    /// A drain waits for precommits of the present block: the next one shows whether they have become jobs.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        ctx.unfinished(self.ledger.made() as u64);
    }
}
