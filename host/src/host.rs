//! Puts the parts together: from a config to a running host, and back to silence.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, RwLock, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use notify::RecommendedWatcher;
use tokio::{runtime::Handle, sync::watch::Sender as StopSender};
use tracing::{info, warn};

use crate::{
    bus::Bus,
    clock::{Clock, Random},
    config::{Config, plugin_file_name},
    error::{HostError, Suggestion},
    event::{Emitted, Event},
    http_client::HttpClient,
    http_server,
    mailbox::{Control, Delivery},
    plugin::{Candidate, Loader, Plugin, PluginError},
    reload::{Reloader, Watched},
    runner::{Runner, Shared},
    store::Store,
    transaction::Services,
    watch::{self, Signature, Wake},
    watchdog::{self, Activity},
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
    ticker: mpsc::Sender<()>,
    wake: mpsc::Sender<Wake>,
    stop: StopSender<bool>,
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
        let candidates = read_candidates(config)?;
        let listener = listen(config.listen)?;
        let address = listener
            .local_addr()
            .map_err(HostError::system("read the port"))?;
        let store = Store::open(&config.backup_folder, &config.player_id, &config.api_url)?;
        let shared = Arc::new(shared(config, store, &runtime)?);
        let loader = Loader {
            cache_folder: config.backup_folder.join(CACHE_FOLDER),
            probe_program: Some(probe_program.to_owned()),
        };
        let activities: Vec<Arc<Activity>> = candidates.iter().map(|_| Arc::default()).collect();
        let runners = start_extensions(config, &shared, &loader, &candidates, &activities)?;

        let (stop, stopped) = tokio::sync::watch::channel(false);
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(HostError::system("listen"))?
        };
        runtime.spawn(http_server::serve(listener, Arc::clone(&shared), stopped));

        let watched = candidates
            .into_iter()
            .enumerate()
            .map(watch_candidate)
            .collect();
        let reloader = Reloader::new(Arc::clone(&shared), loader, watched);
        let (wake, wakes) = mpsc::channel();
        let notifications = watch::notifications(&config.plugin_folder, wake.clone());
        let (ticker, ticks) = mpsc::channel();
        let keepers = vec![
            spawn("ticker", tick(Arc::clone(&shared), activities, ticks))?,
            spawn("reloader", keep_looking(reloader, wakes))?,
        ];
        let runners = runners
            .into_iter()
            .map(spawn_runner)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            address,
            shared,
            runners,
            keepers,
            ticker,
            wake,
            stop,
            _notifications: notifications,
        })
    }

    /// Where the host listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets every extension finish what it is doing, and ends. What is committed is on disk; what waits in mailboxes and
    /// is durable comes again at the next start.
    pub fn stop(self) {
        // Receivers are only gone when their thread has ended already.
        let _ = self.ticker.send(());
        let _ = self.wake.send(Wake::Stop);
        let _ = self.stop.send(true);
        for index in 0..self.shared.names.len() {
            self.shared.bus.mailbox(index).put_control(Control::Stop);
        }
        let deadline = Instant::now() + STOP_MAX;
        for thread in self.runners.into_iter().chain(self.keepers) {
            if !finished(&thread, deadline) {
                let name = thread.thread().name().unwrap_or("unnamed");
                warn!("thread `{name}` does not end; it is left behind");
            }
        }
    }
}

fn finished(thread: &JoinHandle<()>, deadline: Instant) -> bool {
    const POLL: Duration = Duration::from_millis(5);
    while !thread.is_finished() && Instant::now() < deadline {
        std::thread::sleep(POLL);
    }
    thread.is_finished()
}

fn read_candidates(config: &Config) -> Result<Vec<Candidate>, HostError> {
    let read = |name: &String| {
        Candidate::read(&config.plugin_file(name)).map_err(|error| HostError::Plugin {
            name: name.clone(),
            source: with_suggestion(error, &config.plugin_folder, name),
        })
    };
    config.extensions.iter().map(read).collect()
}

