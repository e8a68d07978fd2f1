//! When a precommit is not sent any more: its block is over, nothing new is begun, or it was sent as often as it may be.

use serde_json::json;
use tig_plugin_api::prelude::*;

use crate::SubmissionsManager;
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::request::block_id;
use crate::submission::{State, Submission};

/// Why a precommit was dropped.
pub(crate) const NEW_BLOCK: &str = "a new block has come";
pub(crate) const PAUSED: &str = "nothing new is begun";

impl SubmissionsManager {
    /// Drops what waits. The precommit in flight may have been paid for: it is awaited, but not sent again.
    pub(crate) fn withdraw_precommits(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let all = self.submissions.iter();
        let precommits = all.filter(|((kind, _), _)| *kind == Kind::Precommit);
        let waiting: Vec<(Kind, String)> = precommits
            .filter(|(key, _)| !self.is_in_flight(key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &waiting {
            self.drop_precommit(ctx, key, PAUSED)?;
        }
        for ((kind, _), submission) in &mut self.submissions {
            submission.is_withdrawn |= *kind == Kind::Precommit;
        }
        Ok(())
    }

    /// A precommit that failed is not repeated in a later block: its difficulty was chosen for its own.
    pub(crate) fn drop_stale_precommit(
        &mut self,
        ctx: &mut Context<'_>,
        key: &(Kind, String),
    ) -> Result<()> {
        let is_dropped = |submission: &Submission| {
            self.config.clear_precommits_submission_on_new_block || submission.has_failed()
        };
        if !self.is_in_flight(key) && self.submissions.get(key).is_some_and(is_dropped) {
            self.drop_precommit(ctx, key, NEW_BLOCK)?;
        }
        Ok(())
    }

    /// Drops a precommit that waits. The API has taken none of its attempts: one that it may have taken is not repeated.
    pub(crate) fn drop_precommit(
        &mut self,
        ctx: &mut Context<'_>,
        key: &(Kind, String),
        why: &str,
    ) -> Result<()> {
        if let Some(submission) = self.submissions.get(key) {
            emit_dropped(ctx, submission)?;
        }
        let now_ms = ctx.now_ms();
        if let Some(dropped) = self.submissions.remove(key) {
            self.ended((key.0, &key.1), &dropped, ("dropped", why), now_ms);
        }
        Ok(())
    }

    /// Whether a precommit that has failed is not sent again.
    pub(crate) fn is_over(&self, precommit: &Submission) -> bool {
        let listing = self.listing.as_ref();
        let newest = listing.map(|listing| listing.block_id.as_str());
        let is_stale = newest.is_some_and(|newest| newest != block_id(&precommit.request));
        is_stale || precommit.is_withdrawn
    }

    fn is_in_flight(&self, key: &(Kind, String)) -> bool {
        let in_flight = self.in_flight.get(&key.0);
        in_flight.is_some_and(|in_flight| in_flight.id == key.1)
    }
}

/// Whether the API has taken no attempt of a precommit, and none follows. After an answer with a status, the error alone says
/// that nothing was paid: two events would free the slot twice.
pub(crate) fn is_untaken(kind: Kind, after: &Submission, outcome: &Outcome) -> bool {
    let is_over = kind == Kind::Precommit && after.state == State::Rejected;
    is_over && matches!(outcome, Outcome::Retryable(answer) if answer.status.is_none())
}

/// Emits that a precommit costs nothing.
pub(crate) fn emit_dropped(ctx: &mut Context<'_>, precommit: &Submission) -> Result<()> {
    let settings = &precommit.request["settings"];
    ctx.emit_json(
        tig_events::PrecommitDropped::NAME,
        &json!({ "settings": settings }),
    )
}
