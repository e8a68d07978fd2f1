//! What the operator sees and may do: the line per block, conditions, metrics, the panel, pause and `why`.

use serde::{Deserialize, Serialize};
use tig_events::PrecommitsPaused;
use tig_plugin_api::prelude::*;

use crate::PrecommitManager;
use crate::act::Patience;
use crate::conditions::{Situation, conditions};
use crate::money::Money;
use crate::panel::panel;
use crate::plan::Plan;
use crate::reason::Hold;
use crate::report::View;
use crate::tally::Tally;

/// Key that is stored while new work is paused, with the time of the pause. Whatever is there counts.
pub(crate) const PAUSED: &str = "paused";

/// Path of the panel.
const PANEL: &str = "/operator/panel/precommits";

/// Exit code of `why` for a challenge that neither config nor block has.
const UNKNOWN_CHALLENGE_CODE: u8 = 20;

/// Arguments of `why`.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhyArguments {
    /// Name of the challenge; all of them without one.
    #[serde(default)]
    challenge: Option<String>,
}

/// Value of `why`.
#[derive(Serialize)]
struct Why {
    /// Those of a challenge have its name as subject. Empty if precommits are made.
    reasons: Vec<Condition>,
}

impl PrecommitManager {
    /// Logs what happened since the last block. To be called before the new one is taken in.
    pub(crate) fn log_block(&mut self, ctx: &mut Context<'_>, height: u32) {
        let idle = self.with_plan(ctx, |plan| self.tally.idle(plan, self.hold));
        let throughput = &self.board.throughput;
        let line = self
            .tally
            .line(height, throughput, self.fleet.as_ref(), &idle);
        ctx.info(&line);
        self.tally = Tally::default();
    }

    pub(crate) fn measure(&mut self, ctx: &mut Context<'_>) {
        ctx.count("updates_on_hold", &[("reason", self.hold.code())], 1);
        let money = self.money(ctx);
        let unresolved = self.board.market.as_ref().map(|market| market.unresolved);
        // Before the first block nothing is known.
        let runway_days = unresolved.map(|_| money.runway_gauge());
        let known = [
            ("fees_of_the_last_day_tig", Some(money.spent_today)),
            ("fee_balance_tig", money.balance),
            ("fee_runway_days", runway_days),
            ("fee_per_proof_tig", money.fee_per_proof),
            (
                "precommits_unresolved",
                unresolved.map(|count| count as f64),
            ),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                ctx.gauge(name, &[], value);
            }
        }
        let codes = self.with_plan(ctx, |plan| {
            let reasons = plan.map(Plan::all_reasons).unwrap_or_default();
            let codes = reasons.iter().map(|(_, reason)| reason.code());
            codes.collect::<Vec<&'static str>>()
        });
        self.measured.extend(&codes);
        for &code in &self.measured {
            let count = codes.iter().filter(|other| **other == code).count();
            ctx.gauge("challenges_on_hold", &[("reason", code)], count as f64);
        }
    }

    /// Reports the conditions unless samples of the block are still to come: what is missing only until then is not a condition.
    pub(crate) fn report_settled(&mut self, ctx: &mut Context<'_>) {
        let has_all_samples = |plan: Option<&Plan<'_>>| plan.is_some_and(Plan::has_all_samples);
        if self.hold != Hold::Waiting && self.with_plan(ctx, has_all_samples) {
            self.report_conditions(ctx);
        }
    }

    /// Reports the conditions if they have changed.
    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        self.is_money_low = self.money(ctx).is_low(self.is_money_low);
        let conditions = self.with_situation(ctx, conditions);
        self.reported.report(ctx, conditions);
    }

    pub(crate) fn set_paused(&mut self, ctx: &mut Context<'_>, is_paused: bool) -> Result<Started> {
        if is_paused {
            if !self.is_paused {
                let now_ms = ctx.now_ms();
                ctx.put(PAUSED, &now_ms)?;
            }
            // Those of this block that still wait to be sent.
            ctx.emit(&PrecommitsPaused {})?;
            ctx.finish(ctx.ticket(), 0, "paused: nothing new is begun")?;
            ctx.info("new work is paused by the operator");
        } else {
            ctx.delete(PAUSED)?;
            ctx.finish(ctx.ticket(), 0, "new work is begun again")?;
            ctx.info("new work is resumed by the operator");
            self.hold = match self.board.market {
                Some(_) => Hold::Waiting,
                None => Hold::NoBlock,
            };
        }
        self.is_paused = is_paused;
        self.act(ctx, Patience::ForSamples)?;
        self.report_conditions(ctx);
        Ok(Started)
    }

    pub(crate) fn explain(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: WhyArguments,
    ) -> Result<Started> {
        let mut reasons = self.with_situation(ctx, conditions);
        if let Some(challenge) = arguments.challenge {
            if !self.is_known(&challenge) {
                let text = format!("no challenge `{challenge}` is configured or active");
                ctx.finish(ctx.ticket(), UNKNOWN_CHALLENGE_CODE, &text)?;
                return Ok(Started);
            }
            reasons.retain(|reason| reason.subject.is_empty() || reason.subject == challenge);
        }
        ctx.finish(ctx.ticket(), 0, &Why { reasons })?;
        Ok(Started)
    }

    fn is_known(&self, challenge: &str) -> bool {
        self.board.choices.contains_key(challenge)
            || self.config.algo_selection.contains_key(challenge)
    }

    pub(crate) fn reply(&self, ctx: &mut Context<'_>, request: &HttpRequest) -> Result<HttpReply> {
        if request.path != PANEL {
            let hold = self.hold;
            return self.with_plan(ctx, |plan| HttpReply::json(200, &View::new(plan, hold)));
        }
        HttpReply::panel(request, |query| {
            Ok(self.with_situation(ctx, |situation| panel(query, situation)))
        })
    }

    fn money(&self, ctx: &mut Context<'_>) -> Money {
        let market = self.board.market.as_ref();
        let now_ms = ctx.now_ms();
        Money::new(&self.config, market, &self.ledger, &self.spend, now_ms)
    }

    fn with_plan<T>(&self, ctx: &mut Context<'_>, then: impl FnOnce(Option<&Plan<'_>>) -> T) -> T {
        let spent_today = self.spend.of_day(ctx.now_ms());
        let plan = self
            .board
            .plan(&self.config, &self.player_id, &self.ledger, spent_today);
        then(plan.as_ref())
    }

    fn with_situation<T>(
        &self,
        ctx: &mut Context<'_>,
        then: impl FnOnce(&Situation<'_>) -> T,
    ) -> T {
        let money = self.money(ctx);
        self.with_plan(ctx, |plan| {
            then(&Situation {
                plan,
                hold: self.hold,
                money: &money,
                is_money_low: self.is_money_low,
                refusals: &self.refusals,
            })
        })
    }
}
