//! Receipts with this validator's signature that it does not know of.
//!
//! Its own receipts come from `horde_miners` some seconds after they were signed, so one that a miner serves first is kept for a
//! while. If the validator's own does not come, somebody else signs with this hotkey: another validator on the same chain.

use std::collections::BTreeMap;

use horde_proto::receipt::Receipt;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::judge::{Refusal, check_time};
use crate::store::kind;

/// Milliseconds for which the validator's own receipt may be late. After a start all of two days are emitted again.
const GRACE_MS: u64 = 20 * 60_000;
/// Receipts that are kept; beyond, they are left out: after a batch of 256 miners with 10 executors each, 7,680 may be served before
/// the validator's own have come.
const SUSPECTS_COUNT_MAX: usize = 10_000;

const PREFIX: &str = "suspect/";

/// A receipt that the validator does not know.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Suspect {
    receipt: Receipt,
    /// When it was seen first, in Unix milliseconds.
    seen_ms: u64,
    /// The validator's own did not come. It is kept so that it counts once, however often it is served.
    is_proven: bool,
}

impl Suspect {
    fn is_due(&self, now_ms: u64) -> bool {
        !self.is_proven && now_ms.saturating_sub(self.seen_ms) >= GRACE_MS
    }

    fn is_old(&self, now_ms: u64) -> bool {
        check_time(&self.receipt.payload, now_ms) == Err(Refusal::Old)
    }
}

/// All that are kept, by key.
#[derive(Default)]
pub(crate) struct Suspects(BTreeMap<String, Suspect>);

impl Suspects {
    /// Reads what is stored.
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<Self> {
        let now_ms = ctx.now_ms();
        let mut stored = ctx.scan_sound::<Suspect>(PREFIX)?;
        for (_, suspect) in &mut stored {
            suspect.seen_ms = suspect.seen_ms.min(now_ms);
        }
        Ok(Self(stored.into_iter().collect()))
    }

    /// Whether a receipt with this content is kept.
    pub(crate) fn contains(&self, receipt: &Receipt) -> bool {
        let kept = self.0.get(&key(receipt));
        kept.is_some_and(|suspect| suspect.receipt.payload == receipt.payload)
    }

    /// Keeps a receipt. Returns whether there is room for it.
    pub(crate) fn keep(&mut self, ctx: &mut Context<'_>, receipt: &Receipt) -> Result<bool> {
        let key = key(receipt);
        if self.0.len() >= SUSPECTS_COUNT_MAX && !self.0.contains_key(&key) {
            return Ok(false);
        }
        let suspect = Suspect {
            receipt: receipt.clone(),
            seen_ms: ctx.now_ms(),
            is_proven: false,
        };
        ctx.put(&key, &suspect)?;
        self.0.insert(key, suspect);
        Ok(true)
    }

    /// The one with the content of this receipt, which is the validator's own: it is not suspect any more.
    pub(crate) fn clear(
        &mut self,
        ctx: &mut Context<'_>,
        own: &Receipt,
    ) -> Result<Option<Receipt>> {
        if !self.contains(own) {
            return Ok(None);
        }
        let key = key(own);
        ctx.delete(&key)?;
        Ok(self.0.remove(&key).map(|suspect| suspect.receipt))
    }

    /// Whether there is something to [prove](Self::prove) or to [forget](Self::forget_old).
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        let mut suspects = self.0.values();
        suspects.any(|suspect| suspect.is_due(now_ms) || suspect.is_old(now_ms))
    }

    /// Those for which the validator's own did not come, once each.
    pub(crate) fn prove(&mut self, ctx: &mut Context<'_>) -> Result<Vec<Receipt>> {
        let now_ms = ctx.now_ms();
        let mut proven = Vec::new();
        for (key, suspect) in &mut self.0 {
            if suspect.is_due(now_ms) {
                suspect.is_proven = true;
                ctx.put(key, suspect)?;
                proven.push(suspect.receipt.clone());
            }
        }
        Ok(proven)
    }

    /// Forgets those that no miner serves any more.
    pub(crate) fn forget_old(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let old = self.0.iter().filter(|(_, suspect)| suspect.is_old(now_ms));
        let old: Vec<_> = old.map(|(key, _)| key.clone()).collect();
        for key in old {
            ctx.delete(&key)?;
            self.0.remove(&key);
        }
        Ok(())
    }
}

fn key(receipt: &Receipt) -> String {
    let payload = &receipt.payload;
    format!("{PREFIX}{}/{}", kind(payload), payload.job_uuid())
}
