//! Stock extension `horde_receipts` of the ComputeHorde validator: receipts of this validator, and those that miners serve
//! (sections 2.4 and 2.5).
//!
//! | | |
//! |---|---|
//! | commands | `fetch_receipts` |
//! | handles | `horde_receipts_signed`, `horde_neurons`, `http_response`, `timer`, `update` |
//! | emits | `horde_neurons_wanted` |
//! | routes | `GET /horde/receipts`: counts and miners; `GET /horde/receipts/<n>.jsonl`: this validator's receipts of a page |
//! | conditions | `hotkey_used_elsewhere`; `receipts_failing` (subject: miner, or empty for the rest) |
//! | config | see `config.rs`; the host's key `key` must name this extension |
//! | stores | see `store.rs` |
//!
//! The reference read each miner's whole day again and again, and verified all signatures each time, so that it had to be switched off
//! (weakness 26). Here each byte of a page is read once, and each signature verified once: what is stored is not verified again, and the
//! place in a page is stored together with the receipts before it.
//!
//! A receipt that this validator has signed and does not know is one of another validator with the same hotkey.

mod answer;
mod conditions;
mod config;
mod drive;
mod judge;
mod ledger;
mod miner;
mod report;
mod store;
mod suspects;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use horde_events::{Neurons, NeuronsWanted, ReceiptsSigned};
use horde_extension::Hotkey;
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::drive::{FetchCommand, FetchReceipts, Fetches, OtherValidator};
use crate::ledger::Ledger;
use crate::miner::Miner;
use crate::store::OTHER_VALIDATOR;
use crate::suspects::Suspects;

struct Receipts {
    config: Config,
    /// SS58 address of this validator.
    hotkey: String,
    /// From when on all receipts of this validator are stored, in Unix milliseconds.
    since_ms: u64,
    ledger: Ledger,
    suspects: Suspects,
    other_validator: Option<OtherValidator>,
    /// By hotkey.
    miners: BTreeMap<String, Miner>,
    fetches: Fetches,
    command: Option<FetchCommand>,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /horde/receipts", "GET /horde/receipts/*"),
    emits(NeuronsWanted)
)]
impl Receipts {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        let hotkey = Hotkey::new(ctx, &config.key)?.address().to_owned();
        let ledger = Ledger::restore(ctx)?;
        let suspects = Suspects::restore(ctx)?;
        let other_validator = ctx.get_sound(OTHER_VALIDATOR)?;
        let since_ms = store::since_ms(ctx)?;
        store::forget_old_miners(ctx)?;
        let session = ctx.random_u64();
        let now_ms = ctx.now_ms();
        ctx.at(drive::POLL_TIMER, now_ms)?;
        drive::finish_forgotten_command(ctx)?;
        Ok(Self {
            config,
            hotkey,
            since_ms,
            ledger,
            suspects,
            other_validator,
            miners: BTreeMap::new(),
            fetches: Fetches::new(session),
            command: None,
            reported: ReportedConditions::default(),
        })
    }

    /// Fetches the receipts of all miners now, or of one, and ends when all have answered (code 0) or some have not (code 20).
    #[command]
    fn fetch_receipts(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: FetchReceipts,
    ) -> Result<Started> {
        self.begin_command(ctx, arguments)
    }

    fn on_horde_receipts_signed(
        &mut self,
        ctx: &mut Context<'_>,
        event: ReceiptsSigned,
    ) -> Result<()> {
        self.take_own(ctx, event)
    }

    fn on_horde_neurons(&mut self, ctx: &mut Context<'_>, event: Neurons) -> Result<()> {
        self.take_neurons(ctx, &event)
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        self.handle_response(ctx, response)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        self.handle_timer(ctx, &tag)
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.convict(ctx)?;
        self.evict(ctx)?;
        self.report_metrics(ctx);
        self.report_conditions(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        self.answer_request(ctx, &request)
    }
}
