//! A link to a miner: connecting, open, up, or down with a pause before the next attempt.
//!
//! ```text
//! Pausing -> Connecting -> Open -> (manifest) up
//!    ^            |         |
//!    +--- lost ---+---------+---> Down after too many failures, or at once if a further attempt is of no use
//! ```

mod manifest;
mod reason;
mod stage;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use horde_events::{ExecutorCount, LinkState, MinerAddress};
use serde::{Deserialize, Serialize};

use self::manifest::ManifestFault;
pub(crate) use self::manifest::read_manifest;
pub(crate) use self::reason::{ConnectionEnd, close_reason};
pub(crate) use self::stage::Stage;
pub(crate) use self::table::Links;
use crate::job::JobId;

/// A connection that was open for so long makes up for earlier failures, in milliseconds. A miner that drops each connection
/// at once is not connected to without pauses.
const STABLE_MS: u64 = 10_000;
/// A manifest counts for so long, in milliseconds. A miner shows it once per authentication, and a batch is made from it (section
/// 3.4, step 2). Links that are opened ahead of a batch, by the 24 blocks before it at most, are younger, also if blocks are missing.
const MANIFEST_AGE_MS_MAX: u64 = 600_000;
/// Receipts that wait for a connection; older ones are given up.
const WAITING_RECEIPTS_MAX: usize = 1_000;

/// State of the connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The next attempt comes at this time.
    Pausing {
        /// In Unix milliseconds.
        until_ms: u64,
    },
    /// The host opens a connection.
    Connecting,
    /// The handshake is complete, and the authentication sent.
    Open {
        /// Since when, in Unix milliseconds.
        since_ms: u64,
        /// The miner has shown its manifest on this connection.
        has_manifest: bool,
    },
    /// No further attempt is made.
    Down {
        /// Why, in words.
        reason: String,
    },
}

/// What follows the end of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Open another one now.
    Reopen,
    /// Open another one later.
    Pause,
    /// The miner counts as unreachable.
    GiveUp {
        /// Why, in words.
        reason: String,
    },
}

/// A link to a miner.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Link {
    /// Where the miner is.
    pub(crate) address: MinerAddress,
    /// Host and port as in a URL.
    pub(crate) authority: String,
    /// State of the connection.
    pub(crate) state: State,
    /// Tag of the connection, unless there is none.
    pub(crate) tag: Option<Arc<str>>,
    /// The manifest; `None` until the miner has shown one.
    pub(crate) manifest: Option<Vec<ExecutorCount>>,
    /// One that came while jobs were under way; it counts when they are over.
    #[serde(default)]
    newer_manifest: Option<Vec<ExecutorCount>>,
    /// Where a holder has seen the miner while jobs were under way; it is connected to there when they are over.
    #[serde(default)]
    pub(crate) moved_to: Option<MinerAddress>,
    /// What is wrong with the manifest of this connection. The connection stays: jobs go on, and receipts of earlier ones go out on it.
    #[serde(default)]
    manifest_fault: Option<ManifestFault>,
    /// The last that holders were given is that the link is down. A reopened link can become up without being wanted again.
    #[serde(default)]
    pub(crate) is_announced_down: bool,
    /// A holder waits for the manifest.
    pub(crate) is_awaited: bool,
    /// Until when an awaited manifest must be there, in Unix milliseconds.
    pub(crate) manifest_by_ms: u64,
    /// Jobs under way.
    pub(crate) jobs: BTreeSet<JobId>,
    /// Bytes of frames of jobs that were given to the host and are not reported as written.
    pub(crate) unwritten_bytes: usize,
    /// Frames of receipts that wait for a connection.
    waiting_receipts: Vec<String>,
    /// Connections that were lost since the last that was stable.
    pub(crate) failures: u32,
    /// Why the last connection ended.
    pub(crate) last_failure: Option<String>,
    /// The last fault that the miner has reported on this connection.
    pub(crate) last_error: Option<String>,
    /// Messages of this connection that were ignored.
    pub(crate) ignored: u64,
}

impl Link {
    /// A link that is to be opened.
    pub(crate) fn new(address: MinerAddress, authority: String, manifest_by_ms: u64) -> Self {
        Self {
            address,
            authority,
            state: State::Pausing { until_ms: 0 },
            tag: None,
            manifest: None,
            newer_manifest: None,
            moved_to: None,
            manifest_fault: None,
            is_announced_down: false,
            is_awaited: true,
            manifest_by_ms,
            jobs: BTreeSet::new(),
            unwritten_bytes: 0,
            waiting_receipts: Vec::new(),
            failures: 0,
            last_failure: None,
            last_error: None,
            ignored: 0,
        }
    }

    /// Takes over the receipts of the link in whose place it comes. A miner at another address may not know their jobs, and ends the
    /// connection then (section 2.2).
    pub(crate) fn succeed(&mut self, before: Self) {
        if self.address == before.address {
            self.waiting_receipts = before.waiting_receipts;
        }
    }

