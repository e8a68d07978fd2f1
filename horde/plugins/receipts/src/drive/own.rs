//! This validator's own receipts, and those that another validator has signed with its hotkey.

use horde_events::{ReceiptsSigned, SignedReceipt};
use horde_proto::is_uuid;
use horde_proto::receipt::{Receipt, ReceiptPayload};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::Receipts;
use crate::judge::{Refusal, check_time, made_ms, page_of};
use crate::store::{OTHER_VALIDATOR, own_key};

/// Another validator with this hotkey, known by its receipts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct OtherValidator {
    /// How many of its receipts were seen.
    pub(crate) receipts: u64,
    /// When the last one was found out, in Unix milliseconds.
    pub(crate) found_ms: u64,
    /// The job of the last one.
    pub(crate) job_uuid: String,
    /// The miner that serves it.
    pub(crate) miner_hotkey: String,
    /// When it was made.
    pub(crate) made: String,
}

impl Receipts {
    /// Stores receipts that this validator has signed. They come again after each start.
    pub(crate) fn take_own(&mut self, ctx: &mut Context<'_>, event: ReceiptsSigned) -> Result<()> {
        ctx.mark_fields_changed()?;
        for signed in event.receipts {
            match self.read_own(&signed) {
                Ok(receipt) => self.put_own(ctx, receipt)?,
                Err(fault) => ctx.error_with(
                    "a receipt that is said to be this validator's is not stored",
                    &[("fault", &fault.to_string())],
                ),
            }
        }
        self.ledger.store(ctx)
    }

    fn read_own(&self, signed: &SignedReceipt) -> Result<Receipt> {
        let payload: ReceiptPayload = serde_json::from_str(signed.payload.get())?;
        if payload.validator_hotkey() != self.hotkey {
            bail!("its validator has another hotkey than the key of this extension");
        }
        if !is_uuid(payload.job_uuid()) {
            bail!("its job is not a UUID");
        }
        Ok(Receipt {
            payload,
            validator_signature: signed.signature.clone(),
            miner_signature: String::new(),
        })
    }

    fn put_own(&mut self, ctx: &mut Context<'_>, mut receipt: Receipt) -> Result<()> {
        let now_ms = ctx.now_ms();
        let key = own_key(&receipt.payload);
        let is_old = check_time(&receipt.payload, now_ms) == Err(Refusal::Old);
        // Those that were too many come again after each start, too.
        let is_surplus = made_ms(&receipt.payload) < self.since_ms && self.ledger.is_full_of_own();
        if is_old || is_surplus || ctx.get_sound::<Receipt>(&key)?.is_some() {
            return Ok(());
        }
        // A miner may have served it first.
        if let Some(served) = self.suspects.clear(ctx, &receipt)? {
            receipt.miner_signature = served.miner_signature;
        }
        ctx.put(&key, &receipt)?;
        let is_countersigned = !receipt.miner_signature.is_empty();
        let page = page_of(&receipt.payload);
        self.ledger.add_own(page, is_countersigned);
        Ok(())
    }

    /// Looks for receipts for which this validator's own did not come.
    pub(crate) fn convict(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if !self.suspects.is_due(now_ms) {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        self.suspects.forget_old(ctx)?;
        let proven = self.suspects.prove(ctx)?;
        self.accuse(ctx, &proven)
    }

    /// Reports receipts of another validator with this hotkey.
    fn accuse(&mut self, ctx: &mut Context<'_>, receipts: &[Receipt]) -> Result<()> {
        let Some(last) = receipts.last() else {
            return Ok(());
        };
        let before = self.other_validator.as_ref();
        let before = before.map_or(0, |found| found.receipts);
        let found = OtherValidator {
            receipts: before + receipts.len() as u64,
            found_ms: ctx.now_ms(),
            job_uuid: last.payload.job_uuid().to_owned(),
            miner_hotkey: last.payload.miner_hotkey().to_owned(),
            made: last.payload.timestamp().to_string(),
        };
        ctx.error_with(
            "ANOTHER VALIDATOR SIGNS WITH THIS HOTKEY: miners serve receipts that this one has not signed; stop one of the two",
            &[
                ("receipts", &found.receipts),
                ("job", &found.job_uuid),
                ("miner", &found.miner_hotkey),
                ("made", &found.made),
            ],
        );
        ctx.put(OTHER_VALIDATOR, &found)?;
        self.other_validator = Some(found);
        Ok(())
    }
}
