//! Checks of the buckets, at the start and every few hours: a bucket that has stopped working is reported before a batch needs it.

use std::collections::BTreeMap;

use horde_calc::llm::is_page;
use horde_extension::new_uuid;
use horde_s3::{Method, ObjectFaultKind};
use tig_plugin_api::prelude::*;
use tig_plugin_api::{HttpAnswer, HttpFailure, LogFields};

use super::{CHECK, request};
use crate::Crossval;
use crate::bucket::{Bucket, Object, ReadFault, unix_seconds};
use crate::bucket_check::{BucketCheck, BucketFault, Next, Step};
use crate::limits::{
    BUCKET_CHECK_MS, BUCKET_PAUSE_MS, BUCKET_RECHECK_MS, BUCKET_SUSPECT_MS, DIAGNOSTIC_MS,
    REMINDER_MS, REPLY_BYTES_MAX,
};
use crate::live::BucketState;
use crate::station::StationName;
use crate::view::BucketView;

impl Crossval {
    /// Begins the checks that are due, unless the host drains, and goes on with those that have paused.
    pub(super) fn check_buckets(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        for bucket in Bucket::ALL {
            let state = self.live.buckets.entry(bucket).or_default();
            notice_reload(
                state,
                buckets.endpoint(bucket).to_string(),
                buckets.settings(bucket),
            );
        }
        let may_begin = !self.live.is_draining;
        for bucket in Bucket::ALL {
            let state = self.live.buckets.entry(bucket).or_default();
            match &state.check {
                Some(check) if may_begin && is_lost(check, now_ms) => {
                    self.begin_check(ctx, bucket)?;
                }
                Some(check) if check.is_open || pauses(check, now_ms) => {}
                Some(_) => self.send_step(ctx, bucket)?,
                None if may_begin && is_due(state, now_ms) => self.begin_check(ctx, bucket)?,
                None => {}
            }
        }
        Ok(())
    }

    /// A station has met a fault that may be the bucket's: it is checked now, so that an operator sees what to do, unless it was a
    /// moment ago or is known to be faulty, so that it is checked soon anyway.
    pub(super) fn suspect(
        &mut self,
        bucket: Bucket,
        result: &Result<Vec<u8>, ReadFault>,
        now_ms: u64,
    ) {
        let Err(ReadFault::Object(fault)) = result else {
            return;
        };
        let state = self.live.buckets.entry(bucket).or_default();
        if state.check.is_some() || is_faulty(&state.faults) {
            return;
        }
        let since_ms = state
            .checked_ms
            .map(|checked_ms| now_ms.abs_diff(checked_ms));
        if fault.kind != ObjectFaultKind::Missing
            && since_ms.is_some_and(|since_ms| since_ms >= BUCKET_SUSPECT_MS)
        {
            state.is_suspected = true;
        }
    }

    /// Whether the last check has found that jobs cannot use the bucket.
    pub(super) fn is_broken(&self, bucket: Bucket) -> bool {
        let state = self.live.buckets.get(&bucket);
        let mut faults = state.into_iter().flat_map(|state| &state.faults);
        faults.any(BucketFault::prevents_jobs)
    }

    /// The bucket without which a job of the trusted miner for this station would be in vain, if jobs could not use it for the time
    /// between two checks: one check may have met a fault that has passed since. The checks go on, and bring the station back.
    pub(crate) fn failing_bucket(&self, name: StationName, now_ms: u64) -> Option<Bucket> {
        let bucket = match name {
            StationName::Generation => Bucket::Prompts,
            StationName::Answering => Bucket::Answers,
            StationName::Sampling | StationName::Upload => return None,
        };
        let since_ms = self.live.buckets.get(&bucket)?.since_ms?;
        let is_lasting = now_ms.saturating_sub(since_ms) >= BUCKET_RECHECK_MS;
        (is_lasting && self.is_broken(bucket)).then_some(bucket)
    }

    fn bucket_url(&self, bucket: Bucket) -> String {
        let buckets = self.buckets.as_ref();
        buckets.map_or_else(String::new, |it| it.endpoint(bucket).to_string())
    }

