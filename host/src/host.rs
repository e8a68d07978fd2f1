//! Assembles a host from a config, and ends it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch::Sender as StopSender;

use crate::config::Config;
use crate::control::{Control, Parts, admin, operator};
use crate::error::HostError;
use crate::http::client::HttpClient;
use crate::http::metrics::Metrics;
use crate::http::settings::{self, ListenerSettings};
use crate::http::ws::client::WsClient;
use crate::http::ws::recorded::RecordedSockets;
use crate::http::{listener, server};
use crate::lifecycle::drain::Drain;
use crate::lifecycle::health::Health;
use crate::lifecycle::reconfigure::FixedConfig;
use crate::lifecycle::recording::Recording;
use crate::lifecycle::reload::Watched;
use crate::lifecycle::supervisor::{Message, Supervisor};
use crate::lifecycle::watch::{FolderWatch, Settling};
use crate::lifecycle::{history, plugin_files, start, ticker};
use crate::plugin::{Loader, PluginFile};
use crate::runtime::clock::{Clock, Random};
use crate::runtime::command::Command;
use crate::runtime::extension::Extension;
use crate::runtime::runner::Runner;
use crate::runtime::shared::Shared;
use crate::runtime::sockets::SocketDriver;
use crate::store::{self, Store};
use crate::threads::Threads;

/// When the host stops, threads of extensions whose handler has not returned after this time are left behind.
pub(crate) const STOP_MAX: Duration = Duration::from_secs(5);

/// A running host.
pub struct Host {
    control: Control,
    address: SocketAddr,
    shared: Arc<Shared>,
    drain: Drain,
    committer: Threads,
    timers: Threads,
    sockets: WsClient,
    /// Supervisor and ticker, which change what runs.
    supervisor_threads: Threads,
    supervisor: mpsc::Sender<Message>,
    ticker: mpsc::Sender<()>,
    history: mpsc::Sender<()>,
    recording: Arc<Recording>,
    recording_thread: Threads,
    stop_listener: StopSender<bool>,
}

impl Host {
    /// Loads the extensions and starts all threads. `probe_program` is the program that tries plugin files (`tig-host`
    /// itself); `runtime` serves HTTP.
    ///
    /// Nothing is changed before all files are read and checked and the port is taken.
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

    /// Starts a host that changes nothing: its store is in memory, it sends only requests that read, and opens no websocket.
    /// Also returns its client. Folders and keys of `config` must be throwaway ones.
    ///
    /// # Errors
    ///
    /// See [`HostError`].
    pub(crate) fn observe(
        config: &Config,
        probe_program: &Path,
        runtime: Handle,
    ) -> Result<(Self, HttpClient), HostError> {
        let http = HttpClient::observing(runtime.clone(), &config.trust).map_err(no_tls)?;
        let sources = (Clock::start(), Random::from_system());
        let observing = Some(http.clone());
        let host = Self::start_reaching(config, probe_program, runtime, sources, observing)?;
        Ok((host, http))
    }

