//! The edge: what the stations ask of the host, of `horde_miners` and of the buckets.

mod answers;
mod bucket_check;
mod deletion;
mod giving;
mod job;
mod judge;
mod outcome;
mod sampling;
mod sweep;
mod upload;
mod workload;

use horde_calc::llm::is_page;
use horde_s3::Method;
use tig_plugin_api::prelude::*;

use crate::bucket::{Bucket, ReadFault};
use crate::conditions::without_signature;
use crate::limits::{LINK_IDLE_MS, REMINDER_MS, REPLY_BYTES_MAX, REQUEST_TIMEOUT_MS, SWEEP_MS};
use crate::live::State;
use crate::station::StationName;
use crate::trusted::Phase;
use crate::{Crossval, store};

/// The timer after which all stations are looked at.
pub(crate) const WORK: &str = "work";

/// What a request to a bucket is for; its tag begins so.
const SERIES: &str = "series/";
const UPLOAD: &str = "upload/";
const ANSWERS: &str = "answers/";
const DELETE: &str = "delete/";
const CHECK: &str = "check/";

impl Crossval {
    /// The instance with times that can be: the clock may have been set back since they were stored.
    pub(crate) fn with_sound_times(mut self, now_ms: u64) -> Self {
        if let Some(job) = &mut self.job {
            let longest_ms = job.due_ms.saturating_sub(job.begun_ms);
            job.due_ms = job.due_ms.min(now_ms + longest_ms);
        }
        if let Some(probe) = &mut self.probe {
            probe.checked_ms = probe.checked_ms.min(now_ms);
            probe.made_ms = probe.made_ms.min(now_ms);
        }
        self
    }

    /// Lets each station do what it can, and sets the timer for what comes later.
    pub(crate) fn work(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.mark_fields_changed()?;
        self.remind(ctx);
        self.sweep(ctx)?;
        self.give_samples(ctx)?;
        if self.buckets.is_some() {
            self.check_buckets(ctx)?;
            self.look_at_job(ctx)?;
            if !self.live.is_draining {
                self.start_next_job(ctx)?;
                self.start_sampling(ctx)?;
            }
            self.start_uploads(ctx)?;
            self.start_deletions(ctx)?;
        }
        self.hold_link(ctx)?;
        let now_ms = ctx.now_ms();
        self.note_states(now_ms);
        self.report_metrics(ctx);
        ctx.unfinished(u64::from(self.job.is_some()));
        ctx.at(WORK, self.due_ms(now_ms))?;
        self.observe(ctx);
        Ok(())
    }

    fn due_ms(&self, now_ms: u64) -> u64 {
        let job = self.job.iter().map(|job| job.due_ms);
        let pauses = self.stations.values();
        let pauses = pauses.filter_map(|station| station.paused_until_ms(now_ms));
        let doomed = self.pool.doomed.values().map(|doomed| doomed.from_ms);
        let idle = self
            .live
            .link_idle_since_ms
            .map(|since_ms| since_ms + LINK_IDLE_MS);
        let asks = (!self.live.asks.is_empty()).then_some(self.live.give_ms);
        let checks = self.live.buckets.values();
        let checks = checks.filter_map(|state| Some(state.check.as_ref()?.from_ms));
        let times = job.chain(pauses).chain(doomed).chain(idle).chain(asks);
        let times = times.chain(checks);
        // What could not be started though it was due waits for something else, which wakes this extension, too.
        let next_ms = times.filter(|at_ms| *at_ms > now_ms).min();
        next_ms.unwrap_or(u64::MAX).min(now_ms + SWEEP_MS)
    }

