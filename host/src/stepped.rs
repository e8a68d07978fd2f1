//! A host that moves only when its caller says so: the bus, runners, transactions and store of [`crate::host::Host`],
//! on the caller's thread, without sockets, timers and a probe process. Simulations run on it.
//!
//! Invariant: the course of events depends on nothing but the calls, their order, the clock, the random numbers and the
//! store. A host that is dropped at any point was killed there. A recording changes none of that.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use tig_plugin_api::frame::CommandHead;
use tig_plugin_api::{HttpRequest, WsEvent, WsEventKind};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::error::HostError;
use crate::http::client::{HttpClient, Sent};
use crate::http::ws::recorded::{AskedOfSocket, RecordedSockets};
use crate::lifecycle::recording::Recording;
use crate::lifecycle::{plugin_files, start};
use crate::observe::status::ExtensionStatus;
use crate::plugin::{Loader, Plugin};
use crate::runtime::bus::Full;
use crate::runtime::clock::{Clock, Random};
use crate::runtime::command::{Command, Retry, Successor};
use crate::runtime::commands::CommandReport;
use crate::runtime::committer::Written;
use crate::runtime::event::Kind;
use crate::runtime::failure::SwitchError;
use crate::runtime::item::{CommandCall, RouteClient, RouteResult, StartError};
use crate::runtime::probation::PROBATION;
use crate::runtime::route_request::RouteRequest;
use crate::runtime::runner::Runner;
use crate::runtime::shared::Shared;
use crate::runtime::socket_event::SocketEvent;
use crate::store::{Store, StoreError};

/// A host whose steps the caller takes one by one.
pub struct SteppedHost {
    shared: Arc<Shared>,
    http: HttpClient,
    sockets: RecordedSockets,
    /// In the config's order.
    runners: Vec<Runner>,
    recording: Arc<Recording>,
}

/// A call of a command.
#[derive(Debug)]
pub struct Called {
    /// Whether the command has started.
    pub started: oneshot::Receiver<Result<(), StartError>>,
    /// Its progress, and then its end.
    pub reports: Receiver<CommandReport>,
}

/// Loads the plugins of `config` once, for any number of hosts in this process. No child process tries them before.
///
/// # Errors
///
/// See [`HostError`].
pub fn load(config: &Config) -> Result<Vec<Plugin>, HostError> {
    let loader = Loader::new(config.plugin_cache_folder.clone(), None);
    let (config, candidates) = plugin_files::admitted(config)?;
    start::load(&config, &loader, &candidates)
}

impl SteppedHost {
    /// Creates an instance of each of `plugins`, which come from [`load`]. Effects of `new` wait to be written.
    ///
    /// If `config` has a recording, a part of it begins, which [`SteppedHost::write_recording`] writes.
    ///
    /// # Errors
    ///
    /// See [`HostError`].
    pub fn start(
        config: &Config,
        plugins: &[Plugin],
        store: Store,
        sources: (Clock, Random),
    ) -> Result<Self, HostError> {
        let manifests = plugins.iter().map(|plugin| &*plugin.manifest);
        let (completed, faults) = config.completed(manifests);
        config.reject(faults)?;
        let config = &completed;
        let http = HttpClient::recording();
        let sockets = RecordedSockets::default();
        let shared = Arc::new(Shared::new(
            store,
            (Arc::new(http.clone()), Arc::new(sockets.clone())),
            config.keys.clone(),
            sources,
        ));
        let recording = Recording::new(&shared, Vec::new());
        recording.apply(config)?;
        let runners = start::start(config, &shared, plugins.to_vec())?;
        Ok(Self {
            shared,
            http,
            sockets,
            runners,
            recording,
        })
    }

    /// Numbers of the extensions, by the config's order, that have an item or a command waiting.
    #[must_use]
    pub fn waiting(&self) -> Vec<usize> {
        let waits = |index: &usize| !self.runners[*index].extension().mailbox.is_empty();
        (0..self.runners.len()).filter(waits).collect()
    }

    /// Lets extension number `index` handle its next item or command; `false` if none waits. Effects that need no disk
    /// are applied at once, the others by [`SteppedHost::write`] and [`SteppedHost::apply`].
    pub fn step(&mut self, index: usize) -> bool {
        self.runners[index].step()
    }

    /// Writes the transactions that wait for the disk, if there are any. [`SteppedHost::apply`] applies the rest of
    /// their effects.
    pub fn write(&mut self) -> Option<Written> {
        self.shared.committer.write_waiting(&self.shared.services)
    }

    /// Applies the effects of written transactions.
    pub fn apply(&mut self, written: Written) {
        written.apply(&self.shared.services);
    }

    /// Writes the calls of before to the recording, if there is one. What is not written is lost with the host, as in a kill. Does
    /// nothing while transactions wait for the disk: when a file is full, the next one begins with what is stored.
    ///
    /// # Errors
    ///
    /// The recording has ended, for instance as the disk is full.
    pub fn write_recording(&mut self) -> Result<(), HostError> {
        let mut extensions = self.runners.iter().map(Runner::extension);
        if extensions.any(|extension| extension.fence.in_flight() > 0) {
            return Ok(());
        }
        self.recording.write_waiting();
        match self.shared.services.recorder.ended() {
            None => Ok(()),
            Some(reason) => Err(HostError::Recording {
                path: self.recording.path().unwrap_or_default(),
                source: io::Error::other(reason),
            }),
        }
    }

