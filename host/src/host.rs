//! Puts the parts together: from a config to a running host, and back to silence.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use notify::RecommendedWatcher;
use tokio::{runtime::Handle, sync::watch::Sender as StopSender};
use tracing::{info, warn};

use crate::{
    bus::Bus,
    candidates,
    clock::{Clock, Random},
    committer::Committer,
    config::Config,
    control::Control,
    drain::Drain,
    edge::Edge,
    error::HostError,
    event::{Event, Kind, UPDATE},
    http_client::HttpClient,
    http_server,
    keeper::{Keeper, Message},
    listener,
    mailbox::{Command, Delivery},
    plugin::{Candidate, Loader, Plugin, PluginError, short_hash},
    reload::Watched,
    runner::{Runner, Shared},
    slot::Slot,
    store::Store,
    transaction::Services,
    watch::{self, Signature},
    watchdog,
};

/// `update` comes this often (benchmarker.md section 3).
pub const UPDATE_EVERY: Duration = Duration::from_secs(5);

/// Handlers that have not returned by then are left behind when the host stops.
pub const STOP_MAX: Duration = Duration::from_secs(5);

/// Folder of the copies of plugin files, under the backup folder.
pub const CACHE_FOLDER: &str = "plugin-cache";

/// A running host.
pub struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Threads of extensions.
    runners: Vec<JoinHandle<()>>,
    /// Threads of the host itself.
    keepers: Vec<JoinHandle<()>>,
    committer: JoinHandle<()>,
    ticker: mpsc::Sender<()>,
    keeper: mpsc::Sender<Message>,
    stop: StopSender<bool>,
    edge: Arc<Edge>,
    drain: Drain,
    _notifications: Option<RecommendedWatcher>,
}

impl Host {
    /// Loads the extensions and starts everything. `probe_program` is the program that tries plugin files
    /// (`tig-host` itself); `runtime` serves HTTP.
    ///
    /// Nothing is changed before all files are read and checked and the port is ours.
    ///
    /// # Errors
    ///
    /// See [`HostError`].
    pub fn start(
        config: &Config,
        probe_program: &Path,
        runtime: Handle,
    ) -> Result<Self, HostError> {
        let candidates = candidates::admitted(config)?;
        let listener = listen(config.listen)?;
        let address = listener
            .local_addr()
            .map_err(HostError::system("read the port"))?;
        let store = Store::open(&config.backup_folder, &config.player_id, &config.api_url)?;
        let shared = Arc::new(shared(store, &runtime)?);
        let loader = Loader {
            cache_folder: config.backup_folder.join(CACHE_FOLDER),
            probe_program: Some(probe_program.to_owned()),
        };
        let committer = {
            let shared = Arc::clone(&shared);
            spawn("committer", move || shared.committer.run(&shared))?
        };
        let runners = start_extensions(config, &shared, &loader, &candidates)
            .inspect_err(|_| shared.committer.stop())?;

        let (stop, stopped) = tokio::sync::watch::channel(false);
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(HostError::system("listen"))?
        };
        let edge = Arc::new(Edge::new(config, shared.http.clone()));
        let app = http_server::app(Arc::clone(&shared), edge.access());
        runtime.spawn(listener::serve(listener, edge.tls(), app, stopped));

        let slots = shared.services.bus.slots();
        let watched = slots.into_iter().zip(candidates).map(watch_candidate);
        let watched = watched.collect();
        let (keeper, messages) = mpsc::channel();
        let changed = keeper.clone();
        let notifications = watch::notifications(&config.plugin_folder, move || {
            // The receiver is gone when the host stops.
            let _ = changed.send(Message::Changed);
        });
        let (ticker, ticks) = mpsc::channel();
        let work = Keeper::new(Arc::clone(&shared), loader, watched);
        let keepers = vec![
            spawn("ticker", tick(Arc::clone(&shared), ticks))?,
            spawn("keeper", move || work.run(&messages))?,
        ];
        let runners = runners
            .into_iter()
            .map(spawn_runner)
            .collect::<Result<_, _>>()?;
        let drain = Drain::new(Arc::clone(&shared));
        Ok(Self {
            address,
            shared,
            runners,
            keepers,
            committer,
            ticker,
            keeper,
            stop,
            edge,
            drain,
            _notifications: notifications,
        })
    }

    /// Where the host listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The listener's access and TLS, which can be changed.
    #[must_use]
    pub fn edge(&self) -> Arc<Edge> {
        Arc::clone(&self.edge)
    }

    /// The drain that this host may be asked for.
    #[must_use]
    pub fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// A handle for whoever may tell the host what to do.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared), self.keeper.clone())
    }

    /// Lets every extension finish what it is doing, and ends. What is committed is on disk; what waits in mailboxes and
    /// is durable comes again at the next start.
    pub fn stop(self) {
        // Receivers are only gone when their thread has ended already.
        let _ = self.ticker.send(());
        let _ = self.keeper.send(Message::Stop);
        let _ = self.stop.send(true);
        for slot in self.shared.services.bus.slots() {
            slot.mailbox.put_command(Command::Stop);
        }
        let deadline = Instant::now() + STOP_MAX;
        for thread in self.runners.iter().chain(&self.keepers) {
            leave(thread, deadline);
        }
        self.shared.committer.stop();
        leave(&self.committer, Instant::now() + STOP_MAX);
    }
}

