//! Requests to one API host that share a rate: those of the last minute, and those that wait.
//!
//! Pure. Invariant: the time of a request depends only on the requests that went and on the more urgent ones that wait.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use tig_plugin_api::Priority;

/// One of so many turns per minute may go to a request of low priority. The other turns stay free for more urgent
/// requests, which would else find all turns of the minute taken.
const LOW_SHARE: u32 = 3;

const MINUTE: Duration = Duration::from_secs(60);

/// Requests of `priority` that may go per minute if `per_minute` may go in all.
pub(super) fn allowed(per_minute: u32, priority: Priority) -> u32 {
    match priority {
        Priority::Low => (per_minute / LOW_SHARE).max(1),
        Priority::Normal | Priority::High => per_minute,
    }
}

/// Place in the queue; the smallest goes next.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    pub(super) priority: Priority,
    pub(super) number: u64,
}

/// Requests to one host that share a rate.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Times of requests in the last minute, ascending.
    sent: VecDeque<Instant>,
    /// Times of those with low priority.
    sent_low: VecDeque<Instant>,
    pub(super) waiting: BTreeSet<Place>,
    /// End of the pause that the host has asked for.
    pub(super) not_before: Option<Instant>,
}

/// Past and planned times of requests, ascending.
struct Moments<'a> {
    been: &'a VecDeque<Instant>,
    planned: Vec<Instant>,
}

impl Moments<'_> {
    /// When a minute that ends then has seen fewer than `limit` requests; `None` if that is true now.
    fn room(&self, limit: u32) -> Option<Instant> {
        let count = self.been.len() + self.planned.len();
        let index = count.checked_sub(limit as usize)?;
        let moment = match index.checked_sub(self.been.len()) {
            None => self.been[index],
            Some(index) => *self.planned.get(index)?,
        };
        Some(moment + MINUTE)
    }
}

impl Lane {
    pub(super) fn forget(&mut self, now: Instant) {
        for sent in [&mut self.sent, &mut self.sent_low] {
            while sent.front().is_some_and(|&first| first + MINUTE <= now) {
                sent.pop_front();
            }
        }
        self.not_before = self.not_before.filter(|&moment| moment > now);
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.sent.is_empty() && self.waiting.is_empty() && self.not_before.is_none()
    }

    /// When the request at `place` may go if no more urgent one comes.
    pub(super) fn moment(&self, place: Place, per_minute: u32, now: Instant) -> Instant {
        let first = self.not_before.map_or(now, |moment| moment.max(now));
        if per_minute == 0 {
            return first;
        }
        let moments = |been| Moments {
            been,
            planned: Vec::new(),
        };
        let (mut all, mut low) = (moments(&self.sent), moments(&self.sent_low));
        let mut moment = first;
        for ahead in self.waiting.range(..=place) {
            let room = all.room(per_minute);
            moment = room.map_or(first, |room| room.max(first));
            if ahead.priority == Priority::Low {
                let room = low.room(allowed(per_minute, Priority::Low));
                moment = room.map_or(moment, |room| room.max(moment));
                low.planned.push(moment);
            }
            all.planned.push(moment);
        }
        moment
    }

    pub(super) fn waiting_count(&self, priority: Priority) -> usize {
        let alike = self.waiting.iter();
        alike.filter(|place| place.priority == priority).count()
    }

    pub(super) fn record_sent(&mut self, priority: Priority, now: Instant) {
        self.sent.push_back(now);
        if priority == Priority::Low {
            self.sent_low.push_back(now);
        }
    }
}
