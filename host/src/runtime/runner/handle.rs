//! Calls the instance for an item, and submits the effects.

use std::sync::Arc;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{ROption, RResult, RSlice, RStr, RVec};
use tig_plugin_api::abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox, question};
use tig_plugin_api::{HttpReply, frame};
use tig_recording::{Outcome, Question};
use tokio::sync::oneshot;
use tracing::{debug_span, error, warn};

use super::Runner;
use crate::observe::handler_times::Stopwatch;
use crate::runtime::committer::Job;
use crate::runtime::effects::Effects;
use crate::runtime::fence::Replaced;
use crate::runtime::item::{
    CommandCall, Delivery, Item, ItemCopy, RouteClient, RouteError, RouteReply, StartError,
    StartResult,
};
use crate::runtime::probation::Probation;
use crate::runtime::route_request::RouteRequest;
use crate::runtime::shadow::compare::Record;
use crate::runtime::transaction::Transaction;

/// Why a call had no effect.
pub(super) enum CallError {
    /// The extension has no instance.
    Stopped,
    /// The runner was replaced while its handler ran.
    Replaced,
    /// The handler returned an error.
    Failed(Failed),
    /// The instance has panicked.
    Broken(String),
}

/// Why a handler returned an error.
pub(super) struct Failed {
    reason: String,
    /// An extension has no room for an event of the handler, which is not to blame for it.
    was_full: bool,
    /// The handler had asked for effects, so its fields may be ahead of the storage.
    has_asked: bool,
}

/// Reply for a handler that returned after its runner was replaced.
const TOO_LATE: &str = "the handler took too long";

/// An event as recordings have it.
fn event_question<'a>(
    name: &'a str,
    (sequence, redelivered): (u64, bool),
    payload: &'a [u8],
) -> Question<'a> {
    Question::Event {
        name: name.into(),
        sequence,
        redelivered,
        payload: payload.into(),
    }
}

impl Runner {
    pub(super) fn handle(&mut self, item: Item) {
        self.redelivery.begin_item();
        if let Some(mut probation) = self.extension.probation()
            && let Some(probation) = probation.as_mut()
        {
            probation.record_item(&item);
            probation.record_waiting(self.redelivery.waiting());
        }
        let copy = self.shadow.as_ref().map(|_| ItemCopy::from_item(&item));
        match item {
            Item::Event(delivery) => self.handle_event(delivery),
            Item::Response(response) => {
                let name = Arc::clone(&self.own_events.http_response);
                self.handle_own_event(&name, &response);
            }
            Item::Request(request, client) => self.handle_request(&request, client),
            Item::Timer(tag) => {
                let name = Arc::clone(&self.own_events.timer);
                self.handle_own_event(&name, tag.as_bytes());
            }
            Item::Socket(event) => {
                // A redelivered end has freed its tag before; a later connection may have taken it since.
                if event.is_last && !self.redelivery.has_present() {
                    // Before the handler, which may open another connection of this tag.
                    self.extension.sockets.tags.free(&event.tag);
                }
                let name = Arc::clone(&self.own_events.ws);
                self.handle_own_event(&name, &event.payload);
            }
            Item::Command(call, started) => self.handle_command(&call, started),
        }
        if let Some(copy) = copy {
            self.feed_shadow(copy);
        }
        self.redelivery.end_item();
    }

    fn handle_event(&mut self, delivery: Delivery) {
        let event = &delivery.event;
        let question = event_question(
            &event.name,
            (event.sequence, delivery.redelivered),
            &event.payload,
        );
        let called = self.call(&event.name, &question, |instance, host| {
            instance.on_event(
                host,
                EventRef {
                    sequence: event.sequence,
                    redelivered: delivery.redelivered,
                    name: RStr::from_str(&event.name),
                    payload: RSlice::from_slice(&event.payload),
                },
            )
        });
        match called {
            Ok(((), mut effects)) => {
                if event.outbox_id.is_some() {
                    effects.get_or_insert_default().handled = event.outbox_id;
                }
                self.submit(effects);
            }
            Err(error) => {
                if !matches!(error, CallError::Stopped | CallError::Replaced) {
                    // Before the report, which may deliver what stands to another instance.
                    self.refused.note(&delivery);
                }
                let name = Arc::clone(&event.name);
                // Before the report, too: a rollback delivers the event once more at once, and replaces these.
                if event.outbox_id.is_some() {
                    self.unhandled.push(Delivery {
                        redelivered: true,
                        ..delivery
                    });
                }
                self.report(&name, error);
            }
        }
    }