    /// Like [`Host::start`], with the clock and the random numbers of a test. Under a virtual clock only
    /// [`Control::publish`] publishes `update`.
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
        Self::start_reaching(config, probe_program, runtime, sources, None)
    }

    /// With a client that observes, the host changes nothing outside of this process.
    fn start_reaching(
        config: &Config,
        probe_program: &Path,
        runtime: Handle,
        sources: (Clock, Random),
        observing: Option<HttpClient>,
    ) -> Result<Self, HostError> {
        let (config, candidates) = plugin_files::admitted(config)?;
        let config = &config;
        let socket = listen(config.listen)?;
        let address = socket
            .local_addr()
            .map_err(HostError::system("read the port"))?;
        let is_observing = observing.is_some();
        let (shared, clients) = share(config, &runtime, sources, observing)?;
        let (http, sockets) = clients.clone();
        let loader = Loader::new(
            config.plugin_cache_folder.clone(),
            Some(probe_program.to_owned()),
        );
        let recording = begin_recording(config, &shared, is_observing)?;
        let committer = start_committer(&shared)?;
        let timers = start_timers(&shared).inspect_err(|_| shared.committer.stop())?;
        let runners = start::load(config, &loader, &candidates)
            .and_then(|plugins| start::start(config, &shared, plugins))
            .inspect_err(|_| {
                shared.services.timers.stop();
                shared.committer.stop();
            })?;
        let listener_settings = Arc::new(ListenerSettings::new(config, clients));
        let supervisor_threads = Threads::default();
        let configured = (config, candidates, &listener_settings, &recording);
        let supervisor = start_supervisor(&supervisor_threads, &shared, loader, configured)?;
        let drain = Drain::new(Arc::clone(&shared));
        let health = Health::new(&shared, drain.clone(), config.backup_folder.clone());
        let ticker = start_ticker(&supervisor_threads, &shared, health)?;
        start_runners(&shared, runners)?;
        let recording_thread = start_recording(&recording)?;
        let history = history::open(&config.backup_folder, &shared, is_observing);
        let store_file = config.backup_folder.join(store::FILE_NAME);
        let metrics = Metrics::new(Arc::clone(&shared), http, store_file, Arc::clone(&history));
        let metrics = Arc::new(metrics);
        let control = Control::new(Parts {
            shared: Arc::clone(&shared),
            supervisor: supervisor.clone(),
            drain: drain.clone(),
            listener_settings: Arc::clone(&listener_settings),
            history: Arc::clone(&history),
            metrics: Arc::clone(&metrics),
            address,
        });
        let stop_listener = start_listener(
            socket,
            (&control, &shared, Arc::clone(&metrics)),
            &listener_settings,
            &runtime,
        )?;
        let sampler = history::start(&supervisor_threads, &history, &metrics, &shared)?;
        Ok(Self {
            control,
            address,
            shared,
            drain,
            committer,
            timers,
            sockets,
            supervisor_threads,
            supervisor,
            ticker,
            history: sampler,
            recording,
            recording_thread,
            stop_listener,
        })
    }

    /// Address of the listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The drain of this host, which signals may request.
    #[must_use]
    pub(crate) fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// A handle for signals, the admin socket and tests.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Lets every extension finish its handler, and ends the host. What was committed is on disk; durable events in
    /// mailboxes are redelivered at the next start.
    pub fn stop(self) {
        // A send fails only if the thread has ended already.
        let _ = self.ticker.send(());
        let _ = self.history.send(());
        let _ = self.supervisor.send(Message::Stop);
        let _ = self.stop_listener.send(true);
        for extension in self.shared.services.bus.extensions() {
            // Its thread is waited for below.
            extension
                .mailbox
                .put_command(Command::Stop(mpsc::channel().0));
        }
        let deadline = Instant::now() + STOP_MAX;
        self.shared.threads.leave(deadline);
        // After the last handlers.
        self.recording.stop();
        self.recording_thread.leave(deadline);
        self.supervisor_threads.leave(deadline);
        self.shared.services.timers.stop();
        self.timers.leave(deadline);
        // The committer stops last: transactions of the last handlers may still be in flight.
        self.shared.committer.stop();
        self.committer.leave(Instant::now() + STOP_MAX);
        // After the effects of the last handlers: their frames go before the close.
        self.sockets.stop();
    }
}

fn start_committer(shared: &Arc<Shared>) -> Result<Threads, HostError> {
    let threads = Threads::default();
    let work = Arc::clone(shared);
    threads
        .spawn("committer", move || work.committer.run(&work.services))
        .map_err(HostError::thread)?;
    Ok(threads)
}

fn start_timers(shared: &Arc<Shared>) -> Result<Threads, HostError> {
    let threads = Threads::default();
    let work = Arc::clone(shared);
    threads
        .spawn("timers", move || {
            work.services.timers.run(&work.services.clock);
        })
        .map_err(HostError::thread)?;
    Ok(threads)
}

/// Before any extension: its first call is recorded. Without room for a recording the host goes on as one that runs does, since
/// a service manager would not start it again.
fn begin_recording(
    config: &Config,
    shared: &Arc<Shared>,
    is_observing: bool,
) -> Result<Arc<Recording>, HostError> {
    let admin_file = config.backup_folder.join(admin::FILE_NAME);
    let recording = Recording::new(shared, vec![admin_file]);
    if !is_observing {
        match recording.apply(config) {
            Err(error) if error.is_of_recording_disk() => {
                let recorder = &shared.services.recorder;
                recorder.fail_to_begin(error.to_string());
            }
            applied => applied?,
        }
    }
    Ok(recording)
}

fn start_recording(recording: &Arc<Recording>) -> Result<Threads, HostError> {
    let threads = Threads::default();
    let work = Arc::clone(recording);
    threads
        .spawn("recording", move || work.run())
        .map_err(HostError::thread)?;
    Ok(threads)
}

