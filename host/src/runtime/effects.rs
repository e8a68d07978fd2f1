//! What a handler asked for, once it has returned `Ok`: first it goes to disk, then it takes place.

use std::{fmt::Display, sync::Arc};

use tokio::sync::oneshot;
use tracing::warn;

use crate::{
    observe::meters::{Reading, SERIES_MAX},
    runtime::{
        bus::Outgoing,
        event::Event,
        extension::Extension,
        item::{RouteError, RouteReply, RouteResult},
        outbound::{PendingCall, QueuedCall},
        services::Services,
    },
    store::{Emitted, Writes},
};

/// Dropped, nothing of it takes place, and whoever waits for the answer is told.
#[derive(Default)]
pub(crate) struct Effects {
    /// Writes to the extension's storage.
    pub writes: Writes,
    /// Events that it emits.
    pub events: Vec<Outgoing>,
    /// HTTP requests that it makes.
    pub calls: Vec<QueuedCall>,
    /// ParkedRequests requests to be asked again.
    pub wakes: u64,
    /// Pieces of work not finished, if the extension said so.
    pub unfinished: Option<u64>,
    /// What it counted and measured.
    pub readings: Vec<Reading>,
    /// Key in the outbox of the event that was handled, if it was durable.
    pub handled: Option<u64>,
    /// Durable events that go back into the outbox.
    pub released: Vec<Arc<Event>>,
    /// The answer to the request that was handled.
    pub answer: Option<(oneshot::Sender<RouteResult>, Box<RouteReply>)>,
}

impl Effects {
    /// Nothing was asked for.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        !self.needs_disk()
            && self.events.is_empty()
            && self.calls.is_empty()
            && self.wakes == 0
            && self.unfinished.is_none()
            && self.readings.is_empty()
            && self.answer.is_none()
    }

    /// Something of it must be on disk before the rest takes place.
    #[must_use]
    pub(crate) fn needs_disk(&self) -> bool {
        !self.writes.is_empty()
            || self.handled.is_some()
            || !self.released.is_empty()
            || self.events.iter().any(Emitted::is_durable)
    }

    /// Bytes that it holds, about.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        let writes = self.writes.iter();
        let written = writes.map(|(key, value)| key.len() + value.as_ref().map_or(0, |v| v.len()));
        let events = self.events.iter().map(|event| event.payload().len());
        written.sum::<usize>() + events.sum::<usize>()
    }

    /// Lets everything take place that is not on disk: events, requests, answers.
    pub(crate) fn apply(self, services: &Services, extension: &Extension) {
        if !self.events.is_empty() {
            services.bus.publish(self.events);
        }
        for call in self.calls {
            let (mailbox, in_flight) = (
                Arc::clone(&extension.mailbox),
                Arc::clone(&extension.calls_in_flight),
            );
            services
                .http
                .send(PendingCall::new(call, mailbox, in_flight));
            extension.end_call_due();
        }
        if let Some(count) = self.unfinished {
            extension.meters.set_unfinished(count);
        }
        if !self.readings.is_empty() {
            if !extension.meters.record(self.readings) {
                warn!(
                    extension = extension.name,
                    "more than {SERIES_MAX} series of metrics; the others are not shown"
                );
            }
        }
        if self.wakes > 0 {
            extension.parked().wake(self.wakes);
        }
        if let Some((sender, answered)) = self.answer {
            // A client that has gone away does not need the answer.
            let _ = sender.send(Ok(*answered));
        }
    }

    /// Drops everything, because it could not be put on disk.
    pub(crate) fn refuse(self, extension: &Extension, reason: &dyn Display) {
        for _ in &self.calls {
            extension.end_call_due();
        }
        if let Some((sender, _)) = self.answer {
            // As above.
            let _ = sender.send(Err(RouteError::Failed(reason.to_string())));
        }
    }
}
