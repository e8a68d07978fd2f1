//! System events: what operators of the network want to know, sent to the statistics collector (section 2.7).

mod event;
mod from;
mod queue;
mod send;

use horde_extension::Hotkey;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

pub(crate) use self::event::SystemEvent;
pub(crate) use self::from::{
    batch_missed, batch_over, chain_state, job_over, link_down, weights_over,
};
use self::queue::{Head, Row};
pub(crate) use self::send::{Sending, is_send_tag};
use crate::config::Config;
use crate::limits::FAILURES_TOLERATED;

/// The events that wait, and whether some are on their way.
pub(crate) struct SystemEvents {
    /// URL and the validator that signs; `None` to send nothing.
    collector: Option<(String, Hotkey)>,
    head: Head,
    /// The request that is under way. Handed over at a reload, so that nothing is sent twice for it.
    pub(crate) sending: Option<Sending>,
    /// Of the last attempts in this run.
    last: LastSent,
    /// Attempts in a row that failed, in this run.
    failures: u32,
}

/// When events were last taken or refused in this run of the extension.
#[derive(Clone, Default, Deserialize, Serialize)]
struct LastSent {
    taken_ms: Option<u64>,
    failed_ms: Option<u64>,
    /// Why the last attempt failed; `None` if it did not.
    reason: Option<String>,
}

/// What `GET /horde/status` shows of it.
#[derive(Serialize)]
pub(crate) struct SystemEventsStatus<'a> {
    is_sent: bool,
    waiting: u64,
    /// When the oldest one that waits was stored, in Unix milliseconds.
    oldest_ms: Option<u64>,
    /// Events that were dropped before they were taken, ever.
    lost: u64,
    #[serde(flatten)]
    last: &'a LastSent,
}

impl SystemEvents {
    pub(crate) fn start(ctx: &mut Context<'_>, config: &Config) -> Result<Self> {
        let url = config.stats_collector_url.trim_end_matches('/');
        let collector = match url {
            "" => None,
            url => Some((url.to_owned(), Hotkey::new(ctx, &config.key)?)),
        };
        Ok(Self {
            collector,
            head: queue::head(ctx)?,
            sending: None,
            last: LastSent::default(),
            failures: 0,
        })
    }

    /// Why the collector does not take events, if it has refused them more often in a row than is normal.
    pub(crate) fn trouble(&self) -> Option<&str> {
        let is_lasting = self.failures > FAILURES_TOLERATED;
        self.last.reason.as_deref().filter(|_| is_lasting)
    }

    pub(crate) fn status(&self, ctx: &mut Context<'_>) -> Result<SystemEventsStatus<'_>> {
        let oldest: Option<Row> = queue::oldest(ctx, &self.head)?;
        Ok(SystemEventsStatus {
            is_sent: self.collector.is_some(),
            waiting: self.head.waiting(),
            oldest_ms: oldest.map(|row| row.stored_ms),
            lost: self.head.lost,
            last: &self.last,
        })
    }
}
