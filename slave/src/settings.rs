//! Settings of a slave. The command line makes them; tests make their own.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use tig_http_client::Trust;
use tig_protocol::Backoff;

use crate::engine::Engine;
use crate::name::SlaveName;
use crate::token::Token;

/// First wait after the master had no batch.
const IDLE_DELAY_MS_FIRST: u64 = 250;
/// Longest wait while the master has no batch: the price of idleness is at most this much of compute.
const IDLE_DELAY_MS_MAX: u64 = 2_000;
/// First wait after a failed request.
const RETRY_DELAY_MS_FIRST: u64 = 500;
/// Longest wait between attempts while the master is away.
const RETRY_DELAY_MS_MAX: u64 = 10_000;
/// First wait before an algorithm that this slave could not run is tried again.
const UNABLE_DELAY_MS_FIRST: u64 = 5_000;
/// Longest wait before such an algorithm is tried again.
const UNABLE_DELAY_MS_MAX: u64 = 300_000;
/// First wait after a batch of such an algorithm was offered nevertheless.
const REFUSED_DELAY_MS_FIRST: u64 = 1_000;
/// Longest wait between batches of such an algorithm: a master that goes on offering them does without each for a lease.
const REFUSED_DELAY_MS_MAX: u64 = 60_000;
/// Time to deliver what is computed after a stop was requested.
const STOP_DRAIN_MS_MAX: u64 = 5_000;

/// Everything that [`run`](crate::run) needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base URL of the master.
    pub master: Url,
    /// Sent as `User-Agent`; the master's name for this slave.
    pub name: SlaveName,
    /// Shown to the master with every request, if it asks for one.
    pub token: Option<Token>,
    /// Authorities whose certificates are accepted.
    pub trust: Trust,
    /// Where WASM modules and their index are kept; made if missing. Several slaves may share it.
    pub algorithms_folder: PathBuf,
    /// Nonces computed at the same time.
    pub workers: NonZeroUsize,
    /// The engine that computes.
    pub engine: Engine,
    /// How long to wait between attempts.
    pub pace: Pace,
}

/// Waits between attempts, and the wait for the last uploads.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between polls while the master has no batch.
    pub idle: Backoff,
    /// Between attempts after a failure.
    pub retry: Backoff,
    /// Before an algorithm that this slave could not run is tried again.
    pub unable: Backoff,
    /// After a batch of such an algorithm was offered nevertheless.
    pub refused: Backoff,
    /// For the last uploads after a stop was requested.
    pub stop_drain: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Backoff::from_millis(IDLE_DELAY_MS_FIRST, IDLE_DELAY_MS_MAX),
            retry: Backoff::from_millis(RETRY_DELAY_MS_FIRST, RETRY_DELAY_MS_MAX),
            unable: Backoff::from_millis(UNABLE_DELAY_MS_FIRST, UNABLE_DELAY_MS_MAX),
            refused: Backoff::from_millis(REFUSED_DELAY_MS_FIRST, REFUSED_DELAY_MS_MAX),
            stop_drain: Duration::from_millis(STOP_DRAIN_MS_MAX),
        }
    }
}
