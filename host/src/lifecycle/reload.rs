//! Replaces an extension while it runs: a file is checked, copied, tried, loaded and takes over.
//!
//! Invariant: whatever is wrong with the new file, the running version goes on untouched, and why is told once.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use tig_process::file_signature::Signature;
use tracing::{info, warn};

use crate::{
    lifecycle::{
        admission,
        watch::{POLL, QUIET, Settling, Verdict, WRITER_PATIENCE},
    },
    observe::status::State,
    plugin::{Candidate, Loader, Plugin, PluginError, short_hash},
    runtime::{
        announcement,
        extension::Slot,
        mailbox::{Command, Successor},
        runner::Shared,
    },
};

/// A switch that has not happened by then will happen when the running handler returns, but nobody waits for it.
pub const SWITCH_MAX: Duration = Duration::from_secs(60);

/// What came of an attempt to reload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A version has taken over from another, or from itself.
    Reloaded {
        /// Version that ran.
        from: String,
        /// Version that runs.
        to: String,
    },
    /// The file is the one that runs already, and its settings are the same.
    Unchanged {
        /// Version that runs.
        version: String,
    },
    /// It was not there before.
    Added {
        /// Version that runs.
        version: String,
    },
    /// It is not there any more.
    Removed {
        /// Version that ran.
        version: String,
    },
}

/// What came of one extension's attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// Name of the extension.
    pub name: String,
    /// The text says why the running version goes on.
    pub outcome: Result<Outcome, String>,
}

/// One extension's file.
pub struct Watched {
    /// Place of the extension.
    pub slot: Arc<Slot>,
    /// What its instances are made with, as JSON.
    pub settings: Arc<[u8]>,
    /// The operator's file.
    pub path: PathBuf,
    /// The file's state when it was last taken.
    pub seen: Option<Signature>,
    /// What has happened to it since.
    pub settling: Settling,
}

/// Why a file does not take over.
struct Refusal {
    /// Its version, where that could be read.
    version: Option<String>,
    reason: String,
    /// It may take over as soon as its writer is done.
    is_passing: bool,
}

impl From<PluginError> for Refusal {
    fn from(error: PluginError) -> Self {
        Self {
            version: error.version().map(str::to_owned),
            reason: error.to_string(),
            is_passing: error.is_passing(),
        }
    }
}

/// Looks at a file once, and reloads it if it has changed and is whole; returns when to look again.
pub fn look(shared: &Shared, loader: &Loader, watched: &mut Watched) -> Duration {
    let found = Signature::of(&watched.path);
    let is_writing = loader.writers().has(&watched.path);
    let settling = &mut watched.settling;
    match settling.look(watched.seen, found, is_writing, Instant::now()) {
        Verdict::Same => POLL,
        Verdict::Wait(time) => time,
        Verdict::Overdue => {
            warn!(
                extension = watched.slot.name,
                "{} has been open for writing for {} s; it is loaded when its writer closes it (`touch` it if it has none)",
                watched.path.display(),
                WRITER_PATIENCE.as_secs()
            );
            POLL
        }
        Verdict::Settled => {
            watched.seen = found;
            take(shared, loader, watched)
        }
    }
}

/// Takes a file's new state; returns when to look again.
fn take(shared: &Shared, loader: &Loader, watched: &mut Watched) -> Duration {
    if watched.seen.is_none() {
        warn!(
            extension = watched.slot.name,
            running = watched.slot.version(),
            "{} is gone; the running version goes on",
            watched.path.display()
        );
        return POLL;
    }
    match attempt(shared, loader, watched) {
        Err(refusal) if refusal.is_passing => {
            watched.seen = None;
            QUIET
        }
        Err(refusal) => {
            // The reason is in the log then.
            drop(rejected(shared, &watched.slot, refusal));
            POLL
        }
        Ok(_) => POLL,
    }
}

