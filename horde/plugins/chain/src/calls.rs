//! Calls: what is done on the chain for others. Each has exactly one answer.

use horde_events::{ChainAnswer, ChainCall, ChainResult, quote};
use tig_plugin_api::prelude::*;

use crate::fault::{self, Fault};
use crate::limits::{CALL_TIMEOUT_MS_MAX, CALLS_COUNT_MAX};
use crate::miners::NO_NEURONS;
use crate::read::{read_commits, read_inclusion, read_limits, read_schedule};
use crate::service::Reply;
use crate::store::{Open, OpenCall};
use crate::{HordeChain, store};

impl HordeChain {
    /// Stores the call, and sends it with its deadline.
    pub(crate) fn begin_call(&mut self, ctx: &mut Context<'_>, call: ChainCall) -> Result<()> {
        let ChainCall {
            call,
            deadline_ms,
            request,
        } = call;
        if self.open.calls.values().any(|open| open.call == call) {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        let timeout_ms = deadline_ms.saturating_sub(now_ms).min(CALL_TIMEOUT_MS_MAX);
        if timeout_ms == 0 {
            let result = ChainResult::TimedOut;
            return ctx.emit(&ChainAnswer { call, result });
        }
        if self.open.calls.len() >= CALLS_COUNT_MAX {
            let reason = format!("not sent: {CALLS_COUNT_MAX} calls are under way");
            let result = ChainResult::Refused { reason };
            return ctx.emit(&ChainAnswer { call, result });
        }
        let tag = format!("call/{:016x}", ctx.random_u64());
        let http = match self.service.call(&request, tag.clone(), timeout_ms) {
            Ok(http) => http,
            Err(error) => {
                let reason = error.to_string();
                let result = ChainResult::Refused { reason };
                return ctx.emit(&ChainAnswer { call, result });
            }
        };
        let open = OpenCall {
            call,
            request: request.name().to_owned(),
            reply: Reply::of_request(&request),
            deadline_ms: now_ms + timeout_ms,
        };
        self.open.calls.insert(tag.clone(), open);
        self.put_calls(ctx)?;
        ctx.at(&tag, now_ms + timeout_ms)?;
        let turn = Turn {
            priority: Priority::High,
            wait_ms_max: None,
        };
        ctx.http_with(&http, turn)
    }

    /// Takes the answer to the request of a call. What comes first counts, it or the deadline (section 10.3).
    pub(crate) fn take_call(
        &mut self,
        ctx: &mut Context<'_>,
        response: HttpResponse,
    ) -> Result<()> {
        let tag = response.tag.clone();
        let Some(open) = self.open.calls.get(&tag) else {
            return Ok(());
        };
        let reply = open.reply;
        let body = fault::body(response, self.service.token());
        let answer = body.and_then(|body| {
            let result = match reply {
                Reply::Scheduled => read_schedule(&body),
                Reply::Included => read_inclusion(&body),
                Reply::Commits => read_commits(&body),
                Reply::Limits => read_limits(&body),
            };
            Ok(result?)
        });
        let result = answer.unwrap_or_else(|fault| failed(&fault));
        self.end_call(ctx, &tag, result)
    }

    /// The time of a call is over.
    pub(crate) fn time_out(&mut self, ctx: &mut Context<'_>, tag: &str) -> Result<()> {
        self.end_call(ctx, tag, ChainResult::TimedOut)
    }

    /// Ends what was open at the start: of the requests nothing is known.
    pub(crate) fn interrupt(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let interrupted = std::mem::take(&mut self.live.interrupted);
        let Open { calls, commands } = interrupted;
        for tag in calls.keys() {
            let reason = "interrupted by a restart: whether the chain has it is unknown".to_owned();
            self.end_call(ctx, tag, ChainResult::Failed { reason })?;
        }
        let is_interrupted = |ticket: &mut Ticket| commands.contains(ticket);
        let ended: Vec<_> = self.open.commands.extract_if(.., is_interrupted).collect();
        store::put_open(ctx, &self.open)?;
        for ticket in ended {
            ctx.finish(ticket, NO_NEURONS, "interrupted by a restart")?;
        }
        Ok(())
    }

    fn end_call(&mut self, ctx: &mut Context<'_>, tag: &str, result: ChainResult) -> Result<()> {
        let Some(open) = self.open.calls.remove(tag) else {
            return Ok(());
        };
        self.put_calls(ctx)?;
        ctx.cancel(tag)?;
        log_end(ctx, &open, &result);
        let call = open.call;
        ctx.emit(&ChainAnswer { call, result })
    }

    fn put_calls(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.unfinished(self.open.calls.len() as u64);
        store::put_open(ctx, &self.open)
    }
}

/// What a fault says of the chain.
fn failed(fault: &Fault) -> ChainResult {
    let reason = fault.to_string();
    match fault {
        Fault::NoAnswer {
            kind: HttpFailureKind::Timeout,
            ..
        } => ChainResult::TimedOut,
        // It was not sent.
        Fault::NoAnswer {
            kind: HttpFailureKind::RateLimited,
            ..
        } => ChainResult::Refused { reason },
        Fault::Status {
            status: 400..=499, ..
        } => ChainResult::Refused { reason },
        Fault::NoAnswer { .. } | Fault::Status { .. } | Fault::Unreadable(_) => {
            ChainResult::Failed { reason }
        }
    }
}

/// For those who made the call, its answer is the report.
fn log_end(ctx: &mut Context<'_>, OpenCall { call, request, .. }: &OpenCall, result: &ChainResult) {
    let (result, reason) = match result {
        ChainResult::Done | ChainResult::Commits { .. } | ChainResult::Limits(_) => ("ok", ""),
        ChainResult::Refused { reason } => ("refused", reason.as_str()),
        ChainResult::Failed { reason } => ("failed", reason.as_str()),
        ChainResult::TimedOut => ("timed_out", ""),
    };
    let labels = [("request", request.as_str()), ("result", result)];
    ctx.count("horde_chain_requests", &labels, 1);
    ctx.debug_with(
        "call has ended",
        &[
            ("call", &quote(call)),
            ("request", request),
            ("result", &result),
            ("reason", &reason),
        ],
    );
}

/// Logs an answer that nobody waits for any more.
pub(crate) fn log_late(ctx: &mut Context<'_>, response: HttpResponse) {
    let result = match response.result {
        Ok(answer) => format!("status {}", answer.status),
        Err(failure) => format!("{:?}", failure.kind),
    };
    ctx.info_with(
        "an answer that came too late changes nothing",
        &[("request", &response.tag), ("result", &result)],
    );
}