    /// Handles an event that only the host emits, for this extension alone.
    fn handle_own_event(&mut self, name: &Arc<str>, payload: &[u8]) {
        let event = EventRef {
            sequence: 0,
            redelivered: false,
            name: RStr::from_str(name),
            payload: RSlice::from_slice(payload),
        };
        let question = event_question(name, (0, false), payload);
        match self.call(name, &question, |instance, host| {
            instance.on_event(host, event)
        }) {
            Ok(((), effects)) => self.submit(effects),
            Err(error) => self.report(name, error),
        }
    }

    fn handle_command(
        &mut self,
        call: &CommandCall,
        started: Option<oneshot::Sender<StartResult>>,
    ) {
        let refusal = match self.start_command(call) {
            Ok(mut effects) => {
                effects.get_or_insert_default().started = started;
                return self.submit(effects);
            }
            Err(refusal) => refusal,
        };
        if let Some(started) = started {
            // A caller that has gone away needs no answer.
            let _ = started.send(Err(refusal));
        }
    }

    fn start_command(&mut self, call: &CommandCall) -> Result<Option<Box<Effects>>, StartError> {
        let command = &call.head.command;
        let encoded = frame::encode(&call.head, &call.arguments)
            .map_err(|error| StartError::Failed(error.to_string()))?;
        let what: Arc<str> = format!("command {command}").into();
        let asked = Question::Command(encoded.as_slice().into());
        let called = self.call(&what, &asked, |instance, host| {
            let question = RStr::from_str(question::COMMAND);
            instance.ask(host, question, RSlice::from_slice(&encoded))
        });
        match called {
            Ok((ROption::RSome(_), effects)) => Ok(effects),
            // A plugin of an SDK without commands lists none, so its host asks for none.
            Ok((ROption::RNone, _)) => {
                self.notes.drop_call();
                Err(StartError::Failed(format!("no command `{command}`")))
            }
            Err(error) => {
                let refusal = match &error {
                    CallError::Failed(failed) => StartError::Failed(failed.reason.clone()),
                    _ => StartError::Broken(self.name().to_owned()),
                };
                match error {
                    CallError::Failed(failed) if !failed.was_full => self.refuse(&what, &failed),
                    error => self.report(&what, error),
                }
                Err(refusal)
            }
        }
    }

    fn handle_request(&mut self, request: &RouteRequest, client: Option<RouteClient>) {
        let refusal = match self.call_route(request) {
            Ok((answered, mut effects)) => {
                effects.get_or_insert_default().answer =
                    client.map(|client| (client, Box::new(answered)));
                return self.submit(effects);
            }
            Err(refusal) => refusal,
        };
        if let Some(client) = client {
            client.reply(Err(refusal));
        }
    }

    fn call_route(
        &mut self,
        request: &RouteRequest,
    ) -> Result<(RouteReply, Option<Box<Effects>>), RouteError> {
        // Polls have one name: the watchdog gets it once.
        let what: Arc<str> = match request.name() {
            name if *name == *self.what => Arc::clone(&self.what),
            name => name.into(),
        };
        let question = Question::Request(request.encoded().into());
        let called = self.call(&what, &question, |instance, host| {
            instance.on_request(host, RSlice::from_slice(request.encoded()))
        });
        let answered = called.and_then(|(reply, effects)| match self.decode_reply(&reply) {
            Ok(answered) => Ok((answered, effects)),
            Err(error) => Err(CallError::Failed(Failed {
                reason: format!("invalid reply: {error}"),
                was_full: false,
                // The handler has returned `Ok`: its fields are as after a success.
                has_asked: true,
            })),
        });
        match answered {
            Ok(done) => {
                self.notes.set_reply(&done.0.reply);
                Ok(done)
            }
            Err(CallError::Failed(failed)) if failed.was_full => {
                let reason = failed.reason.clone();
                self.report(&what, CallError::Failed(failed));
                Err(RouteError::Busy(reason))
            }
            Err(error) => {
                self.report(&what, error);
                let name = self.name();
                Err(RouteError::Failed(format!(
                    "extension `{name}` has failed; see the host's log"
                )))
            }
        }
    }

