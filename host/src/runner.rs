//! Runs one extension on a thread of its own: takes from its mailbox, calls the plugin, commits.
//!
//! Invariant: a handler is a transaction. Its writes, events and requests take effect together after it has returned `Ok`;
//! on an error, a panic or a failed commit none does. After a panic or a failed commit the instance, whose fields may be
//! ahead of its storage, is made anew.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize, mpsc::Sender},
    time::{Duration, Instant},
};

use abi_stable::{
    sabi_trait::TD_Opaque,
    sabi_types::RMut,
    std_types::{RResult, RSlice, RStr},
};
use tig_plugin_api::{
    HttpReply, HttpRequest, Route,
    abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox},
};
use tracing::{error, info, warn};

use crate::{
    bus::Bus,
    event::{Emitted, HTTP_RESPONSE},
    held::Held,
    http_client::HttpClient,
    mailbox::{Answer, Answered, Control, Delivery, Item, Mailbox, Taken},
    plugin::Plugin,
    store::Commit,
    transaction::{Services, Transaction},
    watchdog::Activity,
};

/// An extension that panics more often than this within [`RESTART_WINDOW`] is stopped until its file changes.
pub const RESTARTS_MAX: usize = 5;

/// See [`RESTARTS_MAX`].
pub const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// What all runners share.
pub struct Shared {
    /// See [`Services`].
    pub services: Services,
    /// See [`Bus`].
    pub bus: Bus,
    /// See [`HttpClient`].
    pub http: HttpClient,
    /// Names of the extensions, in the config's order.
    pub names: Vec<String>,
    /// Routes of each extension.
    pub routes: RwLock<Vec<Vec<Route>>>,
}

impl Shared {
    /// Makes what `plugin` handles and answers known, in place of what extension `index` did before.
    pub fn announce(&self, index: usize, plugin: &Plugin) {
        self.bus.subscribe(index, &plugin.manifest.events);
        let parsed = plugin
            .manifest
            .routes
            .iter()
            .filter_map(|route| Route::parse(route));
        self.routes.write().unwrap_or_else(PoisonError::into_inner)[index] = parsed.collect();
    }

    /// The extension that answers a request, if any.
    #[must_use]
    pub fn route(&self, method: &str, path: &str) -> Option<usize> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes
            .iter()
            .position(|routes| routes.iter().any(|route| route.matches(method, path)))
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
    index: usize,
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    /// JSON of the instance's settings.
    settings: Vec<u8>,
    plugin: Plugin,
    /// `None` while the extension is stopped.
    instance: Option<InstanceBox>,
    calls_in_flight: Arc<AtomicUsize>,
    held: Held,
    /// Durable events that a handler has failed on: they stay in the outbox, for a successor to handle.
    unhandled: Vec<Delivery>,
    restarts: VecDeque<Instant>,
    activity: Arc<Activity>,
}

impl Runner {
    /// Makes the first instance of extension `index`.
    ///
    /// # Errors
    ///
    /// The text says why `new` failed.
    pub fn new(
        shared: Arc<Shared>,
        index: usize,
        settings: Vec<u8>,
        plugin: Plugin,
        activity: Arc<Activity>,
    ) -> Result<Self, String> {
        let mailbox = Arc::clone(shared.bus.mailbox(index));
        let mut runner = Self {
            index,
            shared,
            mailbox,
            settings,
            plugin: plugin.clone(),
            instance: None,
            calls_in_flight: Arc::default(),
            held: Held::default(),
            unhandled: Vec::new(),
            restarts: VecDeque::new(),
            activity,
        };
        runner.instance = Some(runner.create(&plugin, None)?);
        Ok(runner)
    }

    /// Runs until it is stopped.
    pub fn run(mut self) {
        loop {
            match self.mailbox.take() {
                Taken::Control(Control::Stop) => return,
                Taken::Control(Control::Swap(plugin, done)) => self.swap(plugin, &done),
                Taken::Item(Item::Event(delivery)) => self.handle_event(delivery),
                Taken::Item(Item::Response(response)) => self.handle_response(&response),
                Taken::Item(Item::Request(request, answer)) => {
                    // A client that has gone away does not need the answer.
                    let _ = answer.send(self.handle_request(&request));
                }
            }
        }
    }

