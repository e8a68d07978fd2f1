//! Bounds of this extension. Those that operators may want to change are in the config.

/// Users' jobs that are under way at the same time; more are rejected.
pub(crate) const OPEN_JOBS_MAX: usize = 1_000;

/// Bytes of the requests of all jobs that are under way, so that any number of them can be asked for by one handler; the host takes 256 MiB
/// of effects.
pub(crate) const OPEN_BYTES_MAX: usize = 64 << 20;

/// Jobs that are kept after their end, so that a request that comes once more is known.
pub(crate) const OVER_JOBS_MAX: usize = 10_000;

/// How long they are kept, in milliseconds (section 4).
pub(crate) const OVER_KEPT_MS: u64 = 2 * 24 * 3_600_000;

/// Records that one handler evicts.
pub(crate) const EVICTED_MAX: usize = 500;

/// Milliseconds in which the chain must say where a miner is.
pub(crate) const ADDRESS_TIMEOUT_MS: u64 = 10_000;

/// Age up to which addresses of the chain are used, in milliseconds (section 3.9).
pub(crate) const ADDRESSES_FRESH_MS: u64 = 5 * 60_000;

/// Age from which they are asked for again while they are still used, in milliseconds.
pub(crate) const ADDRESSES_RENEWED_MS: u64 = ADDRESSES_FRESH_MS / 2;

/// Time between two questions for addresses, in milliseconds.
pub(crate) const ADDRESSES_ASK_INTERVAL_MS: u64 = 3_000;

/// Milliseconds in which a link must be up or given up. `horde_miners` gives up after its own time for manifests, 35 s by default.
pub(crate) const LINK_TIMEOUT_MS: u64 = 40_000;

/// Milliseconds that the outcome of a job may come after the end of its time: `horde_miners` ends it then.
pub(crate) const OUTCOME_GRACE_MS: u64 = 10_000;

/// Milliseconds that must be left of a job's time for another attempt.
pub(crate) const ATTEMPT_MS_MIN: u64 = 5_000;

/// Time between two lines in the log about a router that does not choose, in milliseconds.
pub(crate) const ROUTER_TOLD_INTERVAL_MS: u64 = 60_000;

/// Longest time that the config may give a router, in milliseconds: the user waits for it.
pub(crate) const ROUTER_MS_MAX: u64 = 10_000;

/// A link is kept for so long after its last job, in milliseconds: the finished receipt goes out on it, and the next job needs none
/// to be opened.
pub(crate) const LINK_IDLE_MS: u64 = 60_000;

/// Time between two lists of wanted links, in milliseconds: each has all links in it, and `horde_miners` stores it.
pub(crate) const LINKS_INTERVAL_MS: u64 = 10;

/// Age up to which a manifest counts for the choice of a miner, in milliseconds (section 3.9).
pub(crate) const MANIFEST_FRESH_MS: u64 = 4 * 3_600_000;

/// A manifest that is shown again is stored again after so many milliseconds.
pub(crate) const MANIFEST_STORED_MS: u64 = 60_000;

/// Miners of which something is kept; a subnet has 256.
pub(crate) const MINERS_MAX: usize = 4_096;

/// How long a failure lets a miner come after others, in milliseconds.
pub(crate) const FAILURE_GRACE_MS: u64 = 3_600_000;

/// Failures in succession from which on a miner is blocked.
pub(crate) const FAILURES_UNTIL_BLOCK: u32 = 3;

/// A miner that fails again and again is blocked for twice as long each time, but not more often doubled than this.
pub(crate) const BLOCK_DOUBLINGS_MAX: u32 = 4;

/// Age up to which a signature counts, in milliseconds. The reference takes any (weakness 32 of section 7).
pub(crate) const SIGNATURE_AGE_MS_MAX: u64 = 5 * 60_000;

/// How far the signer's clock may be ahead, in milliseconds.
pub(crate) const SIGNATURE_AHEAD_MS_MAX: u64 = 60_000;

/// Signatures that are remembered; more signed jobs are rejected until some have expired.
pub(crate) const SIGNATURES_MAX: usize = 20_000;

/// Bytes of one argument or environment variable, which is less than Linux takes (`MAX_ARG_STRLEN`).
pub(crate) const ARGUMENT_BYTES_MAX: usize = 100_000;

/// Bytes of all arguments and environment variables.
pub(crate) const ARGUMENTS_BYTES_MAX: usize = 500_000;

/// Bytes of a URL.
pub(crate) const URL_BYTES_MAX: usize = 16_384;

/// Bytes of an output in a status. With all escapes of JSON, two of them fit into a facilitator's frame of 1 MiB.
pub(crate) const OUTPUT_BYTES_MAX: usize = 64 << 10;

/// Characters of an output in the comment of a status.
pub(crate) const COMMENT_OUTPUT_CHARS_MAX: usize = 1_000;

/// Characters of a reason that are kept.
pub(crate) const REASON_CHARS_MAX: usize = 300;

/// Executors in use that are counted; beyond, `horde_miners` alone decides.
pub(crate) const USED_MAX: usize = 20_000;

/// Executors of a batch or a job that has left no end count as used for so long, in milliseconds: no batch takes longer.
pub(crate) const USED_MS_MAX: u64 = 3_600_000;
