//! How long each wait is at most, and how much is read, kept and asked at once.

/// Bytes of an answer that names a block or says what came of a call. A page of an error is cut off here, too.
pub(crate) const SHORT_BODY_BYTES_MAX: u64 = 256 << 10;

/// Bytes of an answer with all neurons: a subnet of 256 has 120 KB.
pub(crate) const NEURONS_BODY_BYTES_MAX: u64 = 16 << 20;

/// Neurons of a subnet: uids have 16 bits.
pub(crate) const NEURONS_COUNT_MAX: usize = 65_536;

/// Commitments of one hotkey in an answer.
pub(crate) const COMMITS_COUNT_MAX: usize = 1_024;

/// Heights whose hashes are remembered, from the newest one down.
pub(crate) const HASHES_COUNT_MAX: usize = 64;

/// Named blocks whose neurons are kept.
pub(crate) const KEPT_COUNT_MAX: usize = 8;

/// Blocks for which neurons are wanted at the same time.
pub(crate) const WANTS_COUNT_MAX: usize = 32;

/// Of those, blocks whose neurons are being fetched.
pub(crate) const FETCHES_COUNT_MAX: usize = 4;

/// Time after which neurons that nobody could fetch are wanted no more.
pub(crate) const WANT_TIMEOUT_MS: u64 = 120_000;

/// Calls that wait for an answer.
pub(crate) const CALLS_COUNT_MAX: usize = 32;

/// Time before the end of a request at which the service should have given up, so that its answer still comes.
pub(crate) const ANSWER_MARGIN_MS: u64 = 1_000;

/// Time that one call may take, however far its deadline is.
pub(crate) const CALL_TIMEOUT_MS_MAX: u64 = 600_000;

/// Commands that wait for neurons.
pub(crate) const COMMANDS_COUNT_MAX: usize = 8;

/// Longest time between two polls of a service that fails.
pub(crate) const POLL_BACKOFF_MS_MAX: u64 = 60_000;

/// Time beyond its timeout after which a poll without an answer is taken for lost.
pub(crate) const LOST_GRACE_MS: u64 = 10_000;

/// Time from a start of the extension until calls that it found open end as interrupted: a reload hands them over before, and
/// a handler that fails each time must not keep the host busy.
pub(crate) const INTERRUPT_DELAY_MS: u64 = 100;
