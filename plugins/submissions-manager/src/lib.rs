//! `submissions_manager`: submits precommits, benchmarks and proofs to the API until a block shows them.
//!
//! | | |
//! |---|---|
//! | handles | `precommit_ready`, `precommits_paused`, `benchmark_ready`, `proof_ready`, `new_block`, `update`, `http_response` |
//! | emits | `submit_{precommit,benchmark,proof}_success`, `submit_{precommit,benchmark,proof}_error`, `precommits_delayed`, `precommit_dropped`, `alert` |
//! | routes | `GET /submissions`, `GET /operator/panel/submissions` |
//! | conditions | `api_key_refused`, `api_unreachable`, `rate_limited` (without subject: by the API; of a kind: by the host); of a benchmark: `submission_rejected`, `confirmation_late` |
//! | metrics | gauge `submissions_waiting` by kind; counters `submission_attempts` by kind, `answers` by kind and outcome |
//! | config | `clear_precommits_submission_on_new_block`, `max_retries` (null: for ever), `ms_delay_between_retries` |
//! | stores | `benchmark/<benchmark id>`, `proof/<benchmark id>` |
//!
//! Benchmarks and proofs are sent until they are accepted, and again if no block shows them; sending one twice does no
//! harm. A precommit costs a fee each time: it is repeated only if it cannot have arrived, and never after a restart. If
//! nobody knows what became of it, neither success nor error is emitted, so that its slot stays used for this block.

mod conditions;
mod kind;
mod ledger;
mod limit;
mod listing;
mod observe;
mod outcome;
mod panel;
mod precommits;
mod publish;
mod report;
mod request;
mod store;
mod submission;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tig_events::{BenchmarkReady, PrecommitReady, PrecommitsPaused, ProofReady};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::kind::Kind;
use crate::ledger::Ledger;
use crate::limit::Limits;
use crate::listing::{Listing, NewBlock};
use crate::outcome::{Limited, Outcome, classify};
use crate::publish::publish_outcome;
use crate::request::{InFlight, post};
use crate::submission::{CONFIRMED, Fate, Retries, State, Submission};

#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// A new block drops the waiting precommit even if it has not failed yet.
    clear_precommits_submission_on_new_block: bool,
    /// Times that a submission is sent again after a failure; no limit without a number.
    max_retries: Option<u32>,
    /// Time before a submission is sent again, in milliseconds.
    ms_delay_between_retries: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clear_precommits_submission_on_new_block: true,
            max_retries: None,
            ms_delay_between_retries: 30_000,
        }
    }
}

/// What a reload hands over.
#[derive(Deserialize, Serialize)]
struct Handover {
    in_flight: Vec<(Kind, InFlight)>,
    precommits: Vec<(String, Submission)>,
    listing: Option<Listing>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    ledger: Ledger,
}

struct SubmissionsManager {
    config: Config,
    /// By kind and benchmark id; precommits, which have none yet, by block and a random number.
    submissions: BTreeMap<(Kind, String), Submission>,
    in_flight: BTreeMap<Kind, InFlight>,
    listing: Option<Listing>,
    limits: Limits,
    ledger: Ledger,
    reported: ReportedConditions,
}

