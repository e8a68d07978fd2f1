//! Events on their way to the collector.

use horde_extension::shown;
use horde_proto::Payload as _;
use horde_proto::collector::{CollectorPayload, SIGNATURE_HEADER, TIMESTAMP_HEADER, events_path};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use super::{SystemEvents, queue};
use crate::limits::{
    ANSWER_BYTES_MAX, ANSWER_GRACE_MS, SEND_TIMEOUT_MS, SENT_BYTES_MAX, SENT_COUNT_MAX,
};

/// What begins the tags of these requests.
const TAG: &str = "send/";

/// Status by which the collector says that it has the events. Any other one means that it does not.
const TAKEN: u16 = 201;

/// A request that is under way.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Sending {
    tag: String,
    /// Number after that of the last event in it.
    end: u64,
    /// When its answer is taken to be lost, in Unix milliseconds.
    until_ms: u64,
}

/// Whether a tag is that of one of these requests.
pub(crate) fn is_send_tag(tag: &str) -> bool {
    tag.starts_with(TAG)
}

impl SystemEvents {
    /// Sends the oldest events, unless some are on their way.
    pub(crate) fn send(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let is_free = |sending: &Sending| sending.until_ms <= now_ms;
        let Some((url, hotkey)) = &self.collector else {
            return Ok(());
        };
        if !self.sending.as_ref().is_none_or(is_free) {
            return Ok(());
        }
        let (body, end) = self.next_body(ctx)?;
        if end == self.head.first {
            return Ok(());
        }
        let payload = CollectorPayload {
            signing_timestamp: i64::try_from(now_ms / 1_000).unwrap_or(i64::MAX),
            validator_ss58_address: hotkey.address().to_owned(),
        };
        let signature = hotkey.sign(ctx, payload.to_blob().as_bytes())?;
        let sending = Sending {
            tag: format!("{TAG}{end}/{now_ms}"),
            end,
            until_ms: now_ms + SEND_TIMEOUT_MS + ANSWER_GRACE_MS,
        };
        let header = |name: &str, value: String| (name.to_owned(), value);
        ctx.http(&HttpCall {
            tag: sending.tag.clone(),
            method: Method::Post,
            url: format!("{url}/{}", events_path(hotkey.address())),
            headers: vec![
                header("Content-Type", "application/json".to_owned()),
                header(TIMESTAMP_HEADER, payload.signing_timestamp.to_string()),
                header(SIGNATURE_HEADER, signature.to_string()),
            ],
            body,
            timeout_ms: SEND_TIMEOUT_MS,
            max_body_bytes: ANSWER_BYTES_MAX,
        })?;
        self.sending = Some(sending);
        Ok(())
    }

    /// The oldest events as a JSON list, and the number after that of the last one. Damaged ones are left out.
    fn next_body(&self, ctx: &mut Context<'_>) -> Result<(Vec<u8>, u64)> {
        let mut body = vec![b'['];
        let (mut end, mut count) = (self.head.first, 0);
        while end < self.head.next && count < SENT_COUNT_MAX {
            if let Some(row) = queue::row(ctx, end)? {
                let event = row.event.get().as_bytes();
                if count > 0 && body.len() + event.len() >= SENT_BYTES_MAX {
                    break;
                }
                if count > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(event);
                count += 1;
            }
            end += 1;
        }
        body.push(b']');
        Ok((body, end))
    }

    /// Takes the collector's answer, and sends what is left.
    pub(crate) fn answered(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        let expected = self.sending.as_ref().filter(|it| it.tag == response.tag);
        let Some(end) = expected.map(|sending| sending.end) else {
            return Ok(());
        };
        let now_ms = ctx.now_ms();
        let reason = match response.result {
            Ok(answer) if answer.status == TAKEN => {
                // Some may have been dropped meanwhile because of their age.
                let count = end.saturating_sub(self.head.first);
                self.drop_first(ctx, self.head, count)?;
                ctx.count("system_events_sent", &[], count);
                self.sending = None;
                self.last.taken_ms = Some(now_ms);
                self.last.reason = None;
                self.failures = 0;
                return self.send(ctx);
            }
            Ok(answer) => format!("status {}", answer.status),
            Err(failure) => shown(&failure.text),
        };
        ctx.count("system_events_failures", &[], 1);
        if self.last.reason.as_ref() == Some(&reason) {
            ctx.debug_with(
                "the collector did not take system events",
                &[("reason", &reason)],
            );
        } else {
            ctx.warn_with(
                "the collector did not take system events; they are kept and sent again",
                &[("reason", &reason), ("waiting", &self.head.waiting())],
            );
        }
        self.sending = None;
        self.last.failed_ms = Some(now_ms);
        self.last.reason = Some(reason);
        self.failures = self.failures.saturating_add(1);
        Ok(())
    }
}
