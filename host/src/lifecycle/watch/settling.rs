//! Decides when a changed file is whole.
//!
//! Pure: states, writers and times come in as arguments.

use std::time::{Duration, Instant};

use tig_process::file_signature::Signature;

use super::{POLL_INTERVAL, QUIET};

/// A file must stay unchanged for a second longer per so many bytes: large files are copied with longer pauses.
const BYTES_PER_SECOND: u64 = 64 << 20;

/// A writer that has a file open for longer is reported.
pub(crate) const WRITER_PATIENCE: Duration = Duration::from_secs(60);

/// The result of a check of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The state is the one that was last read.
    Same,
    /// The file has changed, and may change again: check it after this time.
    Wait(Duration),
    /// Like [`Verdict::Wait`]: a writer has had the file open for [`WRITER_PATIENCE`]. Returned once per change.
    Overdue,
    /// The file has changed and is whole, or gone.
    Settled,
}

/// A change that is not read yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settling {
    change: Option<Change>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    state: Option<Signature>,
    /// Time when the file was first in this state.
    since: Instant,
    /// Time when the file first differed from the state that was last read.
    begun: Instant,
    is_reported: bool,
}

impl Settling {
    /// Compares the file's state `found` with `taken`, which was last read; `is_writing` if a process writes to the
    /// file.
    pub(crate) fn check(
        &mut self,
        taken: Option<Signature>,
        found: Option<Signature>,
        is_writing: bool,
        now: Instant,
    ) -> Verdict {
        if found == taken {
            self.change = None;
            return Verdict::Same;
        }
        let begun = self.change.map_or(now, |change| change.begun);
        let change = match &mut self.change {
            Some(change) if change.state == found => change,
            other => other.insert(Change {
                state: found,
                since: now,
                begun,
                is_reported: other.is_some_and(|change| change.is_reported),
            }),
        };
        if is_writing {
            let is_overdue = now.saturating_duration_since(begun) >= WRITER_PATIENCE;
            if is_overdue && !std::mem::replace(&mut change.is_reported, true) {
                return Verdict::Overdue;
            }
            return Verdict::Wait(POLL_INTERVAL);
        }
        let whole = change.since + settle_time(found);
        if now < whole {
            return Verdict::Wait(whole - now);
        }
        self.change = None;
        Verdict::Settled
    }
}

/// How long a file must stay unchanged.
fn settle_time(state: Option<Signature>) -> Duration {
    let bytes = state.map_or(0, |state| state.bytes);
    QUIET + Duration::from_millis(bytes.saturating_mul(1_000) / BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(modified: i64, bytes: u64) -> Option<Signature> {
        Some(Signature {
            device: 1,
            inode: 1,
            bytes,
            modified: (modified, 0),
            changed: (modified, 0),
        })
    }

    #[test]
    fn change_settles_after_a_quiet_time() {
        let (mut settling, start) = (Settling::default(), Instant::now());
        let (old, new) = (state(1, 0), state(2, 0));
        assert_eq!(settling.check(old, old, false, start), Verdict::Same);
        assert_eq!(settling.check(old, new, false, start), Verdict::Wait(QUIET));
        let half = start + QUIET / 2;
        // Written to again.
        let newer = state(3, 0);
        assert_eq!(
            settling.check(old, newer, false, half),
            Verdict::Wait(QUIET)
        );
        let end = half + QUIET;
        assert_eq!(settling.check(old, newer, false, end), Verdict::Settled);
        assert_eq!(settling.check(newer, newer, false, end), Verdict::Same);
    }

    #[test]
    fn larger_file_must_be_quiet_for_longer() {
        let (mut settling, start) = (Settling::default(), Instant::now());
        let large = state(2, 2 * BYTES_PER_SECOND);
        let wait = QUIET + Duration::from_secs(2);
        assert_eq!(
            settling.check(state(1, 0), large, false, start),
            Verdict::Wait(wait)
        );
    }

    #[test]
    fn file_open_for_writing_does_not_settle() {
        let (mut settling, start) = (Settling::default(), Instant::now());
        let (old, new) = (state(1, 0), state(2, 0));
        let mut look = |is_writing, after| settling.check(old, new, is_writing, start + after);
        assert_eq!(look(true, Duration::ZERO), Verdict::Wait(POLL_INTERVAL));
        assert_eq!(look(true, POLL_INTERVAL), Verdict::Wait(POLL_INTERVAL));
        assert_eq!(look(true, WRITER_PATIENCE), Verdict::Overdue);
        assert_eq!(
            look(true, 2 * WRITER_PATIENCE),
            Verdict::Wait(POLL_INTERVAL)
        );
        assert_eq!(look(false, 3 * WRITER_PATIENCE), Verdict::Settled);
    }
}
