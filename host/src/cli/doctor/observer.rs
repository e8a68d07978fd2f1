//! A host that only observes, in a process of its own: it runs the extensions of a config for a while and prints what they report.
//!
//! Invariant: nothing outside of the process changes. The store is in memory, other folders are removed at the end, the client
//! sends what reads and nothing else, no websocket is opened, keys are throwaway ones, and the listener takes no token that
//! anybody knows.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tig_plugin_api::{Condition, Method, Secret};
use tig_process::signals::StopFlag;
use tig_process::threads::RuntimeThreads;

use crate::cli::output;
use crate::cli::run;
use crate::config::access::Access;
use crate::config::{Config, Overrides, api_host};
use crate::error::HostError;
use crate::host::Host;
use crate::http::client::HttpClient;
use crate::keys::Keys;
use crate::observe::status::ExtensionStatus;
use crate::plugin;
use crate::runtime::bus::Wanted;
use crate::runtime::event::HOST;

/// Time between two looks at the extensions.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The run ends early when so much time has passed since the first event of an extension and the last change of conditions: more
/// than there is between two `update`s.
const QUIET: Duration = Duration::from_secs(6);

/// The same while there is no event.
const SILENCE: Duration = Duration::from_secs(12);

/// The latest events among which one of an extension is looked for.
const LOOKED_AT_COUNT: usize = 100;

/// Beginning of the line with the result; plugins may print too.
pub(super) const RESULT_PREFIX: &str = "tig-host observed ";

/// What is to be observed.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Order {
    /// The config file.
    pub(super) config: PathBuf,
    /// Longest time.
    pub(super) seconds_max: u64,
}

/// What a run has shown.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Observation {
    /// The extensions with their conditions.
    pub(super) extensions: Vec<ExtensionStatus>,
    /// What was not sent.
    pub(super) withheld: Vec<Withheld>,
    /// Requests with an answer.
    pub(super) answered: u64,
    /// Requests without.
    pub(super) failed: u64,
    /// Whether nothing changed any more at the end.
    pub(super) has_settled: bool,
    /// How long it took.
    pub(super) seconds: u64,
}

/// A request that was not sent.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Withheld {
    pub(super) method: String,
    /// The extension's name for it.
    pub(super) tag: String,
    /// API host. The rest of the URL may be a secret, as of a webhook.
    pub(super) host: String,
}

/// Runs the host that a line on standard input asks for, until it has settled, its time is over, a signal comes, or standard input
/// ends.
///
/// # Errors
///
/// See [`HostError`].
pub(in crate::cli) fn observe() -> Result<ExitCode, HostError> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(HostError::system("read what to observe"))?;
    let wanted: Order = serde_json::from_str(&line)
        .map_err(|error| HostError::system("read what to observe")(io::Error::other(error)))?;
    let stop = stop_flag().map_err(HostError::system("wait for signals"))?;
    let observation = run_host(&wanted, &stop)?;
    // Its parts always have a JSON form.
    let text = serde_json::to_string(&observation).unwrap_or_default();
    output::line(&format!("{RESULT_PREFIX}{text}"));
    Ok(ExitCode::SUCCESS)
}

/// Is set by a signal, or by the end of standard input: the one who waits for the result is gone.
fn stop_flag() -> io::Result<impl Fn() -> bool> {
    let signals = StopFlag::listen()?;
    let is_alone = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&is_alone);
    std::thread::Builder::new()
        .name("parent".to_owned())
        .spawn(move || {
            // Nothing more is expected; an error means the end too.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            set.store(true, Ordering::Relaxed);
        })?;
    Ok(move || signals.reason().is_some() || is_alone.load(Ordering::Relaxed))
}

fn run_host(wanted: &Order, stop: &impl Fn() -> bool) -> Result<Observation, HostError> {
    let config = Config::load(&wanted.config, Overrides::default())?;
    // On the file system of the host's copies, whose mount options decide whether code can be loaded.
    let beside = plugin::existing_folder(&config.plugin_cache_folder);
    let folder = tempfile::Builder::new()
        .prefix(".tig-host-doctor-")
        .tempdir_in(beside)
        .or_else(|_| tempfile::tempdir())
        .map_err(HostError::system("make a folder for a trial run"))?;
    let config = harmless(config, folder.path())?;
    let program =
        std::env::current_exe().map_err(HostError::system("find its own program file"))?;
    let runtime = RuntimeThreads { io: 1, blocking: 2 };
    let runtime =
        runtime.start_beside(run::threads_needed(config.extensions.len()), "a trial run")?;
    let (host, client) = Host::observe(&config, &program, runtime.handle().clone())?;
    let time_max = Duration::from_secs(wanted.seconds_max);
    let observation = watch(&host, &client, time_max, stop);
    host.stop();
    Ok(observation)
}

