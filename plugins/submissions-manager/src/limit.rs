//! What the host's rate limiter has refused: nothing more of that kind is asked for until the next turn.
//!
//! The limiter is the host's alone (`posts_per_minute`): proofs wait in it before benchmarks. Precommits never wait
//! there. One that the limiter refuses stays here, where the next block drops it instead of paying for an old difficulty.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_events::PrecommitsDelayed;
use tig_plugin_api::prelude::*;

use crate::kind::Kind;
use crate::outcome::Limited;

/// The last refusal of a kind.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Limit {
    /// Requests of the kind that may go each minute; `None` if the API itself has asked for a pause.
    pub(crate) allowed_per_minute: Option<u32>,
    pub(crate) until_ms: u64,
    /// In words.
    pub(crate) reason: String,
}

/// The last refusals, by kind.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Limits {
    limits: BTreeMap<Kind, Limit>,
    /// Numbers that the log has shown: each once, not each minute.
    logged: BTreeMap<Kind, Option<u32>>,
}

impl Limits {
    /// What keeps `kind` waiting now.
    pub(crate) fn current(&self, kind: Kind, now_ms: u64) -> Option<&Limit> {
        self.limits
            .get(&kind)
            .filter(|limit| now_ms < limit.until_ms)
    }

    /// A request of `kind` has gone.
    pub(crate) fn clear(&mut self, kind: Kind) {
        self.limits.remove(&kind);
    }

    /// Notes a refusal and reports it. Without a moment from the host, `delay_ms` is waited.
    ///
    /// # Errors
    ///
    /// The event cannot be emitted.
    pub(crate) fn note(
        &mut self,
        ctx: &mut Context<'_>,
        kind: Kind,
        limited: &Limited,
        delay_ms: u64,
    ) -> Result<()> {
        let wait_ms = limited.rate_limit.map_or(delay_ms, |limit| limit.wait_ms);
        let limit = Limit {
            allowed_per_minute: limited
                .rate_limit
                .and_then(|limit| limit.allowed_per_minute),
            until_ms: ctx.now_ms().saturating_add(wait_ms),
            reason: limited.text.clone(),
        };
        if kind == Kind::Precommit {
            ctx.emit(&PrecommitsDelayed {
                allowed_per_minute: limit.allowed_per_minute,
                until_ms: limit.until_ms,
            })?;
        }
        if self.logged.get(&kind) != Some(&limit.allowed_per_minute) {
            self.logged.insert(kind, limit.allowed_per_minute);
            ctx.warn_with(
                &format!("{kind}s wait for their turn"),
                &[("reason", &limit.reason)],
            );
        }
        self.limits.insert(kind, limit);
        Ok(())
    }
}
