//! `wait_for_database`: waits until the store can be opened or its host answers, for some time without a break.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::host::{HostProgram, RunError};

/// Times of the wait (section 1.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Longest time altogether.
    pub(crate) timeout: Duration,
    /// Time for which it must be up without a break.
    pub(crate) stable: Duration,
    /// Time between two looks while it is down.
    pub(crate) when_down: Duration,
    /// Time between two looks while it is up.
    pub(crate) when_alive: Duration,
}

/// Why the wait has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WaitError {
    /// The program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It was not up for long enough.
    #[error(
        "neither can the store be opened nor does its host answer after {} s; `tig-host store ls --config CONFIG` says why",
        .0.as_secs()
    )]
    Late(Duration),
    /// It is up, and the wait was too short to see that it stays so.
    #[error(
        "the store is usable, but did not stay so for {} s within {} s; --timeout must be longer than --stable",
        .0.stable.as_secs(), .0.timeout.as_secs()
    )]
    Unsteady(Wait),
}

/// Waits.
///
/// # Errors
///
/// See [`WaitError`].
pub(crate) fn run(host: &HostProgram, backup_folder: &Path, wait: Wait) -> Result<(), WaitError> {
    // A store that is not there yet is made by the host.
    let is_up = || Ok(!backup_folder.exists() || host.is_running()? || host.can_open_store()?);
    wait_until_stable(wait, is_up, Instant::now, thread::sleep)
}

fn wait_until_stable(
    wait: Wait,
    mut is_up: impl FnMut() -> Result<bool, WaitError>,
    now: impl Fn() -> Instant,
    mut sleep: impl FnMut(Duration),
) -> Result<(), WaitError> {
    let begin = now();
    let mut up_since = None;
    loop {
        let at = now();
        let pause = if is_up()? {
            let since = *up_since.get_or_insert(at);
            if now().duration_since(since) >= wait.stable {
                return Ok(());
            }
            wait.when_alive
        } else {
            up_since = None;
            wait.when_down
        };
        if now().duration_since(begin) >= wait.timeout {
            return Err(match up_since {
                Some(_) => WaitError::Unsteady(wait),
                None => WaitError::Late(wait.timeout),
            });
        }
        sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const WAIT: Wait = Wait {
        timeout: Duration::from_secs(20),
        stable: Duration::from_secs(5),
        when_down: Duration::from_secs(2),
        when_alive: Duration::from_secs(1),
    };

    /// Waits while it is up in these seconds, and returns the second of the end.
    fn seconds(is_up: impl Fn(u64) -> bool) -> Result<u64, WaitError> {
        let start = Instant::now();
        let passed = Cell::new(0);
        wait_until_stable(
            WAIT,
            || Ok(is_up(passed.get())),
            || start + Duration::from_secs(passed.get()),
            |pause| passed.set(passed.get() + pause.as_secs()),
        )?;
        Ok(passed.get())
    }

    #[test]
    fn wait_ends_when_it_was_up_without_a_break() {
        assert_eq!(seconds(|_| true).unwrap(), 5);
        assert_eq!(seconds(|second| second >= 4).unwrap(), 9);
        assert_eq!(seconds(|second| second != 3).unwrap(), 10);
    }

    #[test]
    fn wait_fails_after_its_time() {
        let error = seconds(|_| false).unwrap_err();
        assert!(matches!(error, WaitError::Late(_)), "{error}");
        let error = seconds(|second| second % 4 < 3).unwrap_err();
        assert!(matches!(error, WaitError::Unsteady(_)), "{error}");
    }
}
