//! The effects of a handler that has returned `Ok`: stored first, then applied.

use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tig_plugin_api::Condition;
use tokio::sync::oneshot;
use tracing::warn;

use crate::observe::conditions::StandingCondition;
use crate::observe::meters::{Reading, SERIES_MAX};
use crate::runtime::bus::Outgoing;
use crate::runtime::event::Event;
use crate::runtime::extension::Extension;
use crate::runtime::item::{RouteClient, RouteError, RouteReply, StartError, StartResult};
use crate::runtime::outbound::{PendingCall, QueuedCall};
use crate::runtime::service_effect::ServiceEffect;
use crate::runtime::services::Services;
use crate::runtime::sockets::SocketAction;
use crate::store::{Emitted, Writes};

/// Effects are dropped, not applied, if the handler fails; then the sender of the reply is dropped as well.
#[derive(Default)]
pub(crate) struct Effects {
    /// Writes to the extension's storage.
    pub writes: Writes,
    /// Emitted events.
    pub events: Vec<Outgoing>,
    /// HTTP requests to be sent.
    pub calls: Vec<QueuedCall>,
    /// What was asked of timers, connections and commands, in order.
    pub services: Vec<ServiceEffect>,
    /// Number of parked requests to be handled again.
    pub wakes: u64,
    /// Number of unfinished pieces of work, if the extension has reported it.
    pub unfinished: Option<u64>,
    /// Samples of metrics.
    pub readings: Vec<Reading>,
    /// The conditions of the extension, if it has reported them.
    pub conditions: Option<Vec<Condition>>,
    /// Whether they are those of `new`: an instance that reports no conditions there has not looked yet.
    pub is_of_new: bool,
    /// Where the conditions go that stand when a new version takes over: only then has the old one reported its last.
    pub replaces: Option<Arc<OnceLock<Vec<StandingCondition>>>>,
    /// What stood when the new version took over that is rolled back. Empty if its `new` has had no effect.
    pub restores: Option<Arc<OnceLock<Vec<StandingCondition>>>>,
    /// Key in the outbox of the handled event, if it was durable.
    pub handled: Option<u64>,
    /// Durable events that return to the outbox.
    pub released: Vec<Arc<Event>>,
    /// The reply to the handled request, and its client.
    pub answer: Option<(RouteClient, Box<RouteReply>)>,
    /// Where the notice goes that the handled command has started.
    pub started: Option<oneshot::Sender<StartResult>>,
}

