//! One extension in the host: all that outlives its instances and versions.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tig_plugin_api::{Manifest, Route};

use crate::config::own_settings;
use crate::observe::handler_times::HandlerTimes;
use crate::observe::meters::Meters;
use crate::observe::own_conditions::{FAILING_WINDOW, FAILURES_COUNT_MIN};
use crate::observe::shadow_status::ShadowStatusHandle;
use crate::observe::status::{ExtensionStatus, State};
use crate::observe::watchdog::Activity;
use crate::plugin::{Plugin, PluginFile};
use crate::runtime::conditions::Conditions;
use crate::runtime::fence::Fence;
use crate::runtime::long_messages::{LongMessages, Reading};
use crate::runtime::long_poll::ParkedRequests;
use crate::runtime::mailbox::Mailbox;
use crate::runtime::probation::{Installed, Probation};
use crate::runtime::sockets::SocketOwner;

pub(crate) struct Extension {
    /// Name of the extension in the config.
    pub name: String,
    /// Items and commands that wait for it.
    pub mailbox: Arc<Mailbox>,
    activity: Mutex<Arc<Activity>>,
    /// Its runner's epoch, and its transactions in flight.
    pub fence: Fence,
    /// Owner of its websocket connections.
    pub sockets: SocketOwner,
    /// Memory for long bodies of requests to its routes.
    pub long_bodies: LongMessages,
    /// Bytes of its other bodies that are being read.
    pub reading: Reading,
    /// Number of its HTTP requests that are sent and not answered.
    pub calls_in_flight: Arc<AtomicUsize>,
    /// Number of its HTTP requests that wait until their transaction is on disk.
    calls_due: AtomicUsize,
    parked: Mutex<ParkedRequests>,
    probation: Mutex<Option<Probation>>,
    /// Whether `probation` holds one, for checks that must not wait for its lock: each handler makes one.
    is_on_probation: AtomicBool,
    /// Number of handled events, responses and requests.
    pub handled: AtomicU64,
    /// Number of those that failed.
    failed: AtomicU64,
    /// Number of random numbers that it has drawn.
    pub drawn: AtomicU64,
    /// Its metrics, and how much work it has not finished.
    pub meters: Meters,
    /// How long its handlers take.
    pub handler_times: HandlerTimes,
    /// What it has reported of its state.
    pub conditions: Conditions,
    /// Number of restarts after a panic.
    pub restarts: AtomicU64,
    /// Number of instances restored from storage after a handler had asked for effects and failed.
    pub restores: AtomicU64,
    /// The bus has removed it, and takes it back no more.
    pub is_removed: AtomicBool,
    present: Mutex<Present>,
}

/// What runs now.
#[derive(Default)]
struct Present {
    manifest: Option<Arc<Manifest>>,
    version: String,
    hash: String,
    state: State,
    settings: Option<Arc<[u8]>>,
    routes: Vec<Route>,
    /// Number of versions that were installed.
    installs: u64,
    last_switch: Option<Duration>,
    /// Hashes of the mapped files.
    mapped: BTreeSet<String>,
    code_bytes: u64,
    last_failure: Option<String>,
    shadow: Option<Shadow>,
    rejected: Option<String>,
    /// As `rejected`, until a version takes over or the file is that of the running one again.
    rejection: Option<String>,
    /// The version that was rolled back last, until another takes over.
    rolled_back: Option<RolledBack>,
    /// When the last failures were.
    failures: VecDeque<Instant>,
}

/// A version that was rolled back after it had taken over.
struct RolledBack {
    version: Installed,
    reason: String,
}

/// What is wrong with an extension.
pub(crate) struct Troubles {
    /// The last failure: the handled item, and the reason.
    pub last_failure: Option<String>,
    /// Whether there were several of late.
    pub is_failing: bool,
    /// The version that was rejected and is still offered, and the reason.
    pub rejected: Option<String>,
}

/// A shadow of the running version.
#[derive(Clone)]
pub(crate) struct Shadow {
    /// How it compares.
    pub status: ShadowStatusHandle,
    /// Its file as it was read.
    pub candidate: Arc<PluginFile>,
}

impl Shadow {
    /// Why the shadow has ended, if it has.
    #[must_use]
    pub(crate) fn ended(&self) -> Option<String> {
        self.status.get().ended
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Extension({})", self.name)
    }
}

impl Extension {
    /// Extension `name`, without an instance.
    #[must_use]
    pub(crate) fn new(name: &str) -> Self {
        let mailbox = Arc::<Mailbox>::default();
        let sockets = SocketOwner {
            name: name.into(),
            mailbox: Arc::clone(&mailbox),
            tags: Arc::default(),
            frames: Arc::default(),
            long_messages: LongMessages::default(),
        };
        Self {
            name: name.to_owned(),
            mailbox,
            sockets,
            long_bodies: LongMessages::default(),
            reading: Reading::default(),
            activity: Mutex::default(),
            fence: Fence::default(),
            calls_in_flight: Arc::default(),
            calls_due: AtomicUsize::new(0),
            parked: Mutex::default(),
            probation: Mutex::default(),
            is_on_probation: AtomicBool::new(false),
            handled: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
            meters: Meters::default(),
            handler_times: HandlerTimes::default(),
            conditions: Conditions::new(name),
            restarts: AtomicU64::new(0),
            restores: AtomicU64::new(0),
            is_removed: AtomicBool::new(false),
            present: Mutex::default(),
        }
    }