/// Tells what plugins the folder does hold.
fn with_suggestion(error: PluginError, folder: &Path, name: &str) -> PluginError {
    let PluginError::Missing { path, .. } = error else {
        return error;
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = files
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let name = file.strip_prefix("lib")?.strip_suffix(".so")?;
            (plugin_file_name(name) == file).then(|| name.to_owned())
        })
        .collect();
    let suggestion = Suggestion::of(name, names.iter().map(String::as_str));
    let remedy = "; correct `extensions` or `plugin_folder`, or put the file there";
    PluginError::Missing {
        path,
        suggestion: format!("{suggestion}{remedy}"),
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, HostError> {
    let failed = |source| HostError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn shared(config: &Config, store: Store, runtime: &Handle) -> Result<Shared, HostError> {
    let http = HttpClient::new(runtime.clone()).map_err(|error| HostError::System {
        what: "set up TLS",
        source: std::io::Error::other(error),
    })?;
    let count = config.extensions.len();
    Ok(Shared {
        services: Services {
            store,
            clock: Clock::start(),
            random: Random::from_system(),
        },
        bus: Bus::new(count),
        http,
        names: config.extensions.clone(),
        routes: RwLock::new(vec![Vec::new(); count]),
    })
}

/// Loads all plugins, then makes all instances: an event that one emits in `new` finds the others subscribed.
fn start_extensions(
    config: &Config,
    shared: &Arc<Shared>,
    loader: &Loader,
    candidates: &[Candidate],
    activities: &[Arc<Activity>],
) -> Result<Vec<Runner>, HostError> {
    let failed = |index: usize, source| HostError::Plugin {
        name: config.extensions[index].clone(),
        source,
    };
    let mut plugins = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let plugin = loader
            .load(candidate)
            .map_err(|error| failed(index, error))?;
        shared.announce(index, &plugin);
        give_undelivered(shared, index)?;
        plugins.push(plugin);
    }
    let mut runners = Vec::new();
    for (index, plugin) in plugins.into_iter().enumerate() {
        let runner = start_extension(config, shared, index, &plugin, &activities[index]);
        let version = plugin.manifest.version.clone();
        runners.push(runner.map_err(|reason| failed(index, PluginError::New { version, reason }))?);
        info!(
            extension = config.extensions[index],
            version = plugin.manifest.version,
            hash = candidates[index].short_hash(),
            "extension loaded"
        );
    }
    Ok(runners)
}

fn start_extension(
    config: &Config,
    shared: &Arc<Shared>,
    index: usize,
    plugin: &Plugin,
    activity: &Arc<Activity>,
) -> Result<Runner, String> {
    let settings = config.settings(&config.extensions[index]);
    let settings = serde_json::to_vec(&settings).map_err(|error| error.to_string())?;
    Runner::new(
        Arc::clone(shared),
        index,
        settings,
        plugin.clone(),
        Arc::clone(activity),
    )
}

/// Puts the durable events that were not handled when the last process ended before all that comes.
fn give_undelivered(shared: &Shared, index: usize) -> Result<(), HostError> {
    let name = &shared.names[index];
    let undelivered = shared.services.store.undelivered(name)?;
    if !undelivered.is_empty() {
        info!(
            extension = name,
            "{} events of the last run are given again",
            undelivered.len()
        );
    }
    let deliveries = undelivered.into_iter().map(|event| Delivery {
        event: Arc::new(Event {
            sequence: 0,
            name: event.name.as_str().into(),
            payload: event.payload.as_slice().into(),
        }),
        outbox_id: Some(event.outbox_id),
        redelivered: true,
    });
    shared
        .bus
        .mailbox(index)
        .put_events_first(deliveries.collect());
    Ok(())
}

fn watch_candidate((index, candidate): (usize, Candidate)) -> Watched {
    Watched {
        index,
        seen: Signature::of(&candidate.path),
        path: candidate.path,
        version: candidate.manifest.version,
        hash: candidate.hash,
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
fn tick(
    shared: Arc<Shared>,
    activities: Vec<Arc<Activity>>,
    stop: mpsc::Receiver<()>,
) -> impl FnOnce() + Send {
    move || {
        let mut next = Instant::now();
        loop {
            if Instant::now() >= next {
                shared.bus.publish_one(Emitted::update());
                next += UPDATE_EVERY;
            }
            watchdog::look(&shared.names, &activities);
            let wait = watchdog::LOOK_EVERY.min(next.saturating_duration_since(Instant::now()));
            if stop.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    }
}

fn keep_looking(mut reloader: Reloader, wakes: mpsc::Receiver<Wake>) -> impl FnOnce() + Send {
    move || {
        while watch::wait(&wakes) {
            reloader.look();
        }
    }
}
