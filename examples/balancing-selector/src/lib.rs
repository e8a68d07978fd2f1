//! Example extension `balancing_selector`: chooses weights for `precommit_manager` that balance the challenges by imbalance
//! and measured nonces per second.
//!
//! | | |
//! |---|---|
//! | handles | `new_block`, `throughput` |
//! | emits | `selection`, at each block that lists qualifiers of the player |
//! | routes | `GET /operator/panel/selection` |
//! | conditions | `no_qualifiers`, `few_challenges`: nothing is selected; by name of a challenge `no_rate`: its time is not measured, and `not_active`: there is nothing to balance in it |
//! | config keys | `challenges`, `min_share`, `max_share`, `smoothing`, `algorithms` {challenge name: names} |
//! | stored keys | `state`: the shares of the last block, and the rates of algorithms |
//!
//! The formula is in `policy.rs`. A block moves the shares once, however often it is announced and whatever is restarted
//! meanwhile: so a recorded run gives the same selections again.

mod block;
mod bounds;
mod config;
mod decide;
mod facts;
mod fastest;
mod policy;
mod report;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tig_events::{Selection, Throughput};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::block::NewBlock;
use crate::config::Config;
use crate::decide::{State, decide};
use crate::facts::{Facts, Lack};
use crate::report::Shown;

struct BalancingSelector {
    config: Config,
    /// The last that `job_manager` has measured.
    throughput: Throughput,
    state: State,
    /// `None` while nothing is selected.
    shown: Option<Shown>,
    reported: ReportedConditions,
}

/// What a successor is given.
#[derive(Deserialize, Serialize)]
struct Handover {
    throughput: Throughput,
}

#[extension(routes("GET /operator/panel/selection"), emits(Selection))]
impl BalancingSelector {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        Ok(Self {
            config,
            throughput: Throughput::default(),
            state: ctx.get_sound("state")?.unwrap_or_default(),
            shown: None,
            reported: ReportedConditions::default(),
        })
    }

    fn on_throughput(&mut self, _ctx: &mut Context<'_>, event: Throughput) -> Result<()> {
        self.throughput = event;
        Ok(())
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        match Facts::new(&self.config.challenges, &event, &self.throughput) {
            Ok(facts) => self.select(ctx, &event, facts),
            Err(lack) => {
                self.report_lack(ctx, lack);
                Ok(())
            }
        }
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::panel(&request, |query| {
            Ok(report::panel(query, self.shown.as_ref()))
        })
    }

    fn snapshot(&mut self) -> Result<Handover> {
        Ok(Handover {
            throughput: self.throughput.clone(),
        })
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.throughput = state.throughput;
        Ok(())
    }
}

impl BalancingSelector {
    /// Effects first, fields last: if the host refuses one, this instance goes on as if the block had not come.
    fn select(&mut self, ctx: &mut Context<'_>, block: &NewBlock, facts: Facts) -> Result<()> {
        let imbalance = facts.imbalance;
        let decision = decide(&self.config, &self.state, block, facts);
        if decision.state != self.state {
            ctx.put("state", &decision.state)?;
        }
        ctx.emit(&decision.event)?;
        for (name, share) in &decision.state.shares {
            ctx.gauge("selected_share", &[("challenge", name)], *share);
        }
        if let Some(imbalance) = imbalance {
            ctx.gauge("imbalance", &[], imbalance);
        }
        self.reported.report(
            ctx,
            report::conditions(&self.config.challenges, &decision.challenges),
        );
        self.state = decision.state;
        self.shown = Some(Shown {
            height: block.block.details.height,
            imbalance,
            challenges: decision.challenges,
        });
        Ok(())
    }

    fn report_lack(&mut self, ctx: &mut Context<'_>, lack: Lack) {
        self.shown = None;
        self.reported
            .report(ctx, vec![report::lack_condition(lack)]);
    }
}