impl Effects {
    /// Whether there are no effects.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        !self.needs_disk()
            && self.events.is_empty()
            && self.calls.is_empty()
            && self.services.is_empty()
            && self.wakes == 0
            && self.unfinished.is_none()
            && self.readings.is_empty()
            && self.conditions.is_none()
            && !self.is_of_new
            && self.restores.is_none()
            && self.answer.is_none()
            && self.started.is_none()
    }

    /// Whether a part must be on disk before the rest is applied.
    #[must_use]
    pub(crate) fn needs_disk(&self) -> bool {
        !self.writes.is_empty()
            || self.handled.is_some()
            || !self.released.is_empty()
            || self.events.iter().any(Emitted::is_durable)
    }

    /// Bytes in memory, about.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        let writes = self.writes.iter();
        let written = writes.map(|(key, value)| key.len() + value.as_ref().map_or(0, |v| v.len()));
        let events = self.events.iter().map(|event| event.payload().len());
        let services = self.services.iter().map(ServiceEffect::bytes);
        written.sum::<usize>() + events.sum::<usize>() + services.sum::<usize>()
    }

    /// Takes the tags of connections that are to be opened, and counts requests and frames that are to be sent: later handlers see
    /// them before the effects are applied.
    pub(crate) fn take_room(&self, extension: &Extension) {
        extension.begin_calls_due(self.calls.len());
        let tags = &extension.sockets.tags;
        for action in self.socket_actions() {
            match action {
                SocketAction::Open(open) => tags.take(&open.tag),
                SocketAction::Send(frame) => {
                    if let Some(unsent) = tags.unsent(&frame.tag) {
                        unsent.add(frame.text.len());
                    }
                }
                SocketAction::Close(..) => {}
            }
        }
    }

    /// Undoes [`take_room`](Self::take_room).
    fn give_room_back(&self, extension: &Extension) {
        for _ in &self.calls {
            extension.end_call_due();
        }
        let tags = &extension.sockets.tags;
        for action in self.socket_actions() {
            match action {
                SocketAction::Open(open) => tags.free(&open.tag),
                SocketAction::Send(frame) => {
                    if let Some(unsent) = tags.unsent(&frame.tag) {
                        unsent.sent(frame.text.len());
                    }
                }
                SocketAction::Close(..) => {}
            }
        }
    }

    fn socket_actions(&self) -> impl Iterator<Item = &SocketAction> {
        self.services.iter().filter_map(|effect| match effect {
            ServiceEffect::Socket(action) => Some(action),
            _ => None,
        })
    }

    /// Applies all effects that are not storage: events, requests, replies.
    pub(crate) fn apply(self, services: &Services, extension: &Extension) {
        if !self.events.is_empty() {
            services.bus.publish(&extension.sockets.name, self.events);
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
        if !self.services.is_empty() {
            apply_to_services(self.services, services, extension);
        }
        if let Some(count) = self.unfinished {
            extension.meters.set_unfinished(count);
        }
        if !self.readings.is_empty() && !extension.meters.record(self.readings) {
            warn!(
                extension = extension.name,
                "more than {SERIES_MAX} series of metrics; further ones are left out"
            );
        }
        if let Some(kept) = self.replaces {
            // Set once: each successor has its own.
            let _ = kept.set(extension.conditions.get());
        }
        if let Some(kept) = self.restores.as_deref().and_then(OnceLock::get) {
            let reported = kept.iter().map(|it| it.condition.clone());
            extension.conditions.report(reported.collect(), services);
        }
        match self.conditions {
            Some(conditions) => extension.conditions.report(conditions, services),
            None if self.is_of_new => extension.conditions.inherit(Instant::now()),
            None => {}
        }
        if self.wakes > 0 {
            extension.parked().wake(self.wakes);
        }
        if let Some((client, answered)) = self.answer {
            client.reply(Ok(*answered));
        }
        if let Some(sender) = self.started {
            // A caller that has gone away needs no notice.
            let _ = sender.send(Ok(()));
        }
    }

    /// Drops the effects, because they could not be stored.
    pub(crate) fn reject(self, extension: &Extension, reason: &dyn Display) {
        self.give_room_back(extension);
        if let Some((client, _)) = self.answer {
            client.reply(Err(RouteError::Failed(reason.to_string())));
        }
        if let Some(sender) = self.started {
            // As above.
            let _ = sender.send(Err(StartError::Failed(reason.to_string())));
        }
    }
}

fn apply_to_services(effects: Vec<ServiceEffect>, services: &Services, extension: &Extension) {
    let owner = &extension.sockets;
    let mut actions = Vec::new();
    for effect in effects {
        match effect {
            ServiceEffect::SetTimer { tag, unix_ms } => {
                services.timers.set(&owner.mailbox, &tag, unix_ms);
            }
            ServiceEffect::CancelTimer { tag } => services.timers.cancel(&owner.mailbox, &tag),
            ServiceEffect::Socket(action) => actions.push(action),
            ServiceEffect::Command(ticket, report) => services.commands.report(ticket, report),
        }
    }
    if !actions.is_empty() {
        // All at once: the frames of a handler go out at the same moment.
        services.sockets.carry_out(owner, actions);
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::WsOpen;

    use super::*;
    use crate::runtime::sockets::Frame;

    fn open(tag: &str) -> ServiceEffect {
        ServiceEffect::Socket(SocketAction::Open(Box::new(WsOpen {
            tag: tag.to_owned(),
            url: "ws://127.0.0.1:1/".to_owned(),
            headers: Vec::new(),
            frame_bytes_max: 1,
            ping_every_ms: 1,
            silent_ms_max: 2,
            connect_ms: 1,
        })))
    }

    fn send(tag: &str, text: &str) -> ServiceEffect {
        ServiceEffect::Socket(SocketAction::Send(Frame {
            tag: tag.into(),
            text: text.into(),
            number: None,
        }))
    }

    /// As when the disk was full: the extension must be able to ask for the same again.
    #[test]
    fn rejected_effects_take_no_tag_and_no_bytes() {
        let extension = Extension::new("a");
        let tags = &extension.sockets.tags;
        tags.take("old");
        let effects = Effects {
            services: vec![open("new"), send("new", "abc"), send("old", "abcd")],
            ..Effects::default()
        };
        effects.take_room(&extension);
        assert_eq!(tags.unsent("new").map(|unsent| unsent.bytes()), Some(3));
        assert_eq!(tags.unsent("old").map(|unsent| unsent.bytes()), Some(4));
        effects.reject(&extension, &"the disk is full");
        assert!(tags.unsent("new").is_none());
        assert_eq!(tags.unsent("old").map(|unsent| unsent.bytes()), Some(0));
    }
}
