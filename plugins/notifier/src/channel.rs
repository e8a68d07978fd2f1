//! One webhook: the messages that wait for it, and the one that is on its way.
//!
//! Invariants: messages are delivered in their order, one at a time; each that is dropped is counted, and the next one that is
//! delivered has the count.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::config::Webhook;
use crate::delivery::{self, Outcome};
use crate::limits::{
    FAILURES_COUNT, LOST_TIMEOUT_MS, MESSAGE_AGE_MS_MAX, MESSAGES_COUNT_MAX, REJECTIONS_COUNT_MAX,
    RETRY_AFTER_MS_MAX, RETRY_MS, RETRY_MS_MAX,
};
use crate::message::{Envelope, Message};

/// What is stored of a webhook besides its messages.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Record {
    next: u64,
    attempts: u64,
    dropped: u64,
    failures: u32,
    rejections: u32,
    /// Not before this time, in Unix milliseconds.
    retry_ms: u64,
    /// Why the last attempt has failed.
    reason: String,
}

/// A message whose answer is to come.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct InFlight {
    tag: String,
    number: u64,
    /// Dropped messages that it reports.
    dropped: u64,
    at_ms: u64,
}

/// A webhook.
pub(crate) struct Channel {
    name: String,
    record: Record,
    /// By ascending number.
    messages: VecDeque<(u64, Message)>,
    pub(crate) in_flight: Option<InFlight>,
}

impl Channel {
    /// The webhook with what is stored of it.
    pub(crate) fn restore(ctx: &mut Context<'_>, name: &str) -> Result<Self> {
        let now_ms = ctx.now_ms();
        let mut record: Record = ctx.get_sound(&record_key(name))?.unwrap_or_default();
        // The clock of an earlier run may have been ahead.
        record.retry_ms = record.retry_ms.min(now_ms + RETRY_AFTER_MS_MAX);
        let prefix = message_prefix(name);
        let mut messages = VecDeque::new();
        for (key, message) in ctx.scan_sound::<Message>(&prefix)? {
            if let Ok(number) = key[prefix.len()..].parse() {
                messages.push_back((number, message));
            }
        }
        let after = messages.back().map_or(0, |(number, _)| number + 1);
        record.next = record.next.max(after);
        Ok(Self {
            name: name.to_owned(),
            record,
            messages,
            in_flight: None,
        })
    }

    /// Removes what is stored of webhooks that the config does not name any more.
    pub(crate) fn forget_others(
        ctx: &mut Context<'_>,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let records: Vec<(String, serde_json::Value)> = ctx.scan_sound(RECORDS)?;
        for (key, _) in records {
            let name = key[RECORDS.len()..].to_owned();
            if is_known(&name) {
                continue;
            }
            let messages: Vec<(String, serde_json::Value)> =
                ctx.scan_sound(&message_prefix(&name))?;
            ctx.info_with(
                "webhook removed",
                &[("webhook", &name), ("undelivered", &messages.len())],
            );
            for (key, _) in messages {
                ctx.delete(&key)?;
            }
            ctx.delete(&key)?;
        }
        Ok(())
    }

    /// Appends a message; with too many the oldest one is dropped.
    pub(crate) fn push(&mut self, ctx: &mut Context<'_>, message: Message) -> Result<()> {
        while self.messages.len() >= MESSAGES_COUNT_MAX {
            // The one that is on its way may arrive, and must not be counted as dropped then.
            let index = usize::from(self.in_flight.is_some());
            if !self.drop_message(ctx, index, "too many wait")? {
                break;
            }
        }
        let number = self.record.next;
        ctx.put(&message_key(&self.name, number), &message)?;
        self.record.next += 1;
        self.messages.push_back((number, message));
        self.store(ctx)
    }

    /// Sends the oldest message if it is due.
    pub(crate) fn send(
        &mut self,
        ctx: &mut Context<'_>,
        webhook: &Webhook,
        host: &str,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let lost = |sent: &InFlight| now_ms >= sent.at_ms + LOST_TIMEOUT_MS;
        if self.in_flight.as_ref().is_some_and(lost) {
            self.in_flight = None;
        }
        if self.in_flight.is_some() || now_ms < self.record.retry_ms {
            return Ok(());
        }
        let is_old = |message: &Message| now_ms >= message.at_ms + MESSAGE_AGE_MS_MAX;
        while self.messages.front().is_some_and(|(_, it)| is_old(it)) {
            self.drop_message(ctx, 0, "too old")?;
        }
        let Some((number, message)) = self.messages.front() else {
            return Ok(());
        };
        let id = format!("{}-{number}", message.at_ms);
        let envelope = Envelope {
            id: &id,
            host,
            dropped: self.record.dropped,
            now_ms,
        };
        let tag = format!("{}/{number}/{}", self.name, self.record.attempts);
        let call = delivery::call(ctx, webhook, tag.clone(), &message.body(&envelope))?;
        let in_flight = InFlight {
            tag,
            number: *number,
            dropped: self.record.dropped,
            at_ms: now_ms,
        };
        ctx.http(&call)?;
        self.record.attempts += 1;
        self.in_flight = Some(in_flight);
        self.store(ctx)
    }

