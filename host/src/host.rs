//! Puts the parts together: from a config to a running host, and back to silence.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use notify::RecommendedWatcher;
use tokio::{runtime::Handle, sync::watch::Sender as StopSender};

use crate::{
    config::Config,
    control::control::Control,
    error::HostError,
    http::{client::HttpClient, listener, server, settings::Edge},
    lifecycle::{
        drain::Drain,
        plugin_files,
        reconfigure::Fixed,
        reload::Watched,
        start,
        supervisor::{Keeper, Message},
        ticker,
        watch::{self, Signature},
    },
    observe::prometheus::Metrics,
    plugin::{Candidate, Loader},
    runtime::{
        clock::{Clock, Random},
        extension::Slot,
        mailbox::Command,
        runner::Shared,
    },
    store::{self, Store},
    threads::Threads,
};

/// Handlers that have not returned by then are left behind when the host stops.
pub const STOP_MAX: Duration = Duration::from_secs(5);

/// Folder of the copies of plugin files, under the backup folder.
pub const CACHE_FOLDER: &str = "plugin-cache";

/// A running host.
pub struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Threads of the host itself.
    keepers: Threads,
    committer: Threads,
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
        let sources = (Clock::start(), Random::from_system());
        Self::start_with(config, probe_program, runtime, sources)
    }

    /// Like [`Host::start`], with time and randomness that a test has in its hands. Under a virtual clock nobody publishes
    /// `update` but [`Control::publish`].
    ///
    /// # Errors
    ///
    /// See [`HostError`].
    pub fn start_with(
        config: &Config,
        probe_program: &Path,
        runtime: Handle,
        sources: (Clock, Random),
    ) -> Result<Self, HostError> {
        let candidates = plugin_files::admitted(config)?;
        let listener = listen(config.listen)?;
        let address = listener
            .local_addr()
            .map_err(HostError::system("read the port"))?;
        let store = Store::open(&config.backup_folder, &config.player_id, &config.api_url)?;
        let shared = Arc::new(shared(store, &runtime, sources)?);
        let loader = Loader {
            cache_folder: config.backup_folder.join(CACHE_FOLDER),
            probe_program: Some(probe_program.to_owned()),
        };
        let (keepers, committer) = (Threads::default(), Threads::default());
        let no_thread = HostError::system("start a thread");
        let work = Arc::clone(&shared);
        committer
            .spawn("committer", move || work.committer.run(&work))
            .map_err(&no_thread)?;
        let runners = start::load(config, &loader, &candidates)
            .and_then(|plugins| start::start(config, &shared, plugins))
            .inspect_err(|_| shared.committer.stop())?;

        let (stop, stopped) = tokio::sync::watch::channel(false);
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(HostError::system("listen"))?
        };
        let edge = Arc::new(Edge::new(config, shared.http.clone()));
        let store_file = config.backup_folder.join(store::FILE_NAME);
        let metrics = Metrics::new(Arc::clone(&shared), store_file);
        let app = server::app(Arc::clone(&shared), metrics, edge.access());
        runtime.spawn(listener::serve(listener, edge.tls(), app, stopped));

        let watched = watched(config, &shared, candidates)?;
        let (keeper, messages) = mpsc::channel();
        let changed = keeper.clone();
        let notifications = watch::notifications(&config.plugin_folder, move || {
            // The receiver is gone when the host stops.
            let _ = changed.send(Message::Changed);
        });
        let (ticker, ticks) = mpsc::channel();
        let work = Keeper::new(Arc::clone(&shared), loader, Fixed::of(config), watched);
        keepers
            .spawn("keeper", move || work.run(&messages))
            .map_err(&no_thread)?;
        let work = Arc::clone(&shared);
        keepers
            .spawn("ticker", move || ticker::run(&work, &ticks))
            .map_err(&no_thread)?;
        for runner in runners {
            let name = runner.name().to_owned();
            let spawned = shared.threads.spawn(&name, move || runner.run());
            spawned.map_err(&no_thread)?;
        }
        let drain = Drain::new(Arc::clone(&shared));
        Ok(Self {
            address,
            shared,
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
        self.shared.threads.leave(deadline);
        self.keepers.leave(deadline);
        self.shared.committer.stop();
        self.committer.leave(Instant::now() + STOP_MAX);
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, HostError> {
    let failed = |source| HostError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn shared(store: Store, runtime: &Handle, sources: (Clock, Random)) -> Result<Shared, HostError> {
    let http = HttpClient::new(runtime.clone()).map_err(|error| HostError::System {
        what: "set up TLS",
        source: std::io::Error::other(error),
    })?;
    Ok(Shared::new(store, http, sources))
}

fn watched(
    config: &Config,
    shared: &Shared,
    candidates: Vec<Candidate>,
) -> Result<Vec<Watched>, HostError> {
    let slots = shared.services.bus.slots();
    let watch = |(slot, candidate): (Arc<Slot>, Candidate)| {
        let settings = start::settings(config, &slot.name)
            .map_err(std::io::Error::other)
            .map_err(HostError::system("write the settings of an extension"))?;
        Ok(Watched {
            slot,
            settings,
            seen: Signature::of(&candidate.path),
            path: candidate.path,
        })
    };
    slots.into_iter().zip(candidates).map(watch).collect()
}
