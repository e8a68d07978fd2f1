//! Runs one extension on a thread of its own: takes from its mailbox, calls the plugin, commits.
//!
//! Invariant: a handler is a transaction. Its writes, events and requests take effect together after it has returned `Ok`;
//! on an error, a panic or a failed commit none does. After a panic or a failed commit the instance, whose fields may be
//! ahead of its storage, is made anew.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering, mpsc::Sender},
    time::{Duration, Instant},
};

use abi_stable::{
    sabi_trait::TD_Opaque,
    sabi_types::RMut,
    std_types::{RResult, RSlice, RStr},
};
use tig_plugin_api::{
    HttpReply, HttpRequest,
    abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox},
};
use tracing::{error, info, warn};

use crate::{
    event::HTTP_RESPONSE,
    held::Held,
    http_client::HttpClient,
    mailbox::{Answer, Answered, Command, Delivery, Item, Taken},
    plugin::Plugin,
    slot::Slot,
    status::State,
    store::Commit,
    transaction::{Services, Transaction},
};

/// An extension that panics more often than this within [`RESTART_WINDOW`] is stopped until its file changes.
pub const RESTARTS_MAX: usize = 5;

/// See [`RESTARTS_MAX`].
pub const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// What all runners share.
pub struct Shared {
    /// See [`Services`].
    pub services: Services,
    /// See [`HttpClient`].
    pub http: HttpClient,
}

impl Shared {
    /// The extension that answers a request, if any.
    #[must_use]
    pub fn answers(&self, method: &str, path: &str) -> Option<Arc<Slot>> {
        let slots = self.services.bus.slots();
        slots.into_iter().find(|slot| slot.answers(method, path))
    }
}

/// Why a call had no effect.
enum CallError {
    /// The handler returned an error.
    Failed(String),
    /// The instance cannot be used any more.
    Broken(String),
}

/// See the module's documentation.
pub struct Runner {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    /// JSON of the instance's settings.
    settings: Vec<u8>,
    plugin: Plugin,
    /// `None` while the extension is stopped.
    instance: Option<InstanceBox>,
    held: Held,
    /// Durable events that a handler has failed on: they stay in the outbox, for a successor to handle.
    unhandled: Vec<Delivery>,
    restarts: VecDeque<Instant>,
    /// What the watchdog was told last.
    what: Arc<str>,
}

impl Runner {
    /// Makes the first instance in `slot`.
    ///
    /// # Errors
    ///
    /// The text says why `new` failed.
    pub fn new(
        shared: Arc<Shared>,
        slot: Arc<Slot>,
        settings: Vec<u8>,
        plugin: Plugin,
    ) -> Result<Self, String> {
        let mut runner = Self {
            shared,
            slot,
            settings,
            plugin: plugin.clone(),
            instance: None,
            held: Held::default(),
            unhandled: Vec::new(),
            restarts: VecDeque::new(),
            what: "".into(),
        };
        runner.instance = Some(runner.create(&plugin, None)?);
        Ok(runner)
    }

