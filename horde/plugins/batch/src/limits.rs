//! How long each wait of a batch is at most, and how much is done at once.

/// Milliseconds that a batch waits beyond the time for manifests: `horde_miners` gives up at the same moment by default, and
/// knows why a miner has shown none.
pub(crate) const MANIFEST_GRACE_MS: u64 = 1_000;

/// Time in which job kinds must have made the jobs.
pub(crate) const MAKING_TIMEOUT_SECONDS: u64 = 60;

/// Time in which job kinds must have checked the answers, from the last outcome on.
pub(crate) const VERDICT_TIMEOUT_SECONDS: u64 = 60;

/// Milliseconds between the block of a slot and its end at most: with more than that left, the clock was set back.
pub(crate) const DUE_WINDOW_MS_MAX: u64 = 3_600_000;

/// Time that a batch may take (section 3.3).
pub(crate) const BATCH_TIMEOUT_MINUTES: u64 = 20;

/// Milliseconds between two lines of progress of a phase.
pub(crate) const PROGRESS_INTERVAL_MS: u64 = 500;

/// Bytes of answers that are given to job kinds in one go after a restart.
pub(crate) const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Milliseconds from a start of the extension until it goes on with its batch: a handler that fails each time must not keep
/// the host busy.
pub(crate) const RESUME_DELAY_MS: u64 = 100;