    /// Begins a check. Its objects are to be deleted from then on, whatever becomes of the check.
    fn begin_check(&mut self, ctx: &mut Context<'_>, bucket: Bucket) -> Result<()> {
        let now_ms = ctx.now_ms();
        let key = format!("diagnostic-{}", new_uuid(ctx));
        let check = BucketCheck::new(key, new_uuid(ctx), now_ms);
        for object in objects(bucket, &check) {
            self.pool.doom(ctx, object, now_ms + DIAGNOSTIC_MS)?;
        }
        let state = self.live.buckets.entry(bucket).or_default();
        state.is_suspected = false;
        state.check = Some(check);
        self.send_step(ctx, bucket)
    }

    fn send_step(&mut self, ctx: &mut Context<'_>, bucket: Bucket) -> Result<()> {
        let state = self.live.buckets.get_mut(&bucket);
        let Some(check) = state.and_then(|state| state.check.as_mut()) else {
            return Ok(());
        };
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        let [object, public] = objects(bucket, check);
        let (method, url) = match check.step {
            Step::Write => (Method::Put, buckets.signer(ctx)?.url(Method::Put, &object)),
            Step::Read => (Method::Get, buckets.url(&object)),
            Step::WriteWithoutKey => (Method::Put, buckets.url(&public)),
            Step::ListWithoutKey => (Method::Get, buckets.list_url(bucket)),
            Step::Delete => (
                Method::Delete,
                buckets.signer(ctx)?.url(Method::Delete, &object),
            ),
        };
        let tag = [CHECK, &object.name()].concat();
        let mut call = request(tag, method, url, REPLY_BYTES_MAX);
        if method == Method::Put {
            call.body = check.content.clone().into_bytes();
        }
        check.is_open = true;
        ctx.http(&call)
    }

    /// Takes the answer to a request of the check of this object. One to an older check, which has outlived that, says nothing.
    pub(super) fn take_check(
        &mut self,
        ctx: &mut Context<'_>,
        name: &str,
        result: &Result<HttpAnswer, HttpFailure>,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let states = self.live.buckets.iter_mut();
        let mut checks =
            states.filter_map(|(bucket, state)| Some((*bucket, state.check.as_mut()?)));
        let check = checks.find(|(bucket, check)| objects(*bucket, check)[0].name() == name);
        let check = check.filter(|(_, check)| check.is_open);
        let (Some((bucket, check)), Some(buckets)) = (check, &self.buckets) else {
            return Ok(());
        };
        let (step, answered) = (check.step, check.clone());
        let next = check.take(result, buckets.endpoint(bucket), unix_seconds(now_ms));
        self.forget_objects(ctx, bucket, step, &answered, result)?;
        match next {
            Next::Step => self.send_step(ctx, bucket),
            Next::Pause => {
                let state = self.live.buckets.entry(bucket).or_default();
                if let Some(check) = &mut state.check {
                    check.from_ms = now_ms + BUCKET_PAUSE_MS;
                }
                Ok(())
            }
            Next::Over(faults) => {
                self.end_check(ctx, bucket, faults);
                Ok(())
            }
        }
    }

    /// Drops the records of objects that are not in the bucket: those that it has refused or deleted. One that anybody could write
    /// is deleted at once.
    fn forget_objects(
        &mut self,
        ctx: &mut Context<'_>,
        bucket: Bucket,
        step: Step,
        check: &BucketCheck,
        result: &Result<HttpAnswer, HttpFailure>,
    ) -> Result<()> {
        let Ok(answer) = result else {
            return Ok(());
        };
        let is_refused = (300..500).contains(&answer.status);
        let is_done = (200..300).contains(&answer.status) && !is_page(&answer.body);
        let [object, public] = objects(bucket, check);
        match step {
            Step::Write if is_refused => {
                self.pool.delete_doomed(ctx, &object.name())?;
                self.pool.delete_doomed(ctx, &public.name())
            }
            Step::WriteWithoutKey if is_refused => self.pool.delete_doomed(ctx, &public.name()),
            Step::WriteWithoutKey => {
                let now_ms = ctx.now_ms();
                self.pool.doom(ctx, public, now_ms)
            }
            Step::Delete if is_done => self.pool.delete_doomed(ctx, &object.name()),
            _ => Ok(()),
        }
    }