    /// Publishes an event of the host itself, such as `update`.
    ///
    /// # Errors
    ///
    /// An extension that handles it has no room.
    pub fn publish(&self, event: &str, arguments: &[u8], kind: Kind) -> Result<(), Full> {
        self.shared.services.bus.emit(event, arguments, kind)
    }

    /// Sends a request to the extension with a route for it; `None` if no extension has one, or too many requests wait.
    /// The reply comes when its effects are on disk, and may ask to be parked, as at the listener.
    #[must_use]
    pub fn request(&self, request: HttpRequest) -> Option<oneshot::Receiver<RouteResult>> {
        let (method, path) = (&request.method, &request.path);
        let extension = self.shared.find_route(method, path)?;
        let head = RouteRequest::new(method, path, &request).ok()?;
        let request = Arc::new(head.with_body(&request.body));
        let (sender, receiver) = oneshot::channel();
        extension
            .mailbox
            .put_request(request, RouteClient::new(sender, None))
            .then_some(receiver)
    }

    /// The HTTP requests that extensions have sent since the last call.
    #[must_use]
    pub fn take_sent(&self) -> Vec<Sent> {
        self.http.take_recorded()
    }

    /// What extensions have asked of websocket connections since the last call.
    #[must_use]
    pub fn take_sockets(&self) -> Vec<AskedOfSocket> {
        self.sockets.take()
    }

    /// Delivers what happened to a websocket connection of an extension; `false` if there is no such connection.
    #[must_use]
    pub fn socket_event(&self, extension: &str, event: &WsEvent) -> bool {
        let owner = |runner: &&Runner| runner.name() == extension;
        let Some(runner) = self.runners.iter().find(owner) else {
            return false;
        };
        let sockets = &runner.extension().sockets;
        let (Some(_), Ok(payload)) = (sockets.tags.unsent(&event.tag), event.encode()) else {
            return false;
        };
        sockets.mailbox.put_socket_event(SocketEvent {
            tag: event.tag.as_str().into(),
            payload: payload.into(),
            is_last: matches!(event.kind, WsEventKind::Closed { .. }),
            room: None,
        });
        true
    }

    /// When the next timer is due, in Unix milliseconds.
    #[must_use]
    pub fn next_timer(&self) -> Option<u64> {
        self.shared.services.timers.next()
    }

    /// Puts the timers that are due by the clock into the mailboxes; returns their number.
    pub fn fire_timers(&self) -> usize {
        let services = &self.shared.services;
        services.timers.fire(&services.clock)
    }

    /// Calls a command of an extension with the JSON of its arguments; `None` if no such extension runs, or too many calls
    /// wait or are waited for.
    #[must_use]
    pub fn call(&self, extension: &str, command: &str, arguments: &[u8]) -> Option<Called> {
        let owner = |runner: &&Runner| runner.name() == extension;
        let runner = self.runners.iter().find(owner)?;
        let services = &self.shared.services;
        let mailbox = &runner.extension().mailbox;
        let (ticket, reports) = services.commands.wait(mailbox, &services.random).ok()?;
        let (sender, started) = oneshot::channel();
        let head = CommandHead {
            ticket,
            command: command.to_owned(),
        };
        let arguments = arguments.to_vec();
        let call = CommandCall { head, arguments };
        let waits = mailbox.put_command_call(call, sender);
        waits.then_some(Called { started, reports })
    }

    /// Replaces the instance of extension number `index` by one of the same plugin and settings, as a reload does, and
    /// ends its probation.
    ///
    /// # Errors
    ///
    /// The reason why the present instance keeps running.
    pub fn reload(&mut self, index: usize) -> Result<(), SwitchError> {
        let runner = &mut self.runners[index];
        let (done, result) = mpsc::channel();
        let (plugin, settings) = runner.installed();
        let mailbox = Arc::clone(&runner.extension().mailbox);
        mailbox.put_command(Command::Swap(Box::new(Successor {
            plugin,
            settings,
            retry: Retry::Yes,
            done,
        })));
        runner.step();
        runner.confirm(Instant::now() + PROBATION);
        result.try_recv().unwrap_or(Err(SwitchError::Late))
    }

    /// All extensions, in the config's order.
    #[must_use]
    pub fn status(&self) -> Vec<ExtensionStatus> {
        let status = |runner: &Runner| runner.extension().status();
        self.runners.iter().map(status).collect()
    }

    /// Number of stored keys, and bytes of their values.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn stored(&self) -> Result<(usize, usize), StoreError> {
        let view = self.shared.services.store.view()?;
        let mut total = (0, 0);
        for runner in &self.runners {
            for value in view.scan(runner.name(), "")?.into_values() {
                total.0 += 1;
                total.1 += value.len();
            }
        }
        Ok(total)
    }

    /// Keys that an extension has stored, ascending.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn stored_keys(&self, extension: &str) -> Result<Vec<String>, StoreError> {
        let stored = self.shared.services.store.scan(extension, "")?;
        Ok(stored.into_keys().collect())
    }
}