/// Serves HTTP until the returned sender is used.
fn start_listener(
    socket: TcpListener,
    (control, shared, metrics): (&Control, &Arc<Shared>, Arc<Metrics>),
    listener_settings: &Arc<ListenerSettings>,
    runtime: &Handle,
) -> Result<StopSender<bool>, HostError> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let listener = {
        let _guard = runtime.enter();
        tokio::net::TcpListener::from_std(socket).map_err(HostError::system("listen"))?
    };
    let api = operator::router(control.clone());
    let app = server::app(Arc::clone(shared), metrics, listener_settings.access(), api);
    runtime.spawn(settings::renew_certificate(
        Arc::clone(listener_settings),
        stopped.clone(),
    ));
    runtime.spawn(listener::serve(
        listener,
        listener_settings.tls(),
        app,
        stopped,
    ));
    Ok(stop)
}

fn start_supervisor(
    threads: &Threads,
    shared: &Arc<Shared>,
    loader: Loader,
    (config, candidates, listener_settings, recording): (
        &Config,
        Vec<PluginFile>,
        &Arc<ListenerSettings>,
        &Arc<Recording>,
    ),
) -> Result<mpsc::Sender<Message>, HostError> {
    let (sender, messages) = mpsc::channel();
    let changed = sender.clone();
    let folder = FolderWatch::open(&config.plugin_folder, loader.writers(), move || {
        // A send fails only if the host has stopped.
        let _ = changed.send(Message::Changed);
    });
    let work = Supervisor {
        shared: Arc::clone(shared),
        loader,
        fixed: FixedConfig::from_config(config),
        config_file: (config.path.clone(), config.overrides.clone()),
        listener_settings: Arc::clone(listener_settings),
        recording: Arc::clone(recording),
        folder,
        watched: watched(config, shared, candidates),
    };
    threads
        .spawn("supervisor", move || work.run(&messages))
        .map_err(HostError::thread)?;
    Ok(sender)
}

fn start_ticker(
    threads: &Threads,
    shared: &Arc<Shared>,
    health: Health,
) -> Result<mpsc::Sender<()>, HostError> {
    let (sender, stop) = mpsc::channel();
    let work = Arc::clone(shared);
    threads
        .spawn("ticker", move || ticker::run(&work, health, &stop))
        .map_err(HostError::thread)?;
    Ok(sender)
}

fn start_runners(shared: &Shared, runners: Vec<Runner>) -> Result<(), HostError> {
    for runner in runners {
        let name = runner.name().to_owned();
        let spawned = shared.threads.spawn(&name, move || runner.run());
        spawned.map_err(HostError::thread)?;
    }
    Ok(())
}

fn listen(address: SocketAddr) -> Result<TcpListener, HostError> {
    let failed = |source| HostError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// Opens the store and sets up the clients of the network.
fn share(
    config: &Config,
    runtime: &Handle,
    sources: (Clock, Random),
    observing: Option<HttpClient>,
) -> Result<(Arc<Shared>, (HttpClient, WsClient)), HostError> {
    let is_observing = observing.is_some();
    let (store, http) = match observing {
        Some(http) => (Store::in_memory()?, http),
        None => (
            Store::open(&config.backup_folder, &config.identity)?,
            HttpClient::new(runtime.clone(), &config.trust).map_err(no_tls)?,
        ),
    };
    let sockets = WsClient::start(runtime.clone(), &config.trust, sources.0.clone());
    let sockets = sockets.map_err(HostError::thread)?;
    let driver: Arc<dyn SocketDriver> = match is_observing {
        true => Arc::<RecordedSockets>::default(),
        false => Arc::new(sockets.clone()),
    };
    let drivers = (Arc::new(http.clone()) as _, driver);
    let shared = Shared::new(store, drivers, config.keys.clone(), sources);
    Ok((Arc::new(shared), (http, sockets)))
}

fn no_tls(error: reqwest::Error) -> HostError {
    HostError::System {
        what: "set up TLS",
        source: std::io::Error::other(error),
    }
}

fn watched(config: &Config, shared: &Shared, candidates: Vec<PluginFile>) -> Vec<Watched> {
    let extensions = shared.services.bus.extensions();
    let watch = |(extension, candidate): (Arc<Extension>, PluginFile)| Watched {
        settings: start::settings(config, &extension.name),
        extension,
        seen: candidate.signature,
        settling: Settling::default(),
        path: candidate.path,
    };
    extensions.into_iter().zip(candidates).map(watch).collect()
}
