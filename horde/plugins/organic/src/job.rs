//! A user's job: who runs it, how far it is, and how often it was tried.

use horde_events::MinerAddress;
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};
use tig_plugin_api::Ticket;

use crate::limits::ATTEMPT_MS_MIN;

/// How far a job is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// The chain is asked where miners are.
    Address,
    /// The router is asked which miner gets the job.
    Choosing,
    /// A link to the miner is wanted.
    Linking,
    /// `horde_miners` has the job, and will say what becomes of it.
    Asked,
}

/// Who has ordered a job.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A user of the facilitator, which gets the statuses.
    Facilitator,
    /// An operator, whose command gets them.
    Admin {
        /// The command.
        ticket: Ticket,
        /// Its exit code says whether the job is completed.
        is_strict: bool,
    },
}

/// One attempt at one miner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Attempt {
    /// The job's name for the miner, and of its group: new for each attempt.
    pub(crate) uuid: String,
    /// The miner.
    pub(crate) address: MinerAddress,
}

/// A job that is under way.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Job {
    /// The user's uuid.
    pub(crate) uuid: String,
    pub(crate) source: Source,
    /// In Unix milliseconds.
    pub(crate) received_ms: u64,
    /// When its time is over, in Unix milliseconds.
    pub(crate) deadline_ms: u64,
    pub(crate) class: ExecutorClass,
    /// Bytes of the request.
    pub(crate) bytes: usize,
    /// The miner that the user has named.
    pub(crate) miner: Option<String>,
    /// The address that an operator has given for it.
    pub(crate) address: Option<MinerAddress>,
    pub(crate) phase: Phase,
    /// When the phase is over at the latest, in Unix milliseconds.
    pub(crate) due_ms: u64,
    /// The status `accepted` is given.
    pub(crate) is_accepted: bool,
    /// All attempts, the present one last.
    pub(crate) attempts: Vec<Attempt>,
    /// Why the last attempt that is over has not run the job, in words for the user.
    #[serde(default)]
    pub(crate) last_comment: Option<String>,
}

impl Job {
    /// The present attempt, if there is one.
    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        match self.phase {
            Phase::Address | Phase::Choosing => None,
            Phase::Linking | Phase::Asked => self.attempts.last(),
        }
    }

    /// The miner of the present attempt.
    pub(crate) fn hotkey(&self) -> Option<&str> {
        self.attempt()
            .map(|attempt| attempt.address.hotkey.as_str())
    }

    /// Whether a miner has had its attempt.
    pub(crate) fn has_tried(&self, hotkey: &str) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| attempt.address.hotkey == hotkey)
    }

    /// Milliseconds of its time.
    pub(crate) fn budget_ms(&self) -> u64 {
        self.deadline_ms.saturating_sub(self.received_ms)
    }

    /// Milliseconds that are left of its time. A clock that was set back gives it no more than it had.
    pub(crate) fn left_ms(&self, now_ms: u64) -> u64 {
        let left_ms = self.deadline_ms.saturating_sub(now_ms);
        left_ms.min(self.budget_ms())
    }

    /// Milliseconds that an attempt needs: of a job that had less from the start, half of that.
    pub(crate) fn attempt_ms_min(&self) -> u64 {
        attempt_ms_min(self.budget_ms())
    }

    /// Whether another miner may be tried after an attempt of which nothing has run: not if the user has named the miner.
    pub(crate) fn can_retry(&self, attempts_max: usize, now_ms: u64) -> bool {
        self.miner.is_none()
            && self.attempts.len() < attempts_max
            && self.left_ms(now_ms) >= self.attempt_ms_min()
    }
}

/// Milliseconds that an attempt needs, of a job that has so many in all.
pub(crate) fn attempt_ms_min(budget_ms: u64) -> u64 {
    ATTEMPT_MS_MIN.min(budget_ms / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        let address = MinerAddress {
            hotkey: "a".to_owned(),
            host: "h".to_owned(),
            port: 1,
        };
        Job {
            uuid: "u".to_owned(),
            source: Source::Facilitator,
            received_ms: 1_000,
            deadline_ms: 301_000,
            class: ExecutorClass::AlwaysOnGpu24Gb,
            bytes: 0,
            miner: None,
            address: None,
            phase: Phase::Linking,
            due_ms: 41_000,
            is_accepted: false,
            attempts: vec![Attempt {
                uuid: "v".to_owned(),
                address,
            }],
            last_comment: None,
        }
    }

    #[test]
    fn clock_set_back_adds_no_time() {
        let job = job();
        assert_eq!(job.left_ms(101_000), 200_000);
        assert_eq!(job.left_ms(0), 300_000);
        assert_eq!(job.left_ms(400_000), 0);
    }

    #[test]
    fn retry_needs_choice_attempts_and_time() {
        let mut job = job();
        assert!(job.can_retry(2, 1_000));
        assert!(!job.can_retry(1, 1_000));
        assert!(job.can_retry(2, 296_000));
        assert!(!job.can_retry(2, 296_001));
        job.miner = Some("a".to_owned());
        assert!(!job.can_retry(2, 1_000));
    }

    #[test]
    fn miner_is_tried_once() {
        let mut job = job();
        assert!(job.has_tried("a") && !job.has_tried("b"));
        job.phase = Phase::Address;
        assert_eq!((job.hotkey(), job.has_tried("a")), (None, true));
    }
}
