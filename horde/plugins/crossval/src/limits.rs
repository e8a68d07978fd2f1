//! Bounds of this extension. How full the pool is to be is in the dynamic config.

/// Series that are kept at most, whatever the dynamic config says.
pub(crate) const SERIES_MAX: usize = 10_000;

/// Samples that are ready or on their way at most, whatever the dynamic config says.
pub(crate) const SAMPLES_MAX: usize = 20_000;

/// Objects that wait for their deletion; with more no series are generated.
pub(crate) const DOOMED_MAX: usize = 50_000;

/// Bytes of a series: 240 lines of 299 characters of four bytes are 0.3 MB.
pub(crate) const SERIES_BYTES_MAX: u64 = 4 << 20;

/// Bytes of a file of answers: 240 answers of 256 tokens, with all escapes of JSON, are 2 MB.
pub(crate) const ANSWERS_BYTES_MAX: u64 = 4 << 20;

/// Bytes of an answer to a PUT or DELETE.
pub(crate) const REPLY_BYTES_MAX: u64 = horde_s3::ERROR_BYTES_MAX as u64;

/// Time for a request to a bucket, in milliseconds.
pub(crate) const REQUEST_TIMEOUT_MS: u64 = 30_000;

/// Series that are downloaded at the same time.
pub(crate) const DOWNLOADS_MAX: usize = 16;

/// Workloads that are uploaded at the same time.
pub(crate) const UPLOADS_MAX: usize = 4;

/// Objects that are deleted at the same time.
pub(crate) const DELETIONS_MAX: usize = 8;

/// Attempts at the deletion of an object; then it is left to the lifecycle rule of the bucket.
pub(crate) const DELETION_TRIES_MAX: u32 = 10;

/// Time until the next attempt at a deletion, for each that has failed, in milliseconds.
pub(crate) const DELETION_PAUSE_MS: u64 = 60_000;

/// Time between two checks of a bucket, in milliseconds.
pub(crate) const BUCKET_CHECK_MS: u64 = 6 * 3_600_000;

/// Time until the next check of a bucket that does not do what is needed, in milliseconds.
pub(crate) const BUCKET_RECHECK_MS: u64 = 600_000;

/// Shortest time from the end of a check to one that a station's fault causes, in milliseconds.
pub(crate) const BUCKET_SUSPECT_MS: u64 = 60_000;

/// Attempts of a check to read what it has written.
pub(crate) const BUCKET_READS_MAX: u32 = 4;

/// Pause between two attempts of a check to read its object, in milliseconds.
pub(crate) const BUCKET_PAUSE_MS: u64 = 1_000;

/// Age at which objects that a check has left are deleted, in milliseconds: longer than a check whose requests all time out. A check
/// of this age that still waits for an answer is begun again.
pub(crate) const DIAGNOSTIC_MS: u64 = 600_000;

/// Seconds by which the clock of an object store may differ without being reported.
pub(crate) const CLOCK_SKEW_SECONDS_MAX: u64 = 60;

/// Seconds for which URLs for uploads live: longer than any job may take with all its waits (section 2.9).
pub(crate) const URL_SECONDS: u32 = 3_600;

/// Time of a generation in all, in milliseconds (section 3.8).
pub(crate) const GENERATION_MS: u64 = 300_000;

/// Time of an answering job in all, in milliseconds: 240 s to start and 48 s to run (section 3.8).
pub(crate) const ANSWERING_MS: u64 = 288_000;

/// Milliseconds in which a link must be up or given up. `horde_miners` gives up after its own time for manifests, 35 s by default.
pub(crate) const LINK_TIMEOUT_MS: u64 = 40_000;

/// Milliseconds that the outcome of a job may come after the end of its time: `horde_miners` ends it then.
pub(crate) const OUTCOME_GRACE_MS: u64 = 10_000;

/// A link is kept for so long after its last job, in milliseconds: the finished receipt goes out on it.
pub(crate) const LINK_IDLE_MS: u64 = 60_000;

/// Attempts to read the answers of a job that are not there yet.
pub(crate) const READ_TRIES_MAX: u32 = 3;

/// Attempts to read the answers of a job while the bucket fails.
pub(crate) const READ_FAILURES_MAX: u32 = 10;

/// Milliseconds between two attempts to read answers.
pub(crate) const READ_PAUSE_MS: u64 = 10_000;

/// Failures after which a workload or a series is dropped (section 10.6).
pub(crate) const FAILURES_MAX: u32 = 3;

/// Age at which a workload without answers is dropped, in milliseconds, whatever it has waited for.
pub(crate) const WORKLOAD_AGE_MS_MAX: u64 = 24 * 3_600_000;

/// Pause of a station after a failure, in milliseconds; each failure in succession doubles it.
pub(crate) const PAUSE_MS_MIN: u64 = 30_000;

/// The longest pause of a station, in milliseconds.
pub(crate) const PAUSE_MS_MAX: u64 = 600_000;

/// Failures of a station in succession from which on an operator should look at it: those of a miner that is busy for a moment are fewer.
pub(crate) const STATION_FAILURES_MIN: u32 = 3;

/// Time for which a batch that got too few samples says something of the next ones, in milliseconds: more than two cycles.
pub(crate) const SHORTAGE_MS: u64 = 6 * 3_600_000;

/// Time without new series after which fewer than a workload has room for are sampled, in milliseconds.
pub(crate) const SERIES_WAIT_MS: u64 = 30 * 60_000;

/// Milliseconds for which samples that are wanted for a batch are collected, to be shared out together.
pub(crate) const COLLECT_MS: u64 = 300;

/// Samples that are wanted at the same time.
pub(crate) const ASKS_MAX: usize = 1_000;

/// Time between two looks at what has expired, in milliseconds.
pub(crate) const SWEEP_MS: u64 = 60_000;

/// Records that one sweep drops.
pub(crate) const SWEPT_MAX: usize = 500;

/// Time between two checks of the trusted miner, in milliseconds.
pub(crate) const CHECK_MS: u64 = 24 * 3_600_000;

/// Time until the next check of a trusted miner that is not reliable, in milliseconds.
pub(crate) const RECHECK_MS: u64 = 3_600_000;

/// Age at which another workload is taken for checks, in milliseconds.
pub(crate) const PROBE_AGE_MS_MAX: u64 = 7 * 24 * 3_600_000;

/// Time between two reminders of what an operator must do, in milliseconds.
pub(crate) const REMINDER_MS: u64 = 24 * 3_600_000;

/// Workloads that `GET /horde/pool` shows.
pub(crate) const WORKLOADS_SHOWN_MAX: usize = 200;

/// Characters of a reason that are kept.
pub(crate) const REASON_CHARS_MAX: usize = 300;
