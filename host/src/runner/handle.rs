//! From an item of the mailbox to a call and its effects.

use std::sync::Arc;

use abi_stable::{
    sabi_trait::TD_Opaque,
    sabi_types::RMut,
    std_types::{RResult, RSlice, RStr, RVec},
};
use tig_plugin_api::{
    HttpReply, HttpRequest,
    abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox},
};
use tokio::sync::oneshot;
use tracing::error;

use super::Runner;
use crate::{
    committer::Job,
    effects::Effects,
    mailbox::{Answer, Answered, Delivery, Item, Refusal},
    transaction::Transaction,
};

/// Why a call had no effect.
pub(super) enum CallError {
    /// There is no instance.
    Stopped,
    /// The handler returned an error.
    Failed(String),
    /// The handler returned an error after it was told that an extension has no room for its event.
    Busy(String),
    /// The instance cannot be used any more.
    Broken(String),
}

impl Runner {
    pub(super) fn handle(&mut self, item: Item) {
        match item {
            Item::Event(delivery) => self.handle_event(delivery),
            Item::Response(response) => self.handle_response(&response),
            Item::Request(request, sender) => self.handle_request(&request, sender),
        }
    }

    fn handle_event(&mut self, delivery: Delivery) {
        let event = Arc::clone(&delivery.event);
        let called = self.call(&event.name, |instance, host| {
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
                effects.handled = event.outbox_id;
                self.hand_in(effects);
            }
            Err(error) => {
                self.report(&event.name, error);
                if event.outbox_id.is_some() {
                    self.unhandled.push(Delivery {
                        redelivered: true,
                        ..delivery
                    });
                }
            }
        }
    }

    fn handle_response(&mut self, response: &[u8]) {
        let name = Arc::clone(&self.http_response);
        let event = EventRef {
            sequence: 0,
            redelivered: false,
            name: RStr::from_str(&name),
            payload: RSlice::from_slice(response),
        };
        match self.call(&name, |instance, host| instance.on_event(host, event)) {
            Ok(((), effects)) => self.hand_in(effects),
            Err(error) => self.report(&name, error),
        }
    }

    fn handle_request(&mut self, request: &HttpRequest, sender: oneshot::Sender<Answer>) {
        let refusal = match self.ask(request) {
            Ok((answered, mut effects)) => {
                effects.answer = Some((sender, Box::new(answered)));
                return self.hand_in(effects);
            }
            Err(refusal) => refusal,
        };
        // A client that has gone away does not need the answer.
        let _ = sender.send(Err(refusal));
    }

    fn ask(&mut self, request: &HttpRequest) -> Result<(Answered, Effects), Refusal> {
        let malformed = |error: tig_plugin_api::Error| Refusal::Failed(error.to_string());
        let encoded = request.encode().map_err(malformed)?;
        let what: Arc<str> = format!("{} {}", request.method, request.path).into();
        let called = self.call(&what, |instance, host| {
            instance.on_request(host, RSlice::from_slice(&encoded))
        });
        match called {
            Ok((reply, effects)) => Ok((self.answered(&reply).map_err(malformed)?, effects)),
            Err(CallError::Busy(reason)) => {
                self.report(&what, CallError::Busy(reason.clone()));
                Err(Refusal::Busy(reason))
            }
            Err(error) => {
                self.report(&what, error);
                let name = self.name();
                Err(Refusal::Failed(format!(
                    "extension `{name}` has failed; see the host's log"
                )))
            }
        }
    }

    fn answered(&self, reply: &RVec<u8>) -> tig_plugin_api::Result<Answered> {
        let reply = HttpReply::decode(reply)?;
        let woken = reply.hold_ms.map(|_| self.slot.held().hold());
        Ok(Answered { reply, woken })
    }

    /// Calls the instance; `Ok` has what it asked for.
    fn call<T>(
        &mut self,
        what: &Arc<str>,
        call: impl FnOnce(&mut InstanceBox, HostRef<'_>) -> RResult<T, Failure>,
    ) -> Result<(T, Effects), CallError> {
        let Some(instance) = self.instance.as_mut() else {
            return Err(CallError::Stopped);
        };
        if let Some(reason) = self.shared.committer.failed() {
            return Err(CallError::Failed(reason.to_owned()));
        }
        if !Arc::ptr_eq(&self.what, what) {
            self.what = Arc::clone(what);
            self.slot.activity.name(what);
        }
        self.overlay.settle(self.slot.desk.settled());
        let services = &self.shared.services;
        let mut transaction = Transaction::begin(services, &self.slot, &self.overlay);
        self.slot.activity.begin();
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        let returned = call(instance, host);
        self.slot.activity.end();
        match returned {
            RResult::ROk(value) => Ok((value, transaction.into_effects())),
            RResult::RErr(failure) if failure.panicked => {
                Err(CallError::Broken(format!("panic: {}", failure.text)))
            }
            RResult::RErr(failure) if transaction.was_full() => {
                Err(CallError::Busy(failure.text.into_string()))
            }
            RResult::RErr(failure) => Err(CallError::Failed(failure.text.into_string())),
        }
    }

    /// Lets effects take place: at once if nothing has to be on disk before, else when it is.
    pub(super) fn hand_in(&mut self, effects: Effects) {
        if effects.is_empty() {
            return;
        }
        let desk = &self.slot.desk;
        self.slot.begin_calls_due(effects.calls.len());
        if !effects.needs_disk() {
            match desk.is_clear(self.tenure) {
                Ok(true) => return effects.take_place(&self.shared, &self.slot),
                // They must not take place before those of earlier handlers.
                Ok(false) => {}
                Err(_) => return self.give_up(effects),
            }
        }
        let bytes = effects.bytes();
        let Ok(number) = desk.hand_in(self.tenure, bytes) else {
            return self.give_up(effects);
        };
        self.overlay.add(number, &effects.writes);
        self.shared.committer.submit(Job {
            slot: Arc::clone(&self.slot),
            effects,
            bytes,
        });
    }

    fn give_up(&mut self, effects: Effects) {
        self.replaced = true;
        effects.refuse(&self.slot, "the handler took too long");
    }

    fn report(&mut self, what: &str, error: CallError) {
        let extension = self.name();
        match error {
            CallError::Stopped => {}
            CallError::Failed(reason) | CallError::Busy(reason) => {
                error!(extension, what, "handler failed: {reason}");
                self.slot.count_failure(format!("{what}: {reason}"));
            }
            CallError::Broken(reason) => {
                error!(
                    extension,
                    what, "handler failed, the instance is made anew: {reason}"
                );
                self.slot.count_failure(format!("{what}: {reason}"));
                self.restart();
            }
        }
    }
}