#[extension(
    routes("GET /submissions", "GET /operator/panel/submissions"),
    emits(
        tig_events::Alert,
        tig_events::PrecommitDropped,
        tig_events::PrecommitsDelayed,
        tig_events::SubmitPrecommitSuccess,
        tig_events::SubmitPrecommitError,
        tig_events::SubmitBenchmarkSuccess,
        tig_events::SubmitBenchmarkError,
        tig_events::SubmitProofSuccess,
        tig_events::SubmitProofError
    ),
    identity(api_url: "Base URL of the network's API." = tig_events::API_URL_DEFAULT),
    rates(api_url = tig_events::API_RATES)
)]
impl SubmissionsManager {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let submissions = store::restore(ctx)?;
        if !submissions.is_empty() {
            ctx.info_with("submissions restored", &[("count", &submissions.len())]);
        }
        report_unfinished(ctx, &submissions);
        Ok(Self {
            config,
            submissions,
            in_flight: BTreeMap::new(),
            listing: None,
            limits: Limits::default(),
            ledger: Ledger::default(),
            reported: ReportedConditions::default(),
        })
    }

    fn on_precommit_ready(&mut self, ctx: &mut Context<'_>, event: PrecommitReady) -> Result<()> {
        let block_id = &event.settings.block_id;
        // Never the id of a precommit from before a restart, whose response may still come.
        let id = format!("{block_id}/{:016x}", ctx.random_u64());
        self.add(
            ctx,
            Kind::Precommit,
            id,
            serde_json::to_value(&event)?,
            None,
        )
    }

    /// What waits is dropped: nothing may be paid for after a pause, or while the host drains.
    fn on_precommits_paused(&mut self, ctx: &mut Context<'_>, _: PrecommitsPaused) -> Result<()> {
        self.withdraw_precommits(ctx)?;
        report_unfinished(ctx, &self.submissions);
        self.observe(ctx);
        Ok(())
    }

    fn on_benchmark_ready(
        &mut self,
        ctx: &mut Context<'_>,
        mut event: BenchmarkReady,
    ) -> Result<()> {
        let rand_hash = event.rand_hash.take();
        let request = serde_json::to_value(&event)?;
        self.add(ctx, Kind::Benchmark, event.benchmark_id, request, rand_hash)
    }

    fn on_proof_ready(&mut self, ctx: &mut Context<'_>, mut event: ProofReady) -> Result<()> {
        let rand_hash = event.rand_hash.take();
        let request = serde_json::to_value(&event)?;
        self.add(ctx, Kind::Proof, event.benchmark_id, request, rand_hash)
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let listing = Listing::from(event);
        let keys: Vec<(Kind, String)> = self.submissions.keys().cloned().collect();
        for key in keys {
            match key.0 {
                Kind::Precommit => self.drop_stale_precommit(ctx, &key)?,
                Kind::Benchmark | Kind::Proof => self.reconcile(ctx, &key, &listing)?,
            }
        }
        self.listing = Some(listing);
        self.dispatch(ctx)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let in_flight = self.in_flight.iter();
        let lost: Vec<Kind> = in_flight
            .filter(|(_, in_flight)| in_flight.is_lost(now_ms))
            .map(|(kind, _)| *kind)
            .collect();
        for kind in lost {
            let failure = HttpFailure::new(HttpFailureKind::Other, "no response came");
            self.settle(ctx, kind, &classify(kind, &Err(failure)))?;
        }
        self.dispatch(ctx)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        let awaited = self
            .in_flight
            .iter()
            .find(|(_, sent)| sent.tag == response.tag);
        let Some((&kind, _)) = awaited else {
            return Ok(());
        };
        self.settle(ctx, kind, &classify(kind, &response.result))?;
        self.dispatch(ctx)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        self.show(&request, ctx.now_ms())
    }

    fn snapshot(&mut self) -> Result<Handover> {
        let precommits = self
            .submissions
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Precommit);
        Ok(Handover {
            in_flight: self.in_flight.clone().into_iter().collect(),
            precommits: precommits
                .map(|((_, id), submission)| (id.clone(), submission.clone()))
                .collect(),
            listing: self.listing.clone(),
            limits: self.limits.clone(),
            ledger: self.ledger.clone(),
        })
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        let precommits = state.precommits.into_iter();
        self.submissions
            .extend(precommits.map(|(id, submission)| ((Kind::Precommit, id), submission)));
        self.in_flight = state.in_flight.into_iter().collect();
        self.listing = state.listing;
        self.limits = state.limits;
        self.ledger = state.ledger;
        report_unfinished(ctx, &self.submissions);
        Ok(())
    }
}

