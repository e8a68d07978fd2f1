//! Receipts that were read: verified and stored, a slice per handler, so that a long page keeps nobody waiting.
//!
//! The place in a page is stored with the last slice. After a kill the page is read again from the place before, and what is stored
//! already is not verified again.

use std::collections::VecDeque;

use horde_proto::Payload;
use horde_proto::receipt::{Receipt, ReceiptError};
use tig_plugin_api::prelude::*;

use super::WORK_TIMER;
use crate::Receipts;
use crate::answer::Rows;
use crate::judge::{Refusal, check_form, made_ms, page_of};
use crate::miner::{Progress, Request};
use crate::store::{self, foreign_key, own_key};

/// Receipts that one handler verifies: some 30 ms.
const SLICE_COUNT_MAX: usize = 250;

/// Receipts with false signatures after which the rest of an answer is not looked at: verifying costs more than forging.
const FORGED_COUNT_MAX: usize = 100;

/// The receipts of one answer.
pub(super) struct Work {
    hotkey: String,
    request: Request,
    receipts: VecDeque<Receipt>,
    read_to: u64,
    /// Receipts with false signatures so far.
    forged_count: usize,
}

impl Work {
    pub(super) fn new(hotkey: String, request: Request, rows: Rows) -> Self {
        Self {
            hotkey,
            request,
            receipts: rows.receipts.into(),
            read_to: rows.read_to,
            forged_count: 0,
        }
    }

    fn is_forged(&self) -> bool {
        self.forged_count >= FORGED_COUNT_MAX
    }
}

/// What became of a receipt.
enum Taken {
    New,
    Known,
    Refused(Refusal),
}

impl Receipts {
    /// Verifies and stores the next slice.
    pub(super) fn work_slice(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let Some(mut work) = self.fetches.work.pop_front() else {
            return Ok(());
        };
        let count = work.receipts.len().min(SLICE_COUNT_MAX);
        let mut new_count = 0;
        let mut fault = None;
        for receipt in work.receipts.drain(..count) {
            match self.take_receipt(ctx, &work.hotkey, receipt)? {
                Taken::New => new_count += 1,
                Taken::Known => {}
                Taken::Refused(refusal) => {
                    ctx.count("refused", &[("reason", refusal.name())], 1);
                    work.forged_count += usize::from(refusal.is_forgery());
                    fault.get_or_insert(refusal);
                }
            }
        }
        if let Some(fault) = fault {
            let fault = Error::from(fault).to_string();
            self.note_fault(ctx, &work.hotkey, "receipts", fault);
        }
        self.ledger.store(ctx)?;
        if self.ledger.is_full() {
            // More go at a time than a slice brings, so that the bound holds however fast miners are read.
            self.evict(ctx)?;
        }
        ctx.count("new", &[], new_count);
        self.note_new(&work.hotkey, new_count);
        if work.receipts.is_empty() || work.is_forged() {
            self.end_work(ctx, &work)?;
        } else {
            self.fetches.work.push_front(work);
        }
        if !self.fetches.work.is_empty() {
            let now_ms = ctx.now_ms();
            ctx.at(WORK_TIMER, now_ms)?;
        }
        self.start_requests(ctx)
    }

    fn end_work(&mut self, ctx: &mut Context<'_>, work: &Work) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(miner) = self.miners.get_mut(&work.hotkey) else {
            return Ok(());
        };
        let before = miner.progress.clone();
        miner.is_busy = false;
        match work.is_forged() {
            true => miner.give_up(work.request, now_ms),
            false => miner.read(work.request, Some(work.read_to), now_ms),
        }
        self.put_progress(ctx, &work.hotkey, &before)
    }

    /// Stores how far a miner was read, if it is further than before.
    pub(super) fn put_progress(
        &self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        before: &Progress,
    ) -> Result<()> {
        match self.miners.get(hotkey) {
            Some(miner) if miner.progress != *before => {
                store::put_progress(ctx, hotkey, &miner.progress)
            }
            _ => Ok(()),
        }
    }

    /// Takes a receipt that a miner serves.
    fn take_receipt(
        &mut self,
        ctx: &mut Context<'_>,
        miner: &str,
        receipt: Receipt,
    ) -> Result<Taken> {
        let now_ms = ctx.now_ms();
        if let Err(refusal) = check_form(&receipt, miner, now_ms) {
            return Ok(Taken::Refused(refusal));
        }
        if receipt.payload.validator_hotkey() == self.hotkey {
            return self.take_countersigned(ctx, miner, receipt);
        }
        let key = foreign_key(&receipt.payload);
        // Whatever is stored was verified.
        if ctx.get_sound::<Receipt>(&key)?.is_some() {
            return Ok(Taken::Known);
        }
        let page = page_of(&receipt.payload);
        if self.ledger.is_full_for(page, miner) {
            return Ok(Taken::Refused(Refusal::Surplus));
        }
        if let Err(error) = receipt.verify(miner) {
            return Ok(Taken::Refused(error.into()));
        }
        ctx.put(&key, &receipt)?;
        self.ledger.add_foreign(page, miner);
        Ok(Taken::New)
    }

    /// Takes a receipt that names this validator.
    fn take_countersigned(
        &mut self,
        ctx: &mut Context<'_>,
        miner: &str,
        receipt: Receipt,
    ) -> Result<Taken> {
        let key = own_key(&receipt.payload);
        let own = ctx.get_sound::<Receipt>(&key)?;
        let Some(mut own) = own.filter(|own| own.payload == receipt.payload) else {
            return self.take_unknown(ctx, miner, &receipt);
        };
        if !own.miner_signature.is_empty() {
            return Ok(Taken::Known);
        }
        // The validator's own signature is known; only the miner's is new.
        if let Err(error) = own.payload.verify(&receipt.miner_signature, miner) {
            let error = ReceiptError::MinerSignature(error);
            return Ok(Taken::Refused(error.into()));
        }
        own.miner_signature = receipt.miner_signature;
        ctx.put(&key, &own)?;
        self.ledger.add_countersignature(page_of(&own.payload));
        Ok(Taken::New)
    }

    /// Takes a receipt that names this validator, which does not know it.
    fn take_unknown(
        &mut self,
        ctx: &mut Context<'_>,
        miner: &str,
        receipt: &Receipt,
    ) -> Result<Taken> {
        // Before this store was begun another one may have had the hotkey, and rightly so; and own ones that were too many are gone.
        if made_ms(&receipt.payload) < self.since_ms || self.suspects.contains(receipt) {
            return Ok(Taken::Known);
        }
        if let Err(error) = receipt.verify(miner) {
            return Ok(Taken::Refused(error.into()));
        }
        match self.suspects.keep(ctx, receipt)? {
            true => Ok(Taken::New),
            false => Ok(Taken::Refused(Refusal::Unknown)),
        }
    }
}