    /// Keeps what a check has found, and logs what is new or was logged a day ago.
    fn end_check(&mut self, ctx: &mut Context<'_>, bucket: Bucket, faults: Vec<BucketFault>) {
        let now_ms = ctx.now_ms();
        let url = self.bucket_url(bucket);
        let state = self.live.buckets.entry(bucket).or_default();
        state.check = None;
        state.checked_ms = Some(now_ms);
        let kinds = |faults: &[BucketFault]| faults.iter().map(|it| it.kind).collect::<Vec<_>>();
        let is_same = kinds(&state.faults) == kinds(&faults);
        let was_faulty = is_faulty(&state.faults);
        let is_logged = is_same && now_ms.abs_diff(state.logged_ms) < REMINDER_MS;
        if !is_same || state.since_ms.is_none() {
            state.since_ms = Some(now_ms);
        }
        if !is_logged && !faults.is_empty() {
            state.logged_ms = now_ms;
        }
        state.faults.clone_from(&faults);
        ctx.gauge(
            "llm_bucket_works",
            &[("bucket", bucket.text())],
            f64::from(u8::from(does_work(&faults))),
        );
        if was_faulty && !is_faulty(&faults) {
            ctx.info_with("bucket does what is needed again", &[("bucket", &url)]);
        }
        for fault in faults.iter().filter(|_| !is_logged) {
            let fields: &LogFields<'_> = &[
                ("bucket", &url),
                ("reason", &fault.reason),
                ("remedy", &fault.remedy),
            ];
            match fault.is_note() {
                true => ctx.info_with("bucket leaves deletions to its lifecycle rule", fields),
                false => ctx.warn_with(
                    "bucket does not do what miners and the pool of prompts need",
                    fields,
                ),
            }
        }
    }

    /// What the last checks have found, by bucket.
    pub(crate) fn bucket_views(&self) -> BTreeMap<Bucket, BucketView<'_>> {
        let Some(buckets) = &self.buckets else {
            return BTreeMap::new();
        };
        let view = |bucket: Bucket| {
            let state = self.live.buckets.get(&bucket);
            let faults = state.map_or(&[][..], |state| &state.faults);
            let checked_ms = state.and_then(|state| state.checked_ms);
            let endpoint = buckets.endpoint(bucket);
            let view = BucketView {
                url: endpoint.to_string(),
                region: endpoint.region(),
                works: checked_ms.map(|_| does_work(faults)),
                is_faulty: is_faulty(faults),
                since_ms: state.and_then(|state| state.since_ms),
                checked_ms,
                faults,
            };
            (bucket, view)
        };
        Bucket::ALL.into_iter().map(view).collect()
    }
}

/// Whether jobs can do with the bucket as it is.
fn does_work(faults: &[BucketFault]) -> bool {
    !faults.iter().any(BucketFault::prevents_jobs)
}

/// Whether an operator has something to mend.
fn is_faulty(faults: &[BucketFault]) -> bool {
    !faults.iter().all(BucketFault::is_note)
}

/// Another bucket is unknown. What is known of a bucket with other settings stays until it is checked with them, which is now.
fn notice_reload(state: &mut BucketState, url: String, settings: String) {
    if state.url != url {
        *state = BucketState {
            url,
            settings,
            ..BucketState::default()
        };
    } else if state.settings != settings {
        state.settings = settings;
        state.check = None;
        state.is_suspected = true;
    }
}

/// Whether an answer will not come any more: the buckets were not configured for a while, say.
fn is_lost(check: &BucketCheck, now_ms: u64) -> bool {
    check.is_open && check.from_ms.abs_diff(now_ms) >= DIAGNOSTIC_MS
}

/// Whether a check waits before it reads once more. A clock that was set back makes no pause longer.
fn pauses(check: &BucketCheck, now_ms: u64) -> bool {
    let left_ms = check.from_ms.saturating_sub(now_ms);
    (1..=BUCKET_PAUSE_MS).contains(&left_ms)
}

fn is_due(state: &BucketState, now_ms: u64) -> bool {
    let interval_ms = match is_faulty(&state.faults) {
        true => BUCKET_RECHECK_MS,
        false => BUCKET_CHECK_MS,
    };
    let since_ms = state
        .checked_ms
        .map(|checked_ms| now_ms.abs_diff(checked_ms));
    state.is_suspected || since_ms.is_none_or(|since_ms| since_ms >= interval_ms)
}

/// The object of a check, and the one that it tries to write without a key.
fn objects(bucket: Bucket, check: &BucketCheck) -> [Object; 2] {
    [check.key.clone(), check.public_key()].map(|key| Object { bucket, key })
}