    /// Tag of the connection if frames can be sent on it.
    pub(crate) fn open_tag(&self) -> Option<Arc<str>> {
        self.tag.clone().filter(|_| self.is_open())
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether the miner is connected, and holders can be given a manifest.
    pub(crate) fn is_up(&self) -> bool {
        self.current_manifest().is_some()
    }

    /// What holders are given of the link: a fault of the manifest comes before the manifest. `None` if that is still to come.
    pub(crate) fn known_state(&self) -> Option<LinkState> {
        match (self.fault_reason(), self.current_manifest()) {
            (Some(reason), _) => Some(LinkState::Down {
                reason: reason.to_owned(),
            }),
            (None, Some(manifest)) => Some(LinkState::Up {
                manifest: manifest.clone(),
            }),
            (None, None) => None,
        }
    }

    /// The manifest that holders are given if the miner is connected. One of an earlier connection can be hours old: it counts only
    /// while jobs that were made for it are under way, and the miner has not shown an invalid one on the present connection.
    pub(crate) fn current_manifest(&self) -> Option<&Vec<ExecutorCount>> {
        let is_shown = match self.state {
            State::Open { has_manifest, .. } => has_manifest || self.has_jobs_of_manifest(),
            _ => false,
        };
        let is_sound = self.manifest_fault.is_none();
        self.manifest.as_ref().filter(|_| is_shown && is_sound)
    }

    /// Whether jobs are under way that were made for the manifest: no other one and no missing one ends them.
    pub(crate) fn has_jobs_of_manifest(&self) -> bool {
        self.manifest.is_some() && !self.jobs.is_empty()
    }

    /// A holder waits from now on, until `by_ms` at most. Each question gives the miner its whole time; a holder that has asked before
    /// has a bound of its own.
    pub(crate) fn await_manifest(&mut self, by_ms: u64) {
        self.is_awaited = true;
        self.manifest_by_ms = by_ms;
    }

    /// The awaited manifest did not come in time, for this reason. Returns what holders are given. A miner without a connection could not
    /// show one: the next connection begins without a fault.
    pub(crate) fn miss_manifest(&mut self, reason: String) -> LinkState {
        self.is_awaited = false;
        if let Some(state) = self.known_state() {
            return state;
        }
        if self.is_open() {
            let reason = reason.clone();
            self.manifest_fault = Some(ManifestFault::Missing { reason });
        }
        LinkState::Down { reason }
    }

    /// Whether the connection of a miner without a valid manifest stays: for jobs under way, or for the receipts of one that has shown a
    /// manifest before. Those come at the end of a batch.
    pub(crate) fn outlives_fault(&self) -> bool {
        self.manifest.is_some() || !self.jobs.is_empty()
    }

    /// What is wrong with the manifest of this connection, in words.
    pub(crate) fn fault_reason(&self) -> Option<&str> {
        self.manifest_fault.as_ref().map(ManifestFault::reason)
    }

    /// Until when an awaited manifest must be there, in Unix milliseconds.
    pub(crate) fn manifest_due_ms(&self) -> Option<u64> {
        let is_due = self.is_awaited && self.down_reason().is_none();
        is_due.then_some(self.manifest_by_ms)
    }

    /// Why the miner gets no further job, also while earlier ones go on; `None` if it gets jobs at once or when the connection is there.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.fault_reason().or(self.down_reason())
    }

    /// Why the link is replaced when it is wanted again.
    pub(crate) fn down_reason(&self) -> Option<&str> {
        match &self.state {
            State::Down { reason } => Some(reason),
            _ => self.fault_reason().filter(|_| self.jobs.is_empty()),
        }
    }

    /// A connection is being opened.
    pub(crate) fn connect(&mut self, tag: Arc<str>) {
        self.tag = Some(tag);
        self.unwritten_bytes = 0;
        self.state = State::Connecting;
        self.last_error = None;
        self.ignored = 0;
    }

    /// The handshake is complete and the authentication sent. Returns the receipts to be sent.
    pub(crate) fn open(&mut self, now_ms: u64) -> Vec<String> {
        self.state = State::Open {
            since_ms: now_ms,
            has_manifest: false,
        };
        std::mem::take(&mut self.waiting_receipts)
    }

    /// Whether nothing but a holder needs the link. Receipts wait for the next connection as long as attempts are made.
    pub(crate) fn is_idle(&self) -> bool {
        self.jobs.is_empty() && (self.is_given_up() || self.waiting_receipts.is_empty())
    }