impl SubmissionsManager {
    /// Takes on a submission, unless it is known or a block shows it already, and sends it if it can be sent at once.
    fn add(
        &mut self,
        ctx: &mut Context<'_>,
        kind: Kind,
        id: String,
        request: Value,
        rand_hash: Option<String>,
    ) -> Result<()> {
        let is_shown = self
            .listing
            .as_ref()
            .is_some_and(|listing| listing.shows(kind, &id));
        let mut of_kind = self.submissions.iter().filter(|((its, _), _)| *its == kind);
        let is_known = of_kind.any(|(_, submission)| submission.request == request);
        if is_shown || is_known {
            return Ok(());
        }
        let listing = self.listing.as_ref();
        let rand_hash = rand_hash.or_else(|| Some(listing?.rand_hash(&id)?.to_owned()));
        if listing.is_some_and(|listing| listing.is_reconfirmed(&id, rand_hash.as_deref())) {
            ctx.warn_with(
                "submission not sent: the network has rolled its block back",
                &[("kind", &kind.name()), (kind.id_field(), &id)],
            );
            return Ok(());
        }
        if self.submissions.contains_key(&(kind, id.clone())) {
            ctx.warn_with(
                "submission replaced by another one",
                &[("kind", &kind.name()), (kind.id_field(), &id)],
            );
        }
        let mut submission = Submission::new(request, ctx.now_ms());
        submission.block_started = listing.and_then(|listing| listing.block_started(&id));
        submission.rand_hash = rand_hash;
        store::put(ctx, kind, &id, &submission)?;
        self.submissions.insert((kind, id), submission);
        self.dispatch(ctx)
    }

    /// Sends what is due: one request per kind at a time, the most urgent kind first, of a kind the one that began first.
    /// Benchmarks and proofs wait for the first block, which may show that they are confirmed.
    fn dispatch(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let delay_ms = self.config.ms_delay_between_retries;
        for kind in Kind::ALL {
            let must_wait = (kind != Kind::Precommit && self.listing.is_none())
                || self.limits.current(kind, now_ms).is_some();
            if must_wait || self.in_flight.contains_key(&kind) {
                continue;
            }
            let due = self.submissions.iter().filter(|((its, _), submission)| {
                *its == kind && submission.is_due(now_ms, delay_ms)
            });
            let first =
                due.min_by_key(|(_, submission)| submission.block_started.unwrap_or(u32::MAX));
            let Some(key) = first.map(|(key, _)| key.clone()) else {
                continue;
            };
            self.send(ctx, &key, now_ms)?;
        }
        // A drain waits until blocks show what was submitted.
        report_unfinished(ctx, &self.submissions);
        Ok(())
    }

    fn send(&mut self, ctx: &mut Context<'_>, key: &(Kind, String), now_ms: u64) -> Result<()> {
        let Some(submission) = self.submissions.get_mut(key) else {
            return Ok(());
        };
        let (kind, id) = (key.0, &key.1);
        let mut sent = submission.clone();
        sent.attempts += 1;
        store::put(ctx, kind, id, &sent)?;
        let tag = request::tag(kind, id, sent.attempts);
        let call = post(ctx.settings(), kind, tag.clone(), &sent.request)?;
        ctx.http_with(&call, request::turn(kind))?;
        ctx.count("submission_attempts", &[("kind", kind.name())], 1);
        *submission = sent;
        self.in_flight
            .insert(kind, InFlight::new(tag, id.clone(), now_ms));
        Ok(())
    }

    /// Draws the conclusions from the outcome of the request of `kind` that is in flight.
    fn settle(&mut self, ctx: &mut Context<'_>, kind: Kind, outcome: &Outcome) -> Result<()> {
        let Some(in_flight) = self.in_flight.get(&kind) else {
            return Ok(());
        };
        let key = (kind, in_flight.id.clone());
        // A submission that a block has shown meanwhile needs no answer any more; one that took its place has its own.
        let sent = self
            .submissions
            .get(&key)
            .filter(|submission| in_flight.tag == request::tag(kind, &key.1, submission.attempts));
        if let (Some(submission), Outcome::Limited(limited)) = (sent, outcome) {
            let unsent = submission.unsent();
            self.postpone(ctx, &key, unsent, limited)?;
        } else if let Some(submission) = sent {
            self.limits.clear(kind);
            let retries = Retries {
                max: self.config.max_retries,
                delay_ms: self.config.ms_delay_between_retries,
            };
            let mut after = submission.after(outcome, ctx.now_ms(), &retries);
            let is_over = kind == Kind::Precommit && self.is_over(&after);
            if is_over && after.state == State::Waiting {
                after.state = State::Rejected;
            }
            publish_outcome(ctx, &key, &after, outcome)?;
            if precommits::is_untaken(kind, &after, outcome) {
                precommits::emit_dropped(ctx, &after)?;
            }
            let now_ms = ctx.now_ms();
            let will_retry = after.state == State::Waiting;
            self.ledger.answered(kind, outcome, will_retry, now_ms);
            let is_sent = matches!(after.state, State::Sent { .. });
            if !will_retry && (kind == Kind::Precommit || !is_sent) {
                let text = outcome.text();
                self.ended((kind, &key.1), &after, (outcome.name(), text), now_ms);
            }
            if kind == Kind::Precommit && after.state != State::Waiting {
                self.submissions.remove(&key);
            } else {
                store::put(ctx, kind, &key.1, &after)?;
                self.submissions.insert(key, after);
            }
        }
        self.in_flight.remove(&kind);
        Ok(())
    }