/// Lets the present file take over, with the settings that are wanted now.
///
/// # Errors
///
/// The text says why the running version goes on; it is logged and told to extensions as well.
pub fn reload(shared: &Shared, loader: &Loader, watched: &Watched) -> Result<Outcome, String> {
    attempt(shared, loader, watched).map_err(|refusal| rejected(shared, &watched.slot, refusal))
}

fn attempt(shared: &Shared, loader: &Loader, watched: &Watched) -> Result<Outcome, Refusal> {
    let slot = &watched.slot;
    let candidate = loader.read(&watched.path)?;
    let is_same = candidate.hash == slot.hash() && !slot.wants(&watched.settings);
    if is_same && slot.state() != State::Stopped {
        let version = slot.version();
        return Ok(Outcome::Unchanged { version });
    }
    replace(shared, watched, &candidate, || loader.load(&candidate))
}

/// Lets `candidate`, which `load` loads, take over, with the settings that are wanted now.
///
/// # Errors
///
/// As for [`reload`].
pub fn take_over(
    shared: &Shared,
    watched: &Watched,
    candidate: &Candidate,
    load: impl FnOnce() -> Result<Plugin, PluginError>,
) -> Result<Outcome, String> {
    replace(shared, watched, candidate, load)
        .map_err(|refusal| rejected(shared, &watched.slot, refusal))
}

fn replace(
    shared: &Shared,
    watched: &Watched,
    candidate: &Candidate,
    load: impl FnOnce() -> Result<Plugin, PluginError>,
) -> Result<Outcome, Refusal> {
    let started = Instant::now();
    let slot = &watched.slot;
    let (from, to) = (slot.version(), candidate.manifest.version.clone());
    let refused = |reason, is_passing| Refusal {
        version: Some(to.clone()),
        reason,
        is_passing,
    };
    admit(shared, watched, candidate).map_err(|reason| refused(reason, false))?;
    let plugin = load().map_err(|error| refused(error.to_string(), error.is_passing()))?;
    switch(watched, plugin).map_err(|reason| refused(reason, false))?;
    info!(
        extension = slot.name,
        from,
        to,
        hash = short_hash(&candidate.hash),
        milliseconds = started.elapsed().as_millis(),
        "extension reloaded"
    );
    announcement::reloaded(&shared.services.bus, slot, &from, &to);
    Ok(Outcome::Reloaded { from, to })
}

/// Checks that the new version fits its section, whose keys may have changed, and the other extensions.
fn admit(shared: &Shared, watched: &Watched, candidate: &Candidate) -> Result<(), String> {
    let settings = serde_json::from_slice(&watched.settings).map_err(|error| error.to_string())?;
    let name = &watched.slot.name;
    let slots = shared.services.bus.slots();
    let others = slots.iter().filter(|slot| slot.name != *name);
    let routes = others.flat_map(|slot| {
        let own = slot.routes().into_iter();
        own.map(|route| (slot.name.clone(), route))
    });
    let faults =
        admission::successor_faults(&settings, name, &candidate.manifest, routes.collect());
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    if texts.is_empty() {
        Ok(())
    } else {
        Err(texts.join("; also: "))
    }
}

fn switch(watched: &Watched, plugin: Plugin) -> Result<(), String> {
    let (done, result) = mpsc::channel();
    let settings = Arc::clone(&watched.settings);
    let successor = Successor {
        plugin,
        settings,
        done,
    };
    watched.slot.mailbox.put_command(Command::Swap(successor));
    result.recv_timeout(SWITCH_MAX).unwrap_or_else(|_| {
        let seconds = SWITCH_MAX.as_secs();
        Err(format!(
            "its predecessor's handler has not returned for {seconds} s; the switch is still due"
        ))
    })
}

/// Logs and publishes a refusal, and returns its reason.
fn rejected(shared: &Shared, slot: &Slot, refusal: Refusal) -> String {
    announcement::rejected(
        &shared.services.bus,
        slot,
        refusal.version.as_deref(),
        &refusal.reason,
    );
    refusal.reason
}
