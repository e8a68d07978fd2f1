//! Replaces an extension while it runs: a changed file is checked, copied, tried, loaded and takes over.
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
    event::{EXTENSION_REJECTED, EXTENSION_RELOADED, Emitted},
    mailbox::Control,
    plugin::{Candidate, Loader, PluginError},
    runner::Shared,
    watch::Signature,
};

/// A switch that has not happened by then will happen when the running handler returns, but nobody waits for it.
pub const SWITCH_MAX: Duration = Duration::from_secs(60);

/// One extension's file.
pub struct Watched {
    /// Place of the extension in the config's list.
    pub index: usize,
    /// The operator's file.
    pub path: PathBuf,
    /// Version that runs.
    pub version: String,
    /// Hash of the file that runs.
    pub hash: String,
    /// The file's state when it was last looked at.
    pub seen: Option<Signature>,
}

/// Looks after the files of all extensions.
pub struct Reloader {
    shared: Arc<Shared>,
    loader: Loader,
    watched: Vec<Watched>,
}

impl Reloader {
    /// Looks after `watched`, whose versions run.
    #[must_use]
    pub fn new(shared: Arc<Shared>, loader: Loader, watched: Vec<Watched>) -> Self {
        Self {
            shared,
            loader,
            watched,
        }
    }

    /// Looks at every file once, and reloads what has changed.
    pub fn look(&mut self) {
        for watched in &mut self.watched {
            if Signature::of(&watched.path) == watched.seen {
                continue;
            }
            watched.seen = Signature::settled(&watched.path);
            let name = &self.shared.names[watched.index];
            if watched.seen.is_none() {
                warn!(
                    extension = name,
                    running = watched.version,
                    "{} is gone; the running version goes on",
                    watched.path.display()
                );
                continue;
            }
            reload(&self.shared, &self.loader, watched);
        }
    }
}

fn reload(shared: &Shared, loader: &Loader, watched: &mut Watched) {
    let started = Instant::now();
    let candidate = match Candidate::read(&watched.path) {
        Ok(candidate) if candidate.hash == watched.hash => return,
        Ok(candidate) => candidate,
        Err(error) => return rejected(shared, watched, None, &error.to_string()),
    };
    let offered = candidate.manifest.version.clone();
    match switch(shared, loader, watched.index, &candidate) {
        Err(reason) => rejected(shared, watched, Some(&offered), &reason),
        Ok(()) => {
            info!(
                extension = shared.names[watched.index],
                from = watched.version,
                to = offered,
                hash = candidate.short_hash(),
                milliseconds = started.elapsed().as_millis(),
                "extension reloaded"
            );
            let name = &shared.names[watched.index];
            let told = json!({ "name": name, "from": watched.version, "to": offered });
            shared.bus.publish_one(Emitted::new(
                EXTENSION_RELOADED,
                told.to_string().as_bytes(),
            ));
            watched.version = offered;
            watched.hash = candidate.hash;
        }
    }
}

fn switch(
    shared: &Shared,
    loader: &Loader,
    index: usize,
    candidate: &Candidate,
) -> Result<(), String> {
    let plugin = loader
        .load(candidate)
        .map_err(|error: PluginError| error.to_string())?;
    let (done, result) = mpsc::channel();
    shared
        .bus
        .mailbox(index)
        .put_control(Control::Swap(plugin, done));
    result.recv_timeout(SWITCH_MAX).unwrap_or_else(|_| {
        let seconds = SWITCH_MAX.as_secs();
        Err(format!(
            "its predecessor's handler has not returned for {seconds} s; the switch is still due"
        ))
    })
}

fn rejected(shared: &Shared, watched: &Watched, offered: Option<&str>, reason: &str) {
    let name = &shared.names[watched.index];
    let running = &watched.version;
    let offered = offered.unwrap_or("unknown");
    warn!(
        extension = name,
        running, offered, "new version rejected, the running one goes on: {reason}"
    );
    let told = json!({ "name": name, "running": running, "offered": offered, "reason": reason });
    shared.bus.publish_one(Emitted::new(
        EXTENSION_REJECTED,
        told.to_string().as_bytes(),
    ));
}