    pub(crate) fn take_response(
        &mut self,
        ctx: &mut Context<'_>,
        response: HttpResponse,
    ) -> Result<()> {
        ctx.mark_fields_changed()?;
        let HttpResponse { tag, result } = response;
        if let Some(name) = tag.strip_prefix(CHECK) {
            return self.take_check(ctx, name, &result);
        }
        let now_ms = ctx.now_ms();
        let result = crate::bucket::read_answer(result, now_ms);
        let is_series = tag.starts_with(SERIES);
        let result = match result {
            // A series may be a page for ever, which is the fault of that series then.
            Ok(body) if !is_series && is_page(&body) => Err(ReadFault::page()),
            result => result,
        };
        // A key need not have the right to delete: a refused deletion says nothing of the bucket, and a check would leave one more
        // object that cannot be deleted.
        if !tag.starts_with(DELETE) {
            let bucket = match is_series {
                true => Bucket::Prompts,
                false => Bucket::Answers,
            };
            self.suspect(bucket, &result, now_ms);
        }
        if let Some(uuid) = tag.strip_prefix(SERIES) {
            self.take_series(ctx, uuid, result)
        } else if let Some(uuid) = tag.strip_prefix(UPLOAD) {
            self.take_upload(ctx, uuid, result)
        } else if let Some(uuid) = tag.strip_prefix(ANSWERS) {
            self.take_answers(ctx, uuid, result)
        } else if let Some(name) = tag.strip_prefix(DELETE) {
            self.take_deletion(ctx, name, result)
        } else {
            Ok(())
        }
    }

    /// A station has failed: it pauses, and an operator can see why.
    fn fail_station(
        &mut self,
        ctx: &mut Context<'_>,
        name: StationName,
        reason: &str,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let reason = without_signature(reason);
        ctx.warn_with(
            "station of the pool of prompts has failed",
            &[("station", &name.text()), ("reason", &reason)],
        );
        ctx.count("llm_pool_failures", &[("station", name.text())], 1);
        self.stations.entry(name).or_default().fail(reason, now_ms);
        ctx.put(store::STATIONS, &self.stations)?;
        self.finish_call(ctx, name, Err(reason))
    }

    fn succeed_station(
        &mut self,
        ctx: &mut Context<'_>,
        name: StationName,
        result: &str,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        ctx.info_with(
            "station of the pool of prompts has done its work",
            &[("station", &name.text()), ("result", &result)],
        );
        self.stations.entry(name).or_default().succeed(now_ms);
        ctx.put(store::STATIONS, &self.stations)?;
        self.finish_call(ctx, name, Ok(result))
    }

    /// Reminds the operator once a day of what is not configured.
    fn remind(&mut self, ctx: &mut Context<'_>) {
        let text = match (&self.buckets, self.config.has_trusted_miner()) {
            (None, _) => {
                "no buckets are configured: miners of the class always_on.llm.a6000 get no jobs; set config.horde_crossval.prompts_bucket and answers_bucket"
            }
            (_, false) => {
                "no trusted miner is configured: no prompts are generated or answered; set config.horde_crossval.trusted_miner_host"
            }
            _ => return,
        };
        if self.is_reminder_due(ctx, text) {
            ctx.warn(text);
        }
    }

    /// Whether this was not logged for a day. It is logged now.
    fn is_reminder_due(&mut self, ctx: &mut Context<'_>, what: &str) -> bool {
        let now_ms = ctx.now_ms();
        let reminded_ms = self.live.reminded_ms.entry(what.to_owned()).or_default();
        let is_due = *reminded_ms == 0 || now_ms.saturating_sub(*reminded_ms) >= REMINDER_MS;
        if is_due {
            *reminded_ms = now_ms;
        }
        is_due
    }

    fn note_states(&mut self, now_ms: u64) {
        for name in StationName::ALL {
            let text = self.describe(name, now_ms);
            let state = self.live.states.get(&name);
            if state.is_none_or(|state| state.text != text) {
                let state = State {
                    text,
                    since_ms: now_ms,
                };
                self.live.states.insert(name, state);
            }
        }
    }

    fn is_reading(&self) -> bool {
        let job = self.job.as_ref();
        job.is_some_and(|job| job.phase == Phase::Reading)
    }
}

/// A request to a bucket.
fn request(tag: String, method: Method, url: String, max_body_bytes: u64) -> HttpCall {
    let method = match method {
        Method::Put => tig_plugin_api::Method::Put,
        Method::Delete => tig_plugin_api::Method::Delete,
        Method::Head => tig_plugin_api::Method::Head,
        Method::Post => tig_plugin_api::Method::Post,
        Method::Get => tig_plugin_api::Method::Get,
    };
    HttpCall {
        tag,
        method,
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: REQUEST_TIMEOUT_MS,
        max_body_bytes: max_body_bytes.max(REPLY_BYTES_MAX),
    }
}