    /// Runs until it is stopped.
    pub fn run(mut self) {
        loop {
            match self.slot.mailbox.take() {
                Taken::Command(Command::Stop) => return,
                Taken::Command(Command::Swap(plugin, done)) => self.swap(plugin, &done),
                Taken::Item(item) => {
                    self.handle(item);
                    self.slot.handled.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Name of the extension.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.slot.name
    }

    fn handle(&mut self, item: Item) {
        match item {
            Item::Event(delivery) => self.handle_event(delivery),
            Item::Response(response) => self.handle_response(&response),
            Item::Request(request, answer) => {
                // A client that has gone away does not need the answer.
                let _ = answer.send(self.handle_request(&request));
            }
        }
    }

    fn handle_event(&mut self, delivery: Delivery) {
        let event = Arc::clone(&delivery.event);
        let handled = self.call(&event.name, event.outbox_id, |instance, host| {
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
        if let Err(error) = handled {
            self.report(&event.name, error);
            if event.outbox_id.is_some() {
                self.unhandled.push(Delivery {
                    redelivered: true,
                    ..delivery
                });
            }
        }
    }

    fn handle_response(&mut self, response: &[u8]) {
        let event = EventRef {
            sequence: 0,
            redelivered: false,
            name: RStr::from_str(HTTP_RESPONSE),
            payload: RSlice::from_slice(response),
        };
        let handled = self.call(&HTTP_RESPONSE.into(), None, |instance, host| {
            instance.on_event(host, event)
        });
        if let Err(error) = handled {
            self.report(HTTP_RESPONSE, error);
        }
    }

    fn handle_request(&mut self, request: &HttpRequest) -> Answer {
        let encoded = request.encode().map_err(|error| error.to_string())?;
        let what: Arc<str> = format!("{} {}", request.method, request.path).into();
        let answered = self.call(&what, None, |instance, host| {
            instance.on_request(host, RSlice::from_slice(&encoded))
        });
        match answered {
            Ok(reply) => {
                let reply = HttpReply::decode(&reply).map_err(|error| error.to_string())?;
                let woken = reply.hold_ms.map(|_| self.held.hold());
                Ok(Answered { reply, woken })
            }
            Err(error) => {
                self.report(&what, error);
                Err(format!(
                    "extension `{}` has failed; see the host's log",
                    self.name()
                ))
            }
        }
    }

    /// Calls the instance and commits what it asked for.
    fn call<T>(
        &mut self,
        what: &Arc<str>,
        handled: Option<u64>,
        call: impl FnOnce(&mut InstanceBox, HostRef<'_>) -> RResult<T, Failure>,
    ) -> Result<T, CallError> {
        let Some(instance) = self.instance.as_mut() else {
            return Err(CallError::Failed("the extension is stopped".to_owned()));
        };
        if !Arc::ptr_eq(&self.what, what) {
            self.what = Arc::clone(what);
            self.slot.activity.name(what);
        }
        let mut transaction = Transaction::begin(&self.shared.services, &self.slot);
        self.slot.activity.begin();
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        let returned = call(instance, host);
        self.slot.activity.end();
        match returned {
            RResult::ROk(value) => {
                let wakes = transaction.wakes;
                self.commit(transaction, handled)
                    .map_err(CallError::Broken)?;
                self.held.wake(wakes);
                Ok(value)
            }
            RResult::RErr(failure) if failure.panicked => {
                Err(CallError::Broken(format!("panic: {}", failure.text)))
            }
            RResult::RErr(failure) => Err(CallError::Failed(failure.text.into_string())),
        }
    }

    /// Lets the effects of a successful call take place.
    fn commit(&self, transaction: Transaction<'_>, handled: Option<u64>) -> Result<(), String> {
        let Transaction {
            writes,
            mut events,
            calls,
            ..
        } = transaction;
        let commit = Commit {
            extension: self.name(),
            writes,
            durable: events
                .iter_mut()
                .filter(|event| event.is_durable())
                .collect(),
            handled,
        };
        let services = &self.shared.services;
        services
            .store
            .commit(commit)
            .map_err(|error| error.to_string())?;
        services.bus.publish(events);
        for call in calls {
            let slot = &self.slot;
            let (mailbox, in_flight) =
                (Arc::clone(&slot.mailbox), Arc::clone(&slot.calls_in_flight));
            self.shared.http.send(call, mailbox, in_flight);
        }
        Ok(())
    }

    /// Makes an instance of `plugin`; what its `new` asks for is committed.
    fn create(&self, plugin: &Plugin, snapshot: Option<&[u8]>) -> Result<InstanceBox, String> {
        let mut transaction = Transaction::begin(&self.shared.services, &self.slot);
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        self.slot.activity.name(&"new".into());
        self.slot.activity.begin();
        let created = plugin.create(host, &self.settings, snapshot);
        self.slot.activity.end();
        self.slot.activity.name(&self.what);
        let instance = created.map_err(|failure| failure.text.into_string())?;
        self.commit(transaction, None)?;
        Ok(instance)
    }

    fn report(&mut self, what: &str, error: CallError) {
        let extension = self.name();
        match error {
            CallError::Failed(_) if self.instance.is_none() => {}
            CallError::Failed(reason) => {
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

    /// Makes the instance anew from its storage, unless that has happened too often.
    fn restart(&mut self) {
        self.instance = None;
        self.slot.restarts.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        self.restarts
            .retain(|&restart| now.duration_since(restart) < RESTART_WINDOW);
        self.restarts.push_back(now);
        let result = if self.restarts.len() > RESTARTS_MAX {
            let seconds = RESTART_WINDOW.as_secs();
            Err(format!("{RESTARTS_MAX} restarts within {seconds} s"))
        } else {
            self.create(&self.plugin, None)
        };
        match result {
            Ok(instance) => self.instance = Some(instance),
            Err(reason) => {
                self.slot.set_state(State::Stopped);
                error!(
                    extension = self.name(),
                    "stopped after {reason}; replace its file or `tig-host reload` it to start it again"
                );
            }
        }
    }

    /// Puts an instance of `plugin` in the place of the present one, with its state. On failure the present one goes on.
    fn swap(&mut self, plugin: Plugin, done: &Sender<Result<(), String>>) {
        let result = self.successor(&plugin).map(|instance| {
            let bus = &self.shared.services.bus;
            bus.subscribe(&self.slot, &plugin.manifest.events);
            self.slot.seat(&plugin);
            self.plugin = plugin;
            self.instance = Some(instance);
            self.restarts.clear();
            // The new version may have an answer.
            self.held.wake(u64::MAX);
            let unhandled = std::mem::take(&mut self.unhandled);
            if !unhandled.is_empty() {
                info!(
                    extension = self.name(),
                    "{} events are given again",
                    unhandled.len()
                );
            }
            self.slot.mailbox.put_events_first(unhandled);
        });
        if done.send(result).is_err() {
            warn!(
                extension = self.name(),
                "nobody waits for the new version any more"
            );
        }
    }

    fn successor(&mut self, plugin: &Plugin) -> Result<InstanceBox, String> {
        let snapshot = match self.instance.as_mut().map(|instance| instance.snapshot()) {
            None => None,
            Some(RResult::ROk(snapshot)) => snapshot.into_option(),
            Some(RResult::RErr(failure)) => {
                return Err(format!(
                    "the running version cannot hand its state over: {}",
                    failure.text
                ));
            }
        };
        self.create(plugin, snapshot.as_ref().map(|state| state.as_slice()))
    }
}