    /// Whether an answer is that to the message on its way.
    pub(crate) fn awaits(&self, tag: &str) -> bool {
        self.in_flight.as_ref().is_some_and(|sent| sent.tag == tag)
    }

    /// Draws the conclusions of an answer.
    pub(crate) fn settle(&mut self, ctx: &mut Context<'_>, outcome: Outcome) -> Result<()> {
        let Some(sent) = self.in_flight.take() else {
            return Ok(());
        };
        let now_ms = ctx.now_ms();
        match outcome {
            Outcome::Delivered => {
                self.count(ctx, "delivered");
                if self.record.failures >= FAILURES_COUNT {
                    ctx.info_with("webhook works again", &[("webhook", &self.name)]);
                }
                self.record.dropped -= sent.dropped.min(self.record.dropped);
                self.note_success();
                self.remove(ctx, sent.number)?;
            }
            Outcome::Failed {
                reason,
                retry_after_ms,
            } => self.fail(ctx, reason, retry_after_ms, now_ms),
            Outcome::Rejected { reason } => {
                self.record.rejections += 1;
                self.fail(ctx, reason, None, now_ms);
                let is_first =
                    self.messages.front().map(|(number, _)| *number) == Some(sent.number);
                if self.record.rejections >= REJECTIONS_COUNT_MAX && is_first {
                    self.drop_message(ctx, 0, "the webhook rejects its content")?;
                    self.record.rejections = 0;
                }
            }
        }
        self.store(ctx)
    }

    fn note_success(&mut self) {
        self.record.failures = 0;
        self.record.rejections = 0;
        self.record.retry_ms = 0;
        self.record.reason.clear();
    }

    fn fail(
        &mut self,
        ctx: &mut Context<'_>,
        reason: String,
        retry_after_ms: Option<u64>,
        now_ms: u64,
    ) {
        self.count(ctx, "failed");
        let doublings = self.record.failures.min(16);
        let backoff_ms = (RETRY_MS << doublings).min(RETRY_MS_MAX);
        let wait_ms = retry_after_ms.unwrap_or_default().max(backoff_ms);
        self.record.failures = self.record.failures.saturating_add(1);
        self.record.retry_ms = now_ms + wait_ms;
        self.record.reason = reason;
        // Once: each attempt fails for the same reason, and the condition says that it goes on.
        if self.record.failures == 1 {
            let fields: &LogFields<'_> =
                &[("webhook", &self.name), ("reason", &self.record.reason)];
            ctx.warn_with("message not delivered; it is tried again", fields);
        }
    }

    /// Drops the message at `index`; `false` if there is none.
    fn drop_message(&mut self, ctx: &mut Context<'_>, index: usize, reason: &str) -> Result<bool> {
        let Some((number, _)) = self.messages.get(index) else {
            return Ok(false);
        };
        let number = *number;
        ctx.warn_with(
            "message dropped",
            &[("webhook", &self.name), ("reason", &reason)],
        );
        self.count(ctx, "dropped");
        self.remove(ctx, number)?;
        self.record.dropped += 1;
        Ok(true)
    }

    fn remove(&mut self, ctx: &mut Context<'_>, number: u64) -> Result<()> {
        ctx.delete(&message_key(&self.name, number))?;
        self.messages.retain(|(other, _)| *other != number);
        Ok(())
    }

    /// When something is due next.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        match &self.in_flight {
            Some(sent) => Some(sent.at_ms + LOST_TIMEOUT_MS),
            None => (!self.messages.is_empty()).then_some(self.record.retry_ms),
        }
    }

    /// Number of messages that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.messages.len()
    }

    /// The condition that the webhook is failing.
    pub(crate) fn condition(&self) -> Option<Condition> {
        let Record {
            failures, reason, ..
        } = &self.record;
        if *failures < FAILURES_COUNT {
            return None;
        }
        let text = format!("webhook {} takes no messages: {reason}", self.name);
        let remedy = "check its address and the service behind it; messages wait for a day";
        Some(
            Condition::new(crate::WEBHOOK_FAILING, Severity::Warning, text)
                .about(self.name.as_str())
                .with_remedy(remedy),
        )
    }

    fn count(&self, ctx: &mut Context<'_>, outcome: &str) {
        let labels = [("webhook", self.name.as_str()), ("outcome", outcome)];
        ctx.count("notifications", &labels, 1);
    }

    fn store(&self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.put(&record_key(&self.name), &self.record)
    }
}

/// Beginning of the keys of records.
const RECORDS: &str = "webhook/";

fn record_key(name: &str) -> String {
    format!("{RECORDS}{name}")
}

fn message_prefix(name: &str) -> String {
    format!("message/{name}/")
}

/// Keys sort as their numbers.
fn message_key(name: &str, number: u64) -> String {
    format!("{}{number:020}", message_prefix(name))
}