/// Waits for the end of a thread, but not for ever.
fn leave(thread: &JoinHandle<()>, deadline: Instant) {
    const POLL: Duration = Duration::from_millis(5);
    while !thread.is_finished() {
        if Instant::now() >= deadline {
            let name = thread.thread().name().unwrap_or("unnamed");
            warn!("thread `{name}` does not end; it is left behind");
            return;
        }
        std::thread::sleep(POLL);
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, HostError> {
    let failed = |source| HostError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn shared(store: Store, runtime: &Handle) -> Result<Shared, HostError> {
    let http = HttpClient::new(runtime.clone()).map_err(|error| HostError::System {
        what: "set up TLS",
        source: std::io::Error::other(error),
    })?;
    Ok(Shared {
        services: Services {
            bus: Bus::default(),
            store,
            clock: Clock::start(),
            random: Random::from_system(),
        },
        committer: Committer::default(),
        http,
    })
}

/// Loads all plugins, then makes all instances: an event that one emits in `new` finds the others subscribed.
fn start_extensions(
    config: &Config,
    shared: &Arc<Shared>,
    loader: &Loader,
    candidates: &[Candidate],
) -> Result<Vec<Runner>, HostError> {
    let mut plugins = Vec::new();
    for (name, candidate) in config.extensions.iter().zip(candidates) {
        let plugin = loader.load(candidate).map_err(|source| HostError::Plugin {
            name: name.clone(),
            source,
        })?;
        let slot = Arc::new(Slot::new(name));
        shared
            .services
            .bus
            .subscribe(&slot, &plugin.manifest.events);
        give_undelivered(shared, &slot)?;
        plugins.push((slot, plugin));
    }
    let start = |(slot, plugin)| start_extension(config, shared, &slot, plugin);
    plugins.into_iter().map(start).collect()
}

fn start_extension(
    config: &Config,
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    plugin: Plugin,
) -> Result<Runner, HostError> {
    let version = plugin.manifest.version.clone();
    let hash = plugin.hash.clone();
    let settings = serde_json::to_vec(&config.settings(&slot.name));
    let runner = settings
        .map_err(|error| error.to_string())
        .and_then(|settings| {
            slot.seat(&plugin);
            Runner::new(Arc::clone(shared), Arc::clone(slot), settings, plugin)
        })
        .map_err(|reason| HostError::Plugin {
            name: slot.name.clone(),
            source: PluginError::New {
                version: version.clone(),
                reason,
            },
        })?;
    info!(
        extension = slot.name,
        version,
        hash = short_hash(&hash),
        "extension loaded"
    );
    Ok(runner)
}

/// Puts the durable events that were not handled when the last process ended before all that comes.
fn give_undelivered(shared: &Shared, slot: &Slot) -> Result<(), HostError> {
    let undelivered = shared.services.store.undelivered(&slot.name)?;
    if !undelivered.is_empty() {
        info!(
            extension = slot.name,
            "{} events of the last run are given again",
            undelivered.len()
        );
    }
    let deliveries = undelivered.into_iter().map(|event| Delivery {
        event: Arc::new(Event {
            sequence: 0,
            name: event.name.as_str().into(),
            payload: event.payload.as_slice().into(),
            outbox_id: Some(event.outbox_id),
            latest: false,
        }),
        redelivered: true,
    });
    slot.mailbox.put_events_first(deliveries.collect());
    Ok(())
}

fn watch_candidate((slot, candidate): (Arc<Slot>, Candidate)) -> Watched {
    Watched {
        slot,
        seen: Signature::of(&candidate.path),
        path: candidate.path,
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, HostError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(HostError::system("start a thread"))
}

fn spawn_runner(runner: Runner) -> Result<JoinHandle<()>, HostError> {
    let name = runner.name().to_owned();
    spawn(&name, move || runner.run())
}

/// Publishes `update` and watches over handlers, until a message comes.
fn tick(shared: Arc<Shared>, stop: mpsc::Receiver<()>) -> impl FnOnce() + Send {
    move || {
        let bus = &shared.services.bus;
        let mut next = Instant::now();
        loop {
            if Instant::now() >= next {
                // Only the latest tick waits, so there is always room.
                let _ = bus.tell(UPDATE, b"{}", Kind::Latest);
                next += UPDATE_EVERY;
            }
            watchdog::look(&bus.slots());
            let wait = watchdog::LOOK_EVERY.min(next.saturating_duration_since(Instant::now()));
            if stop.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }
}