    /// Name of the extension.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.names[self.index]
    }

    fn handle_event(&mut self, delivery: Delivery) {
        let event = Arc::clone(&delivery.event);
        let handled = self.call(&event.name, delivery.outbox_id, |instance, host| {
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
            if delivery.outbox_id.is_some() {
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
        let handled = self.call(HTTP_RESPONSE, None, |instance, host| {
            instance.on_event(host, event)
        });
        if let Err(error) = handled {
            self.report(HTTP_RESPONSE, error);
        }
    }

    fn handle_request(&mut self, request: &HttpRequest) -> Answer {
        let encoded = request.encode().map_err(|error| error.to_string())?;
        let what = format!("{} {}", request.method, request.path);
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
        what: &str,
        handled: Option<u64>,
        call: impl FnOnce(&mut InstanceBox, HostRef<'_>) -> RResult<T, Failure>,
    ) -> Result<T, CallError> {
        let Some(instance) = self.instance.as_mut() else {
            return Err(CallError::Failed("the extension is stopped".to_owned()));
        };
        let name = &self.shared.names[self.index];
        let mut transaction =
            Transaction::begin(&self.shared.services, name, &self.calls_in_flight);
        self.activity.begin(what);
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        let returned = call(instance, host);
        self.activity.end();
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
            events,
            calls,
            ..
        } = transaction;
        let bus = &self.shared.bus;
        if let Some(full) = bus.without_room(&events) {
            return Err(format!(
                "the mailbox of `{}` is full",
                self.shared.names[full]
            ));
        }
        let durable: Vec<_> = events
            .iter()
            .filter(|event| event.durable)
            .map(|event| (event, self.named(&bus.subscribers(&event.name))))
            .collect();
        let commit = Commit {
            extension: self.name(),
            writes,
            durable,
            handled,
        };
        let ids = self
            .shared
            .services
            .store
            .commit(&commit)
            .map_err(|error| error.to_string())?;
        let mut ids = ids.into_iter();
        let with_ids = |event: Emitted| {
            let outbox = if event.durable {
                ids.next().unwrap_or_default()
            } else {
                Vec::new()
            };
            (event, outbox)
        };
        bus.publish(events.into_iter().map(with_ids).collect());
        for call in calls {
            let (mailbox, in_flight) =
                (Arc::clone(&self.mailbox), Arc::clone(&self.calls_in_flight));
            self.shared.http.send(call, mailbox, in_flight);
        }
        Ok(())
    }

    fn named(&self, subscribers: &[usize]) -> Vec<(usize, &str)> {
        subscribers
            .iter()
            .map(|&index| (index, self.shared.names[index].as_str()))
            .collect()
    }

    /// Makes an instance of `plugin`; what its `new` asks for is committed.
    fn create(&self, plugin: &Plugin, snapshot: Option<&[u8]>) -> Result<InstanceBox, String> {
        let mut transaction =
            Transaction::begin(&self.shared.services, self.name(), &self.calls_in_flight);
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        self.activity.begin("new");
        let created = plugin.create(host, &self.settings, snapshot);
        self.activity.end();
        let instance = created.map_err(|failure| failure.text.into_string())?;
        self.commit(transaction, None)?;
        Ok(instance)
    }

    fn report(&mut self, what: &str, error: CallError) {
        let extension = self.name();
        match error {
            CallError::Failed(_) if self.instance.is_none() => {}
            CallError::Failed(reason) => error!(extension, what, "handler failed: {reason}"),
            CallError::Broken(reason) => {
                error!(
                    extension,
                    what, "handler failed, the instance is made anew: {reason}"
                );
                self.restart();
            }
        }
    }

    /// Makes the instance anew from its storage, unless that has happened too often.
    fn restart(&mut self) {
        self.instance = None;
        let now = Instant::now();
        self.restarts
            .retain(|&restart| now.duration_since(restart) < RESTART_WINDOW);
        self.restarts.push_back(now);
        let extension = self.name();
        if self.restarts.len() > RESTARTS_MAX {
            let seconds = RESTART_WINDOW.as_secs();
            error!(
                extension,
                "stopped after {RESTARTS_MAX} restarts within {seconds} s; replace its file to start it again"
            );
            return;
        }
        match self.create(&self.plugin, None) {
            Ok(instance) => self.instance = Some(instance),
            Err(reason) => {
                error!(
                    extension,
                    "stopped: {reason}; replace its file to start it again"
                );
            }
        }
    }

    /// Puts an instance of `plugin` in the place of the present one, with its state. On failure the present one goes on.
    fn swap(&mut self, plugin: Plugin, done: &Sender<Result<(), String>>) {
        let result = self.successor(&plugin).map(|instance| {
            self.shared.announce(self.index, &plugin);
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
            self.mailbox.put_events_first(unhandled);
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