    /// What its present runner is doing.
    #[must_use]
    pub(crate) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&lock(&self.activity))
    }

    /// Begins the epoch of another runner; the watchdog forgets the handler of the earlier one.
    #[must_use]
    pub(crate) fn begin_epoch(&self) -> (u64, Arc<Activity>) {
        let activity = Arc::<Activity>::default();
        // The stuck handler keeps its own activity, so that its end does not look like that of a new one.
        *lock(&self.activity) = Arc::clone(&activity);
        (self.fence.begin_epoch(), activity)
    }

    /// The probation, if the running version is on one.
    pub(crate) fn probation(&self) -> Option<MutexGuard<'_, Option<Probation>>> {
        // Most handlers run without a probation: one load decides, not a lock.
        let there = self.is_on_probation.load(Ordering::Acquire);
        there.then(|| lock(&self.probation))
    }

    /// Begins a probation.
    pub(crate) fn begin_probation(&self, probation: Probation) {
        // Stored before the flag: a handler that sees the flag finds the probation.
        *lock(&self.probation) = Some(probation);
        self.is_on_probation.store(true, Ordering::Release);
    }

    /// Ends the probation that began in `epoch`, if it is still there.
    pub(crate) fn end_probation(&self, epoch: u64) -> Option<Probation> {
        let mut probation = lock(&self.probation);
        // A probation of a later epoch belongs to the runner that has replaced this one.
        let ended = probation.take_if(|probation| probation.epoch == epoch)?;
        self.is_on_probation.store(false, Ordering::Release);
        Some(ended)
    }

    /// Gives up on a runner whose new version is on probation, and begins the epoch of the runner that goes on with the old
    /// version; `None` if no version is on probation.
    pub(crate) fn give_up(&self) -> Option<(Probation, u64, Arc<Activity>)> {
        // The lock is held until the epoch has begun: else the runner could end its probation in between.
        let mut probation = lock(&self.probation);
        let ended = probation.take()?;
        self.is_on_probation.store(false, Ordering::Release);
        let (epoch, activity) = self.begin_epoch();
        Some((ended, epoch, activity))
    }

    /// Sets the shadow of the running version, and returns the one before.
    pub(crate) fn set_shadow(&self, shadow: Option<Shadow>) -> Option<Shadow> {
        std::mem::replace(&mut self.lock().shadow, shadow)
    }

    /// The shadow of the running version.
    #[must_use]
    pub(crate) fn shadow(&self) -> Option<Shadow> {
        self.lock().shadow.clone()
    }

    /// Records why a new version was rejected. `version` is `None` if the file does not say it.
    pub(crate) fn reject(&self, version: Option<&str>, reason: &str) {
        let rejected = match version {
            Some(version) => format!("{version}: {reason}"),
            None => reason.to_owned(),
        };
        let mut present = self.lock();
        present.rejection = Some(rejected.clone());
        present.rejected = Some(rejected);
    }

    /// Records that the file or the settings that were rejected are offered no more: when they are again, they are tried again.
    pub(crate) fn end_rejection(&self) {
        let mut present = self.lock();
        (present.rejection, present.rolled_back) = (None, None);
    }

    /// Records that a version was rolled back after it had taken over.
    pub(crate) fn record_rollback(&self, version: Installed, reason: String) {
        self.lock().rolled_back = Some(RolledBack { version, reason });
    }

    /// Why the version with this hash was rolled back, if it was, and had the same settings. `None` for a stopped extension, which has
    /// nothing better to run.
    #[must_use]
    pub(crate) fn rolled_back(&self, hash: &str, settings: &[u8]) -> Option<String> {
        // Cloned out of the lock: comparing may parse both.
        let (before, reason) = {
            let present = self.lock();
            let last = present.rolled_back.as_ref()?;
            let counts = last.version.hash == hash && present.state != State::Stopped;
            counts.then(|| (Arc::clone(&last.version.settings), last.reason.clone()))?
        };
        (!self.settings_differ(&before, settings)).then_some(reason)
    }

    /// What is wrong with it `now`.
    #[must_use]
    pub(crate) fn troubles(&self, now: Instant) -> Troubles {
        let present = self.lock();
        let is_recent = |at: &&Instant| now.saturating_duration_since(**at) < FAILING_WINDOW;
        let recent = present.failures.iter().filter(is_recent).count();
        Troubles {
            last_failure: present.last_failure.clone(),
            is_failing: recent >= FAILURES_COUNT_MIN,
            rejected: present.rejection.clone(),
        }
    }

    /// Installs an instance of `plugin` that was created with `settings`.
    pub(crate) fn install(&self, plugin: &Plugin, settings: &Arc<[u8]>) {
        self.conditions.start();
        let mut present = self.lock();
        present.settings = Some(Arc::clone(settings));
        present.manifest = Some(Arc::clone(&plugin.manifest));
        present.version.clone_from(&plugin.manifest.version);
        present.hash.clone_from(&plugin.hash);
        present.state = State::Running;
        present.installs += 1;
        present.rejection = None;
        present.rolled_back = None;
        // A file that is installed again is mapped once.
        if present.mapped.insert(plugin.hash.clone()) {
            present.code_bytes += plugin.code_bytes;
        }
        present.routes = plugin
            .manifest
            .routes
            .iter()
            .filter_map(|route| Route::parse(route))
            .collect();
    }

    /// Records how long the last switch of versions took.
    pub(crate) fn switched(&self, time: Duration) {
        self.lock().last_switch = Some(time);
    }

    /// Number of HTTP requests that are due or in flight.
    #[must_use]
    pub(crate) fn calls(&self) -> usize {
        self.calls_due.load(Ordering::Relaxed) + self.calls_in_flight.load(Ordering::Relaxed)
    }

    /// Counts requests that will be sent when their transaction is on disk.
    pub(crate) fn begin_calls_due(&self, count: usize) {
        self.calls_due.fetch_add(count, Ordering::Relaxed);
    }

    /// Ends the wait of one of them: it was sent, or will not be.
    pub(crate) fn end_call_due(&self) {
        self.calls_due.fetch_sub(1, Ordering::Relaxed);
    }

    /// Requests whose replies it holds back.
    pub(crate) fn parked(&self) -> MutexGuard<'_, ParkedRequests> {
        lock(&self.parked)
    }

    /// Manifest of the running version.
    #[must_use]
    pub(crate) fn manifest(&self) -> Option<Arc<Manifest>> {
        self.lock().manifest.clone()
    }

    /// The running version.
    #[must_use]
    pub(crate) fn version(&self) -> String {
        self.lock().version.clone()
    }

    /// Whether `settings` differ, in the part of this extension, from those of the running instance.
    #[must_use]
    pub(crate) fn is_changed_by(&self, settings: &[u8]) -> bool {
        // Cloned out of the lock: comparing may parse both.
        let present = self.lock().settings.clone().unwrap_or_default();
        self.settings_differ(&present, settings)
    }

    /// Whether two settings differ in the part of this extension.
    fn settings_differ(&self, one: &[u8], other: &[u8]) -> bool {
        one != other && own_settings(one, &self.name) != own_settings(other, &self.name)
    }

    /// Hash of the running file.
    #[must_use]
    pub(crate) fn hash(&self) -> String {
        self.lock().hash.clone()
    }

    /// Whether it handles events.
    #[must_use]
    pub(crate) fn state(&self) -> State {
        self.lock().state
    }

    /// Sets whether it handles events.
    pub(crate) fn set_state(&self, state: State) {
        self.lock().state = state;
    }

    /// Routes of the running version.
    #[must_use]
    pub(crate) fn routes(&self) -> Vec<Route> {
        self.lock().routes.clone()
    }

    /// Whether the running version has a route for the request.
    #[must_use]
    pub(crate) fn has_route(&self, method: &str, path: &str) -> bool {
        let present = self.lock();
        present
            .routes
            .iter()
            .any(|route| route.matches(method, path))
    }

    /// Counts a failed handler; `reason` begins with the handled item.
    pub(crate) fn count_failure(&self, reason: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut present = self.lock();
        present.last_failure = Some(reason);
        present.failures.push_back(Instant::now());
        if present.failures.len() > FAILURES_COUNT_MIN {
            present.failures.pop_front();
        }
    }

    /// The status for the operator.
    #[must_use]
    pub(crate) fn status(&self) -> ExtensionStatus {
        // Taken before the lock of `present`, which handlers need too: it is held for copies only.
        let waiting = self.mailbox.len();
        let busy = self.activity().overdue();
        let (conditions, handlers) = (self.conditions.get(), self.handler_times.get());
        let present = self.lock();
        ExtensionStatus {
            name: self.name.clone(),
            version: present.version.clone(),
            hash: present.hash.clone(),
            api_version: present
                .manifest
                .as_ref()
                .map_or(0, |manifest| manifest.api_version),
            state: present.state,
            reloads: present.installs.saturating_sub(1),
            last_switch_us: present
                .last_switch
                .map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            code_bytes: present.code_bytes,
            waiting,
            handled: self.handled.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            last_failure: present.last_failure.clone(),
            rejected: present.rejected.clone(),
            shadow: present.shadow.as_ref().map(|shadow| shadow.status.get()),
            restarts: self.restarts.load(Ordering::Relaxed),
            restores: self.restores.load(Ordering::Relaxed),
            unfinished: self.meters.unfinished(),
            connections: self.sockets.tags.count(),
            frames_received: self.sockets.frames.received.load(Ordering::Relaxed),
            frames_sent: self.sockets.frames.sent.load(Ordering::Relaxed),
            handlers,
            busy,
            conditions,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        lock(&self.present)
    }
}

/// No code panics while it holds one of the locks, so poisoned contents are still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