    fn decode_reply(&self, reply: &RVec<u8>) -> tig_plugin_api::Result<RouteReply> {
        let reply = HttpReply::decode(reply)?;
        let woken = reply.hold_ms.map(|_| self.extension.parked().park());
        Ok(RouteReply { reply, woken })
    }

    /// Calls the instance with what `question` says, and returns the effects of a handler that succeeds.
    fn call<T>(
        &mut self,
        what: &Arc<str>,
        question: &Question<'_>,
        call: impl FnOnce(&mut InstanceBox, HostRef<'_>) -> RResult<T, Failure>,
    ) -> Result<(T, Option<Box<Effects>>), CallError> {
        if !Arc::ptr_eq(&self.what, what) {
            self.name_handler(what);
        }
        let Some(instance) = self.instance.as_mut() else {
            return Err(CallError::Stopped);
        };
        if let Some(reason) = self.shared.committer.failed() {
            return Err(CallError::Failed(Failed {
                reason: reason.to_string(),
                was_full: false,
                has_asked: false,
            }));
        }
        self.overlay.complete(self.extension.fence.completed());
        let services = &self.shared.services;
        let mut transaction = Transaction::begin(services, &self.extension, &self.overlay);
        transaction.set_event(what);
        transaction.set_redelivery(self.redelivery.has_present());
        if self.shadow.is_some() {
            transaction.record_inputs();
        }
        if self.notes.is_on() {
            let now_ms = services.clock.now_ms();
            transaction.set_trace(self.notes.begin_call(now_ms, question));
        }
        self.activity.begin();
        let span = debug_span!(
            "handler",
            extension = &*self.extension.name,
            event = &**what
        )
        .entered();
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        let begin = self.stopwatch.begin();
        let returned = call(instance, host);
        self.stopwatch.end(begin);
        drop(span);
        self.activity.end();
        self.inputs = transaction.take_inputs();
        if let Some(trace) = transaction.take_trace() {
            self.notes.end_call(trace);
        }
        if !self.is_present() {
            self.notes.drop_call();
            return Err(CallError::Replaced);
        }
        match returned {
            RResult::ROk(value) => Ok((value, transaction.take_effects())),
            RResult::RErr(failure) if failure.panicked => {
                Err(CallError::Broken(format!("panic: {}", failure.text)))
            }
            RResult::RErr(failure) => Err(CallError::Failed(Failed {
                reason: failure.text.into_string(),
                was_full: transaction.was_full(),
                has_asked: transaction.has_asked(),
            })),
        }
    }

    /// Names the calls from now on, for the watchdog and the times of handlers.
    fn name_handler(&mut self, what: &Arc<str>) {
        self.what = Arc::clone(what);
        self.activity.name(what);
        // Paths come from outside; their routes are few.
        let mut routes = self.routes.iter();
        let route = what
            .split_once(' ')
            .and_then(|(method, path)| routes.find(|route| route.matches(method, path)));
        let times = &self.extension.handler_times;
        self.stopwatch = Stopwatch::of(match route {
            Some(route) => times.counter(&route.to_string()),
            None => times.counter(what),
        });
    }

    /// Applies effects at once if they need no disk, and else through the committer.
    pub(super) fn submit(&mut self, effects: Option<Box<Effects>>) {
        self.notes.record_success();
        if self.shadow.is_some() {
            self.record = effects
                .as_deref()
                .map(Record::from_effects)
                .unwrap_or_default();
        }
        let Some(mut effects) = effects else {
            return;
        };
        self.redelivery.drop_sent(&mut effects);
        if effects.is_empty() {
            return;
        }
        // Before the fence, where the effects may wait: they count as due meanwhile.
        effects.take_room(&self.extension);
        match self.pass_fence(&effects) {
            Ok(None) => effects.apply(&self.shared.services, &self.extension),
            Ok(Some((number, bytes))) => {
                self.overlay.add(number, &effects.writes);
                self.shared.committer.submit(Job {
                    extension: Arc::clone(&self.extension),
                    effects,
                    bytes,
                });
            }
            Err(Replaced) => effects.reject(&self.extension, &TOO_LATE),
        }
    }

    /// Number and bytes of the transaction with which the effects go to the committer; `None` if they are applied at once.
    /// What a rollback of a version on probation needs is recorded with it: what is recorded as sent is surely sent, and the
    /// other way round.
    fn pass_fence(&self, effects: &Effects) -> Result<Option<(u64, usize)>, Replaced> {
        let fence = &self.extension.fence;
        if self.extension.probation().is_some() {
            // Waited for without the lock of the probation: the ticker takes it, and gives up on a runner that waits.
            fence.wait_for_room(self.epoch)?;
        }
        // Held until the effects have passed: with this lock the ticker takes the probation and begins the next epoch. In
        // between, the old version would get a record of calls that are rejected here, and never send them.
        let mut probation = self.extension.probation();
        if let Some(probation) = probation.as_mut().and_then(|guard| guard.as_mut()) {
            self.remember(probation, effects);
        }
        // Effects of earlier handlers that are still in flight come first.
        if !effects.needs_disk() && fence.is_clear(self.epoch)? {
            return Ok(None);
        }
        let bytes = effects.bytes();
        let number = fence.submit(self.epoch, bytes)?;
        Ok(Some((number, bytes)))
    }

    /// Records what a rollback of a version on probation needs.
    fn remember(&self, probation: &mut Probation, effects: &Effects) {
        probation.record_sent(&effects.calls, &effects.services);
        let store = &self.shared.services.store;
        let read = |key: &str| match self.overlay.get(key) {
            Some(waiting) => Ok(waiting.clone()),
            None => store
                .get(self.name(), key)
                .map(|value| value.map(Into::into)),
        };
        if let Err(reason) = probation.record_writes(&effects.writes, read) {
            // A store that cannot be read cannot be written either: the committer reports it.
            error!(extension = self.name(), "{reason}");
        }
    }

    fn report(&mut self, what: &str, error: CallError) {
        // Before the instance is restored, which is recorded too.
        match &error {
            CallError::Stopped | CallError::Replaced => self.notes.drop_call(),
            CallError::Failed(failed) => self
                .notes
                .record_outcome(&Outcome::Failed((&*failed.reason).into())),
            CallError::Broken(reason) => self
                .notes
                .record_outcome(&Outcome::Panicked((&**reason).into())),
        }
        // Set last: effects that are submitted meanwhile, such as by `new` in a restore, leave a record of their own.
        self.record = match error {
            CallError::Stopped | CallError::Replaced => Record::default(),
            CallError::Failed(failed) => {
                let reason = self.count_failure(what, &failed.reason);
                let rolled_back = !failed.was_full && self.fail_on_probation(&reason);
                let restored = failed.has_asked && !rolled_back;
                if restored {
                    self.restore();
                }
                Record::failed(&failed.reason, restored)
            }
            CallError::Broken(reason) => {
                let text = self.count_failure(what, &reason);
                self.recover(&text);
                Record::failed(&reason, true)
            }
        };
    }

    /// Takes note of a command that the extension has refused. Its caller reads why; what a caller asks for in vain is no
    /// failure of the extension, and must not end the probation of a new version.
    fn refuse(&mut self, what: &str, failed: &Failed) {
        self.notes
            .record_outcome(&Outcome::Failed((&*failed.reason).into()));
        let (extension, reason) = (self.name(), &failed.reason);
        warn!(extension, event = what, "command refused: {reason}");
        if failed.has_asked {
            self.restore();
        }
        self.record = Record::failed(reason, failed.has_asked);
    }

    /// Logs and counts a failure; returns the handled item and the reason in one text.
    fn count_failure(&self, what: &str, reason: &str) -> String {
        error!(
            extension = self.name(),
            event = what,
            "handler failed: {reason}"
        );
        let text = format!("{what}: {reason}");
        self.extension.count_failure(text.clone());
        text
    }
}
