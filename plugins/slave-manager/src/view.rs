//! All that is known of the slaves at one moment, as reports, panels and conditions see it. Copies nothing.

use serde::Serialize;

use crate::State;
use crate::cordon::Cordon;
use crate::quarantine::Quarantine;
use crate::slaves::{PRESENT_MS, Slave};

/// A slave that lost a lease and is silent for so long is gone, not slow.
const GONE_MS_MIN: u64 = 180_000;

/// A slave that is gone for longer is not expected back.
const GONE_MS_MAX: u64 = 3_600_000;

/// Why batches wait, or do not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Waiting {
    /// There is nothing to hand out.
    NoBatches,
    /// No slave has asked for a minute.
    NoSlaves,
    /// The slaves have work.
    SlavesBusy,
}

/// What a slave can expect.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    Welcome,
    /// Too much went wrong in a row: it gets no work for a while.
    Resting,
    /// The operator wants it to get no more work.
    Cordoned,
    Quarantined,
}

/// What a slave does, the most urgent for the operator first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Activity {
    Quarantined,
    /// Silent since it lost a batch.
    Gone,
    Resting,
    /// It has no batch, and there are algorithms that it cannot run.
    CannotRun,
    Cordoned,
    Working,
    Idle,
    /// It has not asked for a minute.
    Away,
}

impl Activity {
    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Gone => "gone",
            Self::Resting => "resting",
            Self::CannotRun => "cannot run",
            Self::Cordoned => "cordoned",
            Self::Working => "working",
            Self::Idle => "idle",
            Self::Away => "away",
        }
    }
}

/// Slaves that are there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Presence {
    pub(crate) present: usize,
    /// Of them, those that have a batch.
    pub(crate) busy: usize,
    /// Of them, those that may get batches.
    pub(crate) eligible: usize,
}

impl Presence {
    /// Part of the present slaves that has a batch; `None` without slaves.
    pub(crate) fn busy_share(self) -> Option<f64> {
        (self.present > 0).then(|| self.busy as f64 / self.present as f64)
    }
}

/// The state at `now_ms`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) quarantine: &'a Quarantine,
    pub(crate) cordon: &'a Cordon,
    pub(crate) now_ms: u64,
}

impl View<'_> {
    /// Whether a slave has asked lately, or has a batch: one that computes for minutes asks for nothing meanwhile.
    pub(crate) fn is_present(&self, name: &str, slave: &Slave) -> bool {
        self.state.queue.num_leased_to(name) > 0 || self.was_seen_lately(slave)
    }

    pub(crate) fn presence(&self) -> Presence {
        let mut presence = Presence::default();
        for (name, slave) in self.state.slaves.iter() {
            let is_busy = self.state.queue.num_leased_to(name) > 0;
            if !(is_busy || self.was_seen_lately(slave)) {
                continue;
            }
            presence.present += 1;
            presence.busy += usize::from(is_busy);
            let is_eligible =
                !self.cordon.contains(name) && self.quarantine.get(name, self.now_ms).is_none();
            presence.eligible += usize::from(is_eligible);
        }
        presence
    }

    pub(crate) fn waiting(&self, presence: Presence) -> Waiting {
        if self.state.queue.num_queued() == 0 {
            Waiting::NoBatches
        } else if presence.present == 0 {
            Waiting::NoSlaves
        } else {
            Waiting::SlavesBusy
        }
    }

    pub(crate) fn standing(&self, name: &str, slave: &Slave) -> Standing {
        if self.quarantine.get(name, self.now_ms).is_some() {
            Standing::Quarantined
        } else if self.cordon.contains(name) {
            Standing::Cordoned
        } else if self.now_ms < slave.resting_until_ms {
            Standing::Resting
        } else {
            Standing::Welcome
        }
    }

    pub(crate) fn activity(&self, name: &str, slave: &Slave) -> Activity {
        match self.standing(name, slave) {
            Standing::Quarantined => Activity::Quarantined,
            Standing::Cordoned => Activity::Cordoned,
            _ if self.is_gone(slave) => Activity::Gone,
            Standing::Resting => Activity::Resting,
            Standing::Welcome if self.state.queue.num_leased_to(name) > 0 => Activity::Working,
            Standing::Welcome if !self.was_seen_lately(slave) => Activity::Away,
            Standing::Welcome if slave.cannot_run.current(self.now_ms).next().is_some() => {
                Activity::CannotRun
            }
            Standing::Welcome => Activity::Idle,
        }
    }

    /// Whether a slave has lost a batch and not been heard of since.
    pub(crate) fn is_gone(&self, slave: &Slave) -> bool {
        let silent_ms = self.now_ms.saturating_sub(slave.last_seen_ms);
        slave.has_lost_lease && (GONE_MS_MIN..GONE_MS_MAX).contains(&silent_ms)
    }

    fn was_seen_lately(&self, slave: &Slave) -> bool {
        !slave.has_left && self.now_ms.saturating_sub(slave.last_seen_ms) <= PRESENT_MS
    }
}
