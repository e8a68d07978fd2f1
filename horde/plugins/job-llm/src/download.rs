//! Downloads of answers, many at the same time.

use std::collections::BTreeSet;

use horde_events::{AnswerGiven, Verdict, quote};
use serde::{Deserialize, Serialize};
use tig_plugin_api::Method;
use tig_plugin_api::prelude::*;

use crate::JobLlm;
use crate::check::{self, ANSWERS_BYTES_MAX, Check, Next, Pending, excused};

/// The timer after which downloads are looked at.
pub(crate) const RETRY: &str = "retry";

/// Downloads at the same time.
const DOWNLOADS_MAX: usize = 32;

/// Time for one attempt, in milliseconds.
const ATTEMPT_TIMEOUT_MS: u64 = 10_000;

/// Pause before the next attempt, in milliseconds: an object may appear a moment after it was written.
const PAUSE_MS: u64 = 1_000;

/// Time for a verdict, in milliseconds: three attempts, their pauses and a look at the control object. `horde_batch` waits for 60 s.
const VERDICT_MS: u64 = 50_000;

/// Answers under check; a batch has fewer.
const PENDING_MAX: usize = 10_000;

/// What is not stored, and handed over at a reload.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Live {
    /// Jobs whose answers are on their way.
    open: BTreeSet<String>,
    /// The last batch of which it was logged that an answer cannot be read.
    logged: Option<String>,
}

impl JobLlm {
    /// An answer is to be checked. One that comes again is under check already.
    pub(crate) fn take_answer(
        &mut self,
        ctx: &mut Context<'_>,
        answer: &AnswerGiven,
    ) -> Result<()> {
        ctx.mark_fields_changed()?;
        if self.pending.contains_key(&answer.uuid) {
            return Ok(());
        }
        // Neither of these is the miner's fault.
        let check = match Check::deserialize(&answer.check) {
            Ok(check) if self.pending.len() < PENDING_MAX => check,
            Ok(_) => {
                let reason = "too many answers are checked at the same time".to_owned();
                return ctx.emit(&answer.checked(Verdict::Excused { reason }));
            }
            Err(fault) => {
                let reason = format!("what is needed to check the answer is damaged: {fault}");
                return ctx.emit(&answer.checked(Verdict::Excused { reason }));
            }
        };
        let now_ms = ctx.now_ms();
        let pending = Pending {
            batch: answer.batch.clone(),
            check,
            tries: 0,
            asks_control: false,
            is_page: false,
            from_ms: now_ms,
            due_ms: now_ms + VERDICT_MS,
        };
        check::put(ctx, &answer.uuid, &pending)?;
        self.pending.insert(answer.uuid.clone(), pending);
        self.download(ctx)
    }

    /// Begins what can begin, and ends what has taken too long.
    pub(crate) fn download(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        // After a restart the clock may have been set back.
        let pending = self.pending.iter();
        let late = pending.filter(|(_, it)| it.due_ms <= now_ms || it.due_ms > now_ms + VERDICT_MS);
        let late: Vec<String> = late.map(|(uuid, _)| uuid.clone()).collect();
        for uuid in late {
            let seconds = VERDICT_MS / 1_000;
            self.end(
                ctx,
                &uuid,
                excused(&format!("the bucket did not answer within {seconds} s")),
            )?;
        }
        let room = DOWNLOADS_MAX.saturating_sub(self.live.open.len());
        let pending = self.pending.iter();
        let waiting =
            pending.filter(|(uuid, it)| it.from_ms <= now_ms && !self.live.open.contains(*uuid));
        let calls: Vec<HttpCall> = waiting
            .take(room)
            .map(|(uuid, it)| call(uuid, it))
            .collect();
        for call in calls {
            ctx.http(&call)?;
            self.live.open.insert(call.tag);
        }
        self.set_timer(ctx, now_ms)
    }

    fn set_timer(&self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let pending = self.pending.iter();
        // Those that wait for room go on when another one is over.
        let next_ms = pending.map(|(uuid, it)| {
            let waits = it.from_ms > now_ms && !self.live.open.contains(uuid);
            if waits {
                it.from_ms.min(it.due_ms)
            } else {
                it.due_ms
            }
        });
        match next_ms.min() {
            Some(next_ms) => ctx.at(RETRY, next_ms.max(now_ms)),
            None => ctx.cancel(RETRY),
        }
    }

    pub(crate) fn take_response(
        &mut self,
        ctx: &mut Context<'_>,
        response: HttpResponse,
    ) -> Result<()> {
        ctx.mark_fields_changed()?;
        let HttpResponse { tag: uuid, result } = response;
        if !self.live.open.remove(&uuid) {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        let Some(mut pending) = self.pending.get(&uuid).cloned() else {
            return self.download(ctx);
        };
        let unix_seconds = i64::try_from(now_ms / 1_000).unwrap_or(i64::MAX);
        match pending.judge(result, unix_seconds) {
            Next::Over(verdict) => self.end(ctx, &uuid, verdict)?,
            next => {
                pending.tries += 1;
                if let Next::AskControl { is_page } = next {
                    (pending.asks_control, pending.is_page) = (true, is_page);
                }
                pending.from_ms = if pending.asks_control {
                    now_ms
                } else {
                    now_ms + PAUSE_MS
                };
                check::put(ctx, &uuid, &pending)?;
                self.pending.insert(uuid, pending);
            }
        }
        self.download(ctx)
    }

    fn end(&mut self, ctx: &mut Context<'_>, uuid: &str, verdict: Verdict) -> Result<()> {
        let Some(pending) = self.pending.remove(uuid) else {
            return Ok(());
        };
        if let Verdict::Excused { reason } = &verdict {
            ctx.count("llm_answers_excused", &[], 1);
            if self.live.logged.as_ref() != Some(&pending.batch) {
                ctx.warn_with(
                    "answers of miners cannot be read, and their jobs count as not tested; `compute-horde check-s3` says more",
                    &[("batch", &quote(&pending.batch)), ("reason", reason)],
                );
                self.live.logged = Some(pending.batch.clone());
            }
        }
        check::delete(ctx, uuid)?;
        ctx.emit(&pending.checked(uuid, verdict))
    }
}

fn call(uuid: &str, pending: &Pending) -> HttpCall {
    let check = &pending.check;
    let url = if pending.asks_control {
        &check.control_url
    } else {
        &check.answers_url
    };
    HttpCall {
        tag: uuid.to_owned(),
        method: Method::Get,
        url: url.clone(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: ATTEMPT_TIMEOUT_MS,
        max_body_bytes: ANSWERS_BYTES_MAX,
    }
}