/// The config without anything that a trial run could change or use up.
fn harmless(config: Config, folder: &Path) -> Result<Config, HostError> {
    let mut token = [0; 32];
    getrandom::fill(&mut token)
        .map_err(|error| HostError::system("draw random bytes")(io::Error::other(error)))?;
    let token = Secret::new(hex::encode(token));
    Ok(Config {
        keys: Keys::throwaway(config.keys.users()),
        backup_folder: folder.join("backup"),
        plugin_cache_folder: folder.join("plugin-cache"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        access: Access::new(Some(&token), Vec::new(), Vec::new()),
        tls: None,
        warnings: Vec::new(),
        ..config
    })
}

/// What decides whether something has changed.
type Seen = BTreeMap<String, Vec<Condition>>;

fn watch(
    host: &Host,
    client: &HttpClient,
    time_max: Duration,
    stop: &impl Fn() -> bool,
) -> Observation {
    let control = host.control();
    let begun = Instant::now();
    let mut settling = Settling::new(begun);
    let has_settled = loop {
        let extensions = control.extensions();
        let seen = extensions.into_iter().map(|extension| {
            let standing = extension.conditions.into_iter();
            (extension.name, standing.map(|it| it.condition).collect())
        });
        let now = Instant::now();
        let recent = control.recent(&Wanted {
            count: LOOKED_AT_COUNT,
            ..Wanted::default()
        });
        let has_event = recent.events.iter().any(|event| &*event.emitter != HOST);
        settling.look(now, seen.collect(), has_event);
        if client.in_flight() == 0 && settling.is_over(now) {
            break true;
        }
        if begun.elapsed() >= time_max || stop() {
            break false;
        }
        std::thread::sleep(LOOK_INTERVAL);
    };
    let counts = client.counts();
    Observation {
        extensions: control.extensions(),
        withheld: client.withheld().iter().map(withheld).collect(),
        answered: counts[0].1,
        failed: counts[1].1 + counts[2].1,
        has_settled,
        seconds: begun.elapsed().as_secs(),
    }
}

fn withheld(call: &tig_plugin_api::HttpCall) -> Withheld {
    let method = match call.method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    Withheld {
        method: method.to_owned(),
        tag: call.tag.clone(),
        host: api_host(&call.url).unwrap_or_default(),
    }
}

/// Decides when there is no more to be expected.
struct Settling {
    seen: Seen,
    has_event: bool,
    changed: Instant,
}

impl Settling {
    fn new(now: Instant) -> Self {
        Self {
            seen: Seen::new(),
            has_event: false,
            changed: now,
        }
    }

    /// Records what is so `now`, and whether an extension has ever emitted an event.
    fn look(&mut self, now: Instant, seen: Seen, has_event: bool) {
        if seen != self.seen || has_event && !self.has_event {
            self.changed = now;
        }
        self.seen = seen;
        self.has_event |= has_event;
    }

    fn is_over(&self, now: Instant) -> bool {
        let wait = if self.has_event { QUIET } else { SILENCE };
        now.duration_since(self.changed) >= wait
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::Severity;

    use super::*;

    #[test]
    fn doctor_waits_for_events_and_conditions() {
        let start = Instant::now();
        let second = |seconds: u64| start + Duration::from_secs(seconds);
        let mut settling = Settling::new(start);
        let none = Seen::from([("a".to_owned(), Vec::new())]);
        let condition = Condition::new("c", Severity::Info, "t");
        let some = Seen::from([("a".to_owned(), vec![condition])]);
        settling.look(second(0), none.clone(), false);
        assert!(!settling.is_over(second(11)));
        assert!(settling.is_over(second(12)));
        settling.look(second(8), none.clone(), true);
        settling.look(second(9), none, true);
        assert!(!settling.is_over(second(13)));
        settling.look(second(13), some.clone(), true);
        assert!(!settling.is_over(second(18)));
        settling.look(second(18), some, true);
        assert!(settling.is_over(second(19)));
    }
}
