//! No external worker outlives the slave, however the slave ends.
//!
//! A stop or a time limit kills the worker's process group. A slave that is itself killed (SIGKILL, out of memory) cannot
//! do that, so on Linux the worker is started through this program: it asks the kernel for SIGKILL at the death of its
//! parent and then becomes the worker, which keeps that request.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, getppid, kill_process_group, set_parent_process_death_signal};

/// First argument of this program when it is to become a worker: `<GUARD_ARGUMENT> <pid of the slave> <worker> <args>..`.
pub const GUARD_ARGUMENT: &str = "--become-worker";

/// The worker was not started.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Not called by a slave.
    #[error("{GUARD_ARGUMENT} is for the slave's own use; start the worker without it")]
    Usage,
    /// The slave ended before the worker could start.
    #[error("the slave that starts the worker has ended")]
    Orphan,
    /// A system call failed.
    #[error("cannot start the worker {}", worker.display())]
    Exec {
        /// The executable.
        worker: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
}

/// Becomes the worker named by `arguments` (those after [`GUARD_ARGUMENT`]); returns only if that fails.
#[must_use]
pub fn exec_guarded(mut arguments: impl Iterator<Item = OsString>) -> GuardError {
    let slave = arguments
        .next()
        .and_then(|pid| pid.to_str()?.parse().ok())
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw);
    let (Some(slave), Some(worker)) = (slave, arguments.next()) else {
        return GuardError::Usage;
    };
    let failed = |source| GuardError::Exec {
        worker: PathBuf::from(&worker),
        source,
    };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return failed(error.into());
    }
    // The slave may have died before the request was made.
    if getppid() != Some(slave) {
        return GuardError::Orphan;
    }
    failed(Command::new(&worker).args(arguments).exec())
}

/// Kills a whole process group when dropped.
#[derive(Debug)]
pub(super) struct GroupKiller(Option<Pid>);

impl GroupKiller {
    /// Takes charge of the group led by process `id`, which must not have been waited for yet.
    pub(super) fn new(id: Option<u32>) -> Self {
        Self(id.and_then(|id| Pid::from_raw(id.try_into().ok()?)))
    }

    /// The leader was waited for: another process may get its number from now on.
    pub(super) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for GroupKiller {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It fails only if the group is gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
