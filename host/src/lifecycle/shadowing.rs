//! Starting, promoting and discarding a candidate that runs beside an extension.

use std::{
    path::Path,
    sync::{Arc, mpsc},
};

use tig_process::error_chain::error_chain;
use tig_process::file_signature::Signature;
use tracing::info;

use crate::{
    lifecycle::reload::{self, Outcome, SWITCH_MAX, Watched},
    observe::status::{ShadowStatus, Standing},
    plugin::{Loader, short_hash},
    runtime::{
        extension::Shadow,
        mailbox::{Beside, Command},
        runner::Shared,
    },
};

/// Runs the plugin of `file` beside the extension, in place of a candidate that did so before.
///
/// # Errors
///
/// The text says what is wrong with the file, or why there is nothing to compare it with.
pub fn begin(loader: &Loader, watched: &Watched, file: &Path) -> Result<(), String> {
    discard(watched);
    let candidate = loader.read(file).map_err(|error| error_chain(&error))?;
    let plugin = loader
        .load(&candidate)
        .map_err(|error| error_chain(&error))?;
    let standing = Standing::default();
    if let Ok(mut status) = standing.lock() {
        *status = ShadowStatus {
            version: candidate.manifest.version.clone(),
            hash: candidate.hash.clone(),
            ..ShadowStatus::default()
        };
    }
    let (done, result) = mpsc::channel();
    let beside = Beside {
        plugin,
        settings: Arc::clone(&watched.settings),
        standing: Arc::clone(&standing),
        done,
    };
    let mailbox = &watched.slot.mailbox;
    mailbox.put_command(Command::Shadow(Box::new(beside)));
    let started = result.recv_timeout(SWITCH_MAX);
    started.unwrap_or_else(|_| {
        let seconds = SWITCH_MAX.as_secs();
        Err(format!(
            "the running version's handler has not returned for {seconds} s"
        ))
    })?;
    info!(
        extension = watched.slot.name,
        version = candidate.manifest.version,
        hash = short_hash(&candidate.hash),
        "shadow runs"
    );
    watched.slot.set_shadow(Some(Shadow {
        standing,
        candidate: Arc::new(candidate),
    }));
    Ok(())
}

/// Lets the candidate take over, as at a reload, and puts its file in the place of the extension's.
///
/// # Errors
///
/// The text says why the running version goes on.
pub fn promote(shared: &Shared, loader: &Loader, watched: &mut Watched) -> Result<Outcome, String> {
    let shadow = watched.slot.shadow().ok_or_else(|| nothing(watched))?;
    if let Some(reason) = shadow.ended() {
        return Err(format!("it has ended: {reason}"));
    }
    let outcome = reload::take_over(shared, watched, &shadow.candidate, || {
        loader.load_as_read(&shadow.candidate)
    })?;
    watched.slot.set_shadow(None);
    shadow.candidate.install(&watched.path).map_err(|error| {
        let file = watched.path.display();
        format!("it runs now, but {file} could not be replaced, so the next start runs the old one: {error}")
    })?;
    watched.seen = Signature::of(&watched.path);
    Ok(outcome)
}

/// Ends the candidate; `false` if there is none.
pub fn discard(watched: &Watched) -> bool {
    watched.slot.mailbox.put_command(Command::EndShadow);
    watched.slot.set_shadow(None).is_some()
}

/// For an extension without a candidate.
pub fn nothing(watched: &Watched) -> String {
    let name = &watched.slot.name;
    format!("nothing runs beside `{name}`; start it with `tig-host shadow {name} FILE`")
}
