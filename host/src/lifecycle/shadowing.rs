//! Starts, promotes and discards shadows of extensions.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tig_process::file_signature::Signature;
use tracing::info;

use crate::lifecycle::reload::{self, Outcome, ReloadError, Watched};
use crate::limits::SWITCH_TIMEOUT;
use crate::observe::shadow_status::ShadowStatusHandle;
use crate::plugin::{Loader, PluginError, short_hash};
use crate::runtime::command::{Command, StartShadow};
use crate::runtime::extension::Shadow;
use crate::runtime::failure::ShadowStartError;
use crate::runtime::shared::Shared;

/// Why a shadow does not start, take over or end.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// The file is not a plugin for this host, or cannot be loaded.
    #[error(transparent)]
    File(#[from] PluginError),
    /// The shadow does not start.
    #[error(transparent)]
    Start(#[from] ShadowStartError),
    /// The extension has no shadow.
    #[error("`{name}` has no shadow; start one with `tig-host shadow {name} FILE`")]
    Missing {
        /// Name of the extension.
        name: String,
    },
    /// The shadow has ended.
    #[error("it has ended: {0}")]
    Ended(String),
    /// The shadow does not take over.
    #[error(transparent)]
    TakeOver(#[from] ReloadError),
    /// The shadow takes over, but its file could not be installed.
    #[error("it takes over, but {} could not be replaced, so the next start runs the old one: {source}", path.display())]
    Install {
        /// The extension's file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// Starts the plugin in `file` as a shadow of the extension, in place of an earlier one.
///
/// # Errors
///
/// See [`ShadowError`].
pub(crate) fn begin(loader: &Loader, watched: &Watched, file: &Path) -> Result<(), ShadowError> {
    begin_within(SWITCH_TIMEOUT, loader, watched, file)
}

fn begin_within(
    timeout: Duration,
    loader: &Loader,
    watched: &Watched,
    file: &Path,
) -> Result<(), ShadowError> {
    end(watched);
    let candidate = loader.read(file)?;
    let plugin = loader.load(&candidate)?;
    let status =
        ShadowStatusHandle::new(candidate.manifest.version.clone(), candidate.hash.clone());
    let (done, result) = mpsc::channel();
    let order = StartShadow {
        plugin,
        settings: Arc::clone(&watched.settings),
        status: status.clone(),
        done,
    };
    let mailbox = &watched.extension.mailbox;
    mailbox.put_command(Command::StartShadow(Box::new(order)));
    let started = result.recv_timeout(timeout).unwrap_or_else(|_| {
        // Else it would start when the handler returns, and run in no status.
        end(watched);
        Err(ShadowStartError::Late)
    });
    started?;
    info!(
        extension = watched.extension.name,
        version = candidate.manifest.version,
        hash = short_hash(&candidate.hash),
        "shadow accepted"
    );
    watched.extension.set_shadow(Some(Shadow {
        status,
        candidate: Arc::new(candidate),
    }));
    Ok(())
}

/// Replaces the extension by its shadow, as at a reload, and installs the shadow's file.
///
/// # Errors
///
/// See [`ShadowError`].
pub(crate) fn promote(
    shared: &Shared,
    loader: &Loader,
    watched: &mut Watched,
) -> Result<Outcome, ShadowError> {
    promote_within(SWITCH_TIMEOUT, shared, loader, watched)
}

fn promote_within(
    timeout: Duration,
    shared: &Shared,
    loader: &Loader,
    watched: &mut Watched,
) -> Result<Outcome, ShadowError> {
    let shadow = watched.extension.shadow().ok_or_else(|| missing(watched))?;
    if let Some(reason) = shadow.ended() {
        return Err(ShadowError::Ended(reason));
    }
    let taken_over = reload::take_over(timeout, shared, watched, &shadow.candidate, || {
        loader.load_as_read(&shadow.candidate)
    });
    match taken_over {
        // A switch that is late still happens: with the former file in its place, the next config or start would undo it.
        Err(error) if !error.is_due() => return Err(error.into()),
        _ => end(watched),
    };
    let installed = shadow.candidate.install(&watched.path);
    installed.map_err(|source| ShadowError::Install {
        path: watched.path.clone(),
        source,
    })?;
    watched.seen = Signature::of(&watched.path);
    Ok(taken_over?)
}

/// Ends the shadow.
///
/// # Errors
///
/// The extension has no shadow.
pub(crate) fn discard(watched: &Watched) -> Result<(), ShadowError> {
    end(watched).then_some(()).ok_or_else(|| missing(watched))
}

/// Ends the shadow; `false` if there is none.
fn end(watched: &Watched) -> bool {
    watched.extension.mailbox.put_command(Command::EndShadow);
    watched.extension.set_shadow(None).is_some()
}

fn missing(watched: &Watched) -> ShadowError {
    ShadowError::Missing {
        name: watched.extension.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::fixture;
    use crate::runtime::mailbox::Taken;
    use crate::store::Store;

    #[test]
    fn shadow_that_would_start_late_ends_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let loader = Loader::new(folder.path().to_owned(), None);
        let watched = Watched::unattended("counter");
        let file = fixture::path("counter");
        let late = begin_within(Duration::ZERO, &loader, &watched, &file).unwrap_err();
        assert!(
            matches!(late, ShadowError::Start(ShadowStartError::Late)),
            "{late}"
        );
        assert!(watched.extension.shadow().is_none());
        let mailbox = &watched.extension.mailbox;
        assert!(matches!(
            [mailbox.try_take(), mailbox.try_take(), mailbox.try_take()],
            [
                Some(Taken::Command(Command::EndShadow)),
                Some(Taken::Command(Command::StartShadow(_))),
                Some(Taken::Command(Command::EndShadow))
            ]
        ));
    }

    #[test]
    fn late_promotion_is_due_and_installs_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let loader = Loader::new(folder.path().join("cache"), None);
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = Watched::unattended("counter");
        watched.path = folder.path().join("libcounter.so");
        std::fs::write(&watched.path, "the file of the running version").unwrap();
        let candidate = loader.read(&fixture::path("counter")).unwrap();
        let hash = candidate.hash.clone();
        watched.extension.set_shadow(Some(Shadow {
            status: ShadowStatusHandle::new("0.1.0".to_owned(), hash.clone()),
            candidate: Arc::new(candidate),
        }));
        let late = promote_within(Duration::ZERO, &shared, &loader, &mut watched).unwrap_err();
        assert!(
            matches!(&late, ShadowError::TakeOver(error) if error.is_due()),
            "{late}"
        );
        let mailbox = &watched.extension.mailbox;
        assert!(matches!(mailbox.take(), Taken::Command(Command::Swap(_))));
        assert_eq!(loader.read(&watched.path).unwrap().hash, hash);
        assert!(watched.extension.shadow().is_none());
        assert_eq!(watched.seen, Signature::of(&watched.path));
    }
}