    /// Keeps a submission that was not sent for the next turn; a precommit of an earlier block, or before a pause, has none.
    fn postpone(
        &mut self,
        ctx: &mut Context<'_>,
        key: &(Kind, String),
        unsent: Submission,
        limited: &Limited,
    ) -> Result<()> {
        let (kind, id) = (key.0, &key.1);
        let delay_ms = self.config.ms_delay_between_retries;
        self.limits.note(ctx, kind, limited, delay_ms)?;
        let labels = [("kind", kind.name()), ("outcome", "rate_limited")];
        ctx.count("answers", &labels, 1);
        let why = if unsent.is_withdrawn {
            precommits::PAUSED
        } else {
            precommits::NEW_BLOCK
        };
        let is_over = kind == Kind::Precommit && self.is_over(&unsent);
        store::put(ctx, kind, id, &unsent)?;
        self.submissions.insert(key.clone(), unsent);
        if is_over {
            self.drop_precommit(ctx, key, why)?;
        }
        Ok(())
    }

    /// Brings a benchmark or proof in line with the newest block.
    fn reconcile(
        &mut self,
        ctx: &mut Context<'_>,
        key: &(Kind, String),
        listing: &Listing,
    ) -> Result<()> {
        let Some(submission) = self.submissions.get_mut(key) else {
            return Ok(());
        };
        let (kind, id) = (key.0, &key.1);
        let mut after = submission.clone();
        let started = listing.block_started(id).or(after.block_started);
        after.block_started = started.or(Some(listing.window.height));
        let listed = listing.rand_hash(id).map(str::to_owned);
        after.rand_hash = after.rand_hash.or(listed);
        if after.state == (State::Sent { first_seen: None }) {
            let first_seen = Some(listing.window.height);
            after.state = State::Sent { first_seen };
        }
        match after.fate(kind, id, listing) {
            Fate::Drop { reason } => {
                store::delete(ctx, kind, id)?;
                ctx.info_with(
                    "submission dropped",
                    &[
                        ("kind", &kind.name()),
                        (kind.id_field(), &id),
                        ("reason", &reason.to_string()),
                    ],
                );
                let outcome = if reason == CONFIRMED {
                    reason
                } else {
                    "dropped"
                };
                // The end of one that was rejected is known already.
                if after.state != State::Rejected {
                    let now_ms = ctx.now_ms();
                    self.ended((kind, id), &after, (outcome, reason), now_ms);
                }
                self.submissions.remove(key);
                return Ok(());
            }
            Fate::Resend => {
                ctx.warn_with(
                    "submission accepted, but no block shows it; sent again",
                    &[("kind", &kind.name()), (kind.id_field(), &id)],
                );
                after.state = State::Waiting;
                after.resends = after.resends.saturating_add(1);
            }
            Fate::Keep => {}
        }
        if after != *submission {
            store::put(ctx, kind, id, &after)?;
            *submission = after;
        }
        Ok(())
    }
}

/// What was refused for good is kept, but nothing follows from it.
fn report_unfinished(ctx: &mut Context<'_>, submissions: &BTreeMap<(Kind, String), Submission>) {
    let open = submissions
        .values()
        .filter(|submission| submission.state != State::Rejected);
    ctx.unfinished(open.count() as u64);
}
