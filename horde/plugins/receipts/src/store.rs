//! The stored form of receipts, and of how far miners were read.
//!
//! | key | value |
//! |---|---|
//! | `own/<page>/<kind>/<job>` | a receipt of this validator; the miner's signature is empty until it was seen |
//! | `foreign/<page>/<miner>/<kind>/<job>/<validator>` | a receipt of another validator, both signatures verified |
//! | `count/<page>` | how many there are, see `ledger.rs` |
//! | `miner/<hotkey>` | how far the miner was read |
//! | `suspect/<kind>/<job>` | a receipt with this validator's signature that it does not know, see `suspects.rs` |
//! | `other_validator` | what is known of another validator with this hotkey |
//! | `since` | from when on all receipts of this validator are stored, in Unix milliseconds: when this store was begun, or later if they were too many |
//! | `command` | the call of `fetch_receipts` that is under way |

use horde_proto::receipt::{Receipt, ReceiptPayload};
use serde::de::IgnoredAny;
use tig_plugin_api::prelude::*;

use crate::judge::page_of;
use crate::ledger::Part;
use crate::miner::Progress;

/// See the module's table.
pub(crate) const COMMAND: &str = "command";
/// See the module's table.
pub(crate) const OTHER_VALIDATOR: &str = "other_validator";
const SINCE: &str = "since";
const MINER_PREFIX: &str = "miner/";

/// Receipts that one handler deletes.
const DELETED_COUNT_MAX: usize = 500;

/// One word for the type of a receipt.
pub(crate) fn kind(payload: &ReceiptPayload) -> &'static str {
    match payload {
        ReceiptPayload::JobStarted(_) => "started",
        ReceiptPayload::JobAccepted(_) => "accepted",
        ReceiptPayload::JobFinished(_) => "finished",
    }
}

/// Key of a receipt of this validator.
pub(crate) fn own_key(payload: &ReceiptPayload) -> String {
    let (page, kind) = (page_of(payload), kind(payload));
    format!("{}{kind}/{}", own_prefix(page), payload.job_uuid())
}

/// Key of a receipt of another validator. With both parties in it, none can take the place of another's.
pub(crate) fn foreign_key(payload: &ReceiptPayload) -> String {
    let (page, kind) = (page_of(payload), kind(payload));
    let miner = payload.miner_hotkey();
    let (job, validator) = (payload.job_uuid(), payload.validator_hotkey());
    format!("{}{miner}/{kind}/{job}/{validator}", foreign_prefix(page))
}

fn own_prefix(page: u64) -> String {
    format!("own/{page:010}/")
}

fn foreign_prefix(page: u64) -> String {
    format!("foreign/{page:010}/")
}

/// This validator's receipts of a page.
pub(crate) fn own_page(ctx: &mut Context<'_>, page: u64) -> Result<Vec<Receipt>> {
    let receipts = ctx.scan_sound::<Receipt>(&own_prefix(page))?;
    Ok(receipts.into_iter().map(|(_, receipt)| receipt).collect())
}

/// Deletes some of these receipts of a page. Returns whether none is left.
pub(crate) fn delete_some(ctx: &mut Context<'_>, page: u64, part: Part) -> Result<bool> {
    let mut left = DELETED_COUNT_MAX;
    let own = part.has_own().then(|| own_prefix(page));
    let foreign = part.has_foreign().then(|| foreign_prefix(page));
    for prefix in own.into_iter().chain(foreign) {
        for (key, _) in ctx.scan_sound::<IgnoredAny>(&prefix)? {
            if left == 0 {
                return Ok(false);
            }
            ctx.delete(&key)?;
            left -= 1;
        }
    }
    Ok(true)
}

/// How far a miner was read.
pub(crate) fn read_progress(ctx: &mut Context<'_>, hotkey: &str) -> Result<Progress> {
    let progress = ctx.get_sound(&format!("{MINER_PREFIX}{hotkey}"))?;
    Ok(progress.unwrap_or_default())
}

pub(crate) fn put_progress(ctx: &mut Context<'_>, hotkey: &str, progress: &Progress) -> Result<()> {
    ctx.put(&format!("{MINER_PREFIX}{hotkey}"), progress)
}

/// Forgets miners that were not read for long.
pub(crate) fn forget_old_miners(ctx: &mut Context<'_>) -> Result<()> {
    let now_ms = ctx.now_ms();
    for (key, progress) in ctx.scan_sound::<Progress>(MINER_PREFIX)? {
        if progress.is_old(now_ms) {
            ctx.delete(&key)?;
        }
    }
    Ok(())
}

/// From when on all receipts of this validator are stored, in Unix milliseconds.
pub(crate) fn since_ms(ctx: &mut Context<'_>) -> Result<u64> {
    if let Some(since_ms) = ctx.get_sound(SINCE)? {
        return Ok(since_ms);
    }
    let now_ms = ctx.now_ms();
    ctx.put(SINCE, &now_ms)?;
    Ok(now_ms)
}

pub(crate) fn put_since_ms(ctx: &mut Context<'_>, since_ms: u64) -> Result<()> {
    ctx.put(SINCE, &since_ms)
}
