//! The routes, metrics and conditions.

use horde_events::quote;
use horde_proto::receipt::jsonl;
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use crate::store;
use crate::{Receipts, conditions};

/// The path below which pages are.
const PAGES: &str = "/horde/receipts/";
/// What the names of pages end with.
const PAGE_SUFFIX: &str = ".jsonl";

impl Receipts {
    pub(crate) fn answer_request(
        &self,
        ctx: &mut Context<'_>,
        request: &HttpRequest,
    ) -> Result<HttpReply> {
        let Some(name) = request.path.strip_prefix(PAGES) else {
            return HttpReply::json(200, &self.report(ctx));
        };
        let number = name.strip_suffix(PAGE_SUFFIX).map(str::parse);
        let Some(Ok(number)) = number else {
            let text = format!("{} is not the name of a page: <number>.jsonl", quote(name));
            return Ok(HttpReply::text(404, &text));
        };
        let receipts = store::own_page(ctx, number)?;
        if receipts.is_empty() {
            return Ok(HttpReply::text(404, "no receipt is of this page"));
        }
        let lines = jsonl::write_lines(&receipts);
        Ok(HttpReply {
            content_type: "application/jsonl".to_owned(),
            ..HttpReply::text(200, &lines)
        })
    }

    pub(crate) fn report(&self, ctx: &mut Context<'_>) -> Value {
        let (own, countersigned, foreign) = self.ledger.totals();
        let miners = self.miners.iter().map(|(hotkey, miner)| {
            json!({
                "hotkey": hotkey,
                "address": miner.authority,
                "receipts": self.ledger.count_of(hotkey),
                "done_through": miner.progress.done_through,
                "next_ms": miner.next_ms,
                "failures": miner.failures,
                "last_fault": miner.last_fault,
            })
        });
        json!({
            "at_ms": ctx.now_ms(),
            "hotkey": self.hotkey,
            "enabled": self.config.enabled,
            "own": own,
            "own_countersigned": countersigned,
            "foreign": foreign,
            "other_validator": self.other_validator,
            "requests": self.fetches.in_flight_count(),
            "miners": miners.collect::<Vec<_>>(),
        })
    }

    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        let (own, countersigned, foreign) = self.ledger.totals();
        for (of, count) in [
            ("own", own),
            ("own_countersigned", countersigned),
            ("foreign", foreign),
        ] {
            ctx.gauge("stored", &[("of", of)], count as f64);
        }
        let found = self.other_validator.as_ref();
        let found = found.map_or(0, |found| found.receipts);
        ctx.gauge("other_validator", &[], found as f64);
        let silent = self.miners.values().filter(|miner| miner.failures > 0);
        ctx.gauge("silent_miners", &[], silent.count() as f64);
    }

    /// The last thing of an `update`: nothing may fail after it. A round over all miners has hundreds of answers, and what lasts can wait
    /// for the next `update`.
    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let present = conditions::present(self, now_ms, &self.reported);
        self.reported.report(ctx, present);
    }
}