    /// Whether no further attempt to connect is made.
    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self.state, State::Down { .. })
    }

    /// Keeps a receipt until there is a connection, if the link is not let go before.
    pub(crate) fn keep_receipt(&mut self, frame: String) {
        if self.waiting_receipts.len() == WAITING_RECEIPTS_MAX {
            self.waiting_receipts.remove(0);
        }
        self.waiting_receipts.push(frame);
    }

    /// Takes a manifest. Returns whether holders have to know it: not if it is the second of a connection, or the same
    /// as before. While jobs are under way, that for which they were made stays, and the newer one is kept aside.
    pub(crate) fn show_manifest(&mut self, manifest: Vec<ExecutorCount>) -> ManifestUse {
        let State::Open { has_manifest, .. } = &mut self.state else {
            return ManifestUse::Repeated;
        };
        if std::mem::replace(has_manifest, true) {
            return ManifestUse::Repeated;
        }
        self.manifest_fault = None;
        let is_awaited = std::mem::take(&mut self.is_awaited) || self.is_announced_down;
        let is_kept = self.has_jobs_of_manifest();
        let is_same = self.manifest.as_ref() == Some(&manifest);
        if is_kept {
            self.newer_manifest = (!is_same).then_some(manifest);
        } else {
            self.manifest = Some(manifest);
            // One that an earlier connection has shown is older than this one.
            self.newer_manifest = None;
        }
        match &self.manifest {
            Some(manifest) if is_awaited || !(is_kept || is_same) => {
                ManifestUse::Announced(manifest.clone())
            }
            _ => ManifestUse::Known,
        }
    }

    /// Takes an invalid manifest. Returns whether it counts: not if the connection has shown one already, valid or not.
    pub(crate) fn show_invalid_manifest(&mut self, reason: &str) -> bool {
        let has_none = matches!(
            self.state,
            State::Open {
                has_manifest: false,
                ..
            }
        );
        let is_first = has_none && !matches!(self.manifest_fault, Some(ManifestFault::Invalid(_)));
        if is_first {
            self.manifest_fault = Some(ManifestFault::Invalid(reason.to_owned()));
        }
        is_first
    }

    /// The jobs are over: a manifest that was kept aside counts from now on. Returns whether there was one. After a further drop the miner
    /// shows another one, which counts instead.
    pub(crate) fn adopt_manifest(&mut self) -> bool {
        if self.current_manifest().is_none() {
            return false;
        }
        let newer = self.newer_manifest.take();
        let is_newer = newer.is_some();
        self.manifest = newer.or(self.manifest.take());
        is_newer
    }

    /// Whether the manifest is so old that a holder who asks for it is to get another one, and the connection can be replaced.
    pub(crate) fn is_outdated(&self, now_ms: u64) -> bool {
        let has_manifest = self.manifest.is_some();
        let since_ms = self.open_since_ms().filter(|_| has_manifest);
        let age_ms = since_ms.map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        age_ms > MANIFEST_AGE_MS_MAX && self.jobs.is_empty()
    }

    /// When the link has to be looked at, in Unix milliseconds.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        let manifest_by = self.manifest_due_ms();
        match self.state {
            State::Down { .. } => None,
            State::Pausing { until_ms } => Some(manifest_by.unwrap_or(u64::MAX).min(until_ms)),
            State::Connecting | State::Open { .. } => manifest_by,
        }
    }

    /// The connection has ended or did not come about. After failure k the pause is 2^k s and up to 1 s more, by `draw`; a
    /// connection that had been stable is replaced at once (sections 2.2 and 10.5).
    pub(crate) fn lose(
        &mut self,
        now_ms: u64,
        reason: &str,
        attempts_max: u32,
        draw: impl FnOnce() -> f64,
    ) -> Next {
        self.tag = None;
        self.manifest_fault = None;
        self.last_failure = Some(reason.to_owned());
        let is_first_loss = match self.state {
            State::Open { since_ms, .. } => {
                if now_ms.saturating_sub(since_ms) >= STABLE_MS {
                    self.failures = 0;
                }
                self.failures == 0
            }
            _ => false,
        };
        self.failures += 1;
        if is_first_loss {
            return Next::Reopen;
        }
        if self.failures >= attempts_max {
            let attempts = match self.failures {
                1 => "1 attempt".to_owned(),
                count => format!("{count} attempts"),
            };
            return Next::GiveUp {
                reason: format!("{reason} ({attempts})"),
            };
        }
        let pause_ms = (1_000_u64 << self.failures) + (draw() * 1_000.0) as u64;
        self.state = State::Pausing {
            until_ms: now_ms + pause_ms,
        };
        Next::Pause
    }

    /// No further attempt is made. Receipts wait until the link is wanted again.
    pub(crate) fn give_up(&mut self, reason: String) {
        self.tag = None;
        self.manifest = None;
        self.newer_manifest = None;
        self.manifest_fault = None;
        self.state = State::Down { reason };
    }
}

/// What became of a manifest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ManifestUse {
    /// Holders have to know this one.
    Announced(Vec<ExecutorCount>),
    /// It changes nothing.
    Known,
    /// The connection has shown one already: the first counts.
    Repeated,
}
