//! How long each wait is at most, and how much is kept.

const HOUR_MS: u64 = 3_600_000;

/// Time for a config file, in milliseconds.
pub(crate) const FETCH_TIMEOUT_MS: u64 = 30_000;

/// Bytes of a config file. That of November 2024 has 4.6 kB.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;

/// Failed fetches in a row that are normal (section 10.9), and so failed attempts to send system events.
pub(crate) const FAILURES_TOLERATED: u32 = 1;

/// Calls of `fetch_dynamic_config` that wait at the same time.
pub(crate) const TICKETS_COUNT_MAX: usize = 16;

/// Milliseconds from a start of the extension until it asks anything of others: a handler that fails each time must not keep the
/// host busy.
pub(crate) const START_DELAY_MS: u64 = 100;

/// Time for a batch of system events, in milliseconds.
pub(crate) const SEND_TIMEOUT_MS: u64 = 60_000;

/// Milliseconds beyond the time of a request after which the answer of the host itself is taken to be lost.
pub(crate) const ANSWER_GRACE_MS: u64 = 5_000;

/// Bytes of the collector's answer, which says nothing that matters.
pub(crate) const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// System events of one request; the collector takes 10,000 (section 2.7).
pub(crate) const SENT_COUNT_MAX: usize = 1_000;

/// Bytes of the system events of one request.
pub(crate) const SENT_BYTES_MAX: usize = 1 << 20;

/// System events that are kept: those of two days of a full subnet.
pub(crate) const EVENTS_COUNT_MAX: u64 = 50_000;

/// System events that one handler drops because of their age.
pub(crate) const EVICTED_COUNT_MAX: u64 = 10_000;

/// Time for which system events and failures of miners are kept, in milliseconds (section 4).
pub(crate) const KEPT_MS: u64 = 48 * HOUR_MS;

/// Time for which users' jobs are counted, in milliseconds.
pub(crate) const JOBS_KEPT_MS: u64 = HOUR_MS;

/// Users' jobs that are counted.
pub(crate) const JOBS_COUNT_MAX: usize = 10_000;

/// Miners whose failures are known: four times as many as a subnet has.
pub(crate) const MINERS_COUNT_MAX: usize = 1_024;

/// Cycles whose weights are shown.
pub(crate) const CYCLES_COUNT_MAX: usize = 32;

/// Milliseconds in which a miner's connection makes one system event at most.
pub(crate) const LINK_EVENT_INTERVAL_MS: u64 = 600_000;
