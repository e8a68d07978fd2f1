//! Replaces an extension while it runs: a file is checked, copied, tried, loaded and takes over.
//!
//! Invariant: whatever is wrong with the new file, the running version goes on untouched, and why is told once.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use serde_json::json;
use tracing::{info, warn};

use crate::{
    lifecycle::{admission, watch::Signature},
    observe::status::State,
    plugin::{Candidate, Loader, short_hash},
    runtime::{
        event::{EXTENSION_REJECTED, EXTENSION_RELOADED, Kind},
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
    /// The file's state when it was last looked at.
    pub seen: Option<Signature>,
}

impl Watched {
    /// The file has changed since it was last looked at; `None` means that it is not there.
    fn changed(&mut self) -> Option<Option<Signature>> {
        if Signature::of(&self.path) == self.seen {
            return None;
        }
        self.seen = Signature::settled(&self.path);
        Some(self.seen)
    }
}

/// Looks at a file once, and reloads it if it has changed.
pub fn look(shared: &Shared, loader: &Loader, watched: &mut Watched) {
    match watched.changed() {
        None => {}
        Some(None) => warn!(
            extension = watched.slot.name,
            running = watched.slot.version(),
            "{} is gone; the running version goes on",
            watched.path.display()
        ),
        // Why not is logged where it is found out.
        Some(Some(_)) => drop(reload(shared, loader, watched)),
    }
}

/// Lets the present file take over, with the settings that are wanted now.
///
/// # Errors
///
/// The text says why the running version goes on; it is logged and told to extensions as well.
pub fn reload(shared: &Shared, loader: &Loader, watched: &Watched) -> Result<Outcome, String> {
    let slot = &watched.slot;
    let candidate = Candidate::read(&watched.path)
        .map_err(|error| rejected(shared, slot, None, error.to_string()))?;
    let is_same = candidate.hash == slot.hash() && !slot.wants(&watched.settings);
    if is_same && slot.state() != State::Stopped {
        let version = slot.version();
        return Ok(Outcome::Unchanged { version });
    }
    take_over(shared, loader, watched, &candidate)
}

/// Lets `candidate` take over, with the settings that are wanted now.
///
/// # Errors
///
/// As for [`reload`].
pub fn take_over(
    shared: &Shared,
    loader: &Loader,
    watched: &Watched,
    candidate: &Candidate,
) -> Result<Outcome, String> {
    let started = Instant::now();
    let slot = &watched.slot;
    let (from, to) = (slot.version(), candidate.manifest.version.clone());
    admit(shared, watched, candidate)
        .and_then(|()| switch(loader, watched, candidate))
        .map_err(|reason| rejected(shared, slot, Some(&to), reason))?;
    info!(
        extension = slot.name,
        from,
        to,
        hash = short_hash(&candidate.hash),
        milliseconds = started.elapsed().as_millis(),
        "extension reloaded"
    );
    tell(
        shared,
        EXTENSION_RELOADED,
        &json!({ "name": slot.name, "from": from, "to": to }),
    );
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

fn switch(loader: &Loader, watched: &Watched, candidate: &Candidate) -> Result<(), String> {
    let plugin = loader.load(candidate).map_err(|error| error.to_string())?;
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

/// Tells of a refusal, and returns its reason.
pub(crate) fn rejected(
    shared: &Shared,
    slot: &Slot,
    offered: Option<&str>,
    reason: String,
) -> String {
    let name = &slot.name;
    let running = slot.version();
    let offered = offered.unwrap_or("unknown");
    warn!(
        extension = name,
        running, offered, "new version rejected, the running one goes on: {reason}"
    );
    slot.reject(offered, &reason);
    tell(
        shared,
        EXTENSION_REJECTED,
        &json!({ "name": name, "running": running, "offered": offered, "reason": reason }),
    );
    reason
}

fn tell(shared: &Shared, event: &str, arguments: &serde_json::Value) {
    let payload = arguments.to_string();
    let told = shared
        .services
        .bus
        .tell(event, payload.as_bytes(), Kind::Plain);
    if let Err(full) = told {
        warn!("{full}");
    }
}
