//! The rate limiter: how many requests per minute go to an API host, whichever extensions they come from, and which of
//! the waiting ones goes next.
//!
//! Pure: times come in as arguments. Invariants: no minute, wherever it begins, sees more requests to a host than
//! allowed, nor more than a third of them, or one, of low priority; a request never goes before a more urgent one that
//! waits, and waits no longer than that takes.

mod lane;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tig_plugin_api::{Method, Priority, RateLimit};

use self::lane::{Lane, Place, allowed};
use crate::config::{RateClass, RateTable};

/// Requests that may wait, for each API host, class and priority.
pub(crate) const WAITING_MAX: usize = 100;

/// Longest pause that a host is granted.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Hosts that are remembered; those without requests in the last minute are forgotten first.
const HOSTS_MAX: usize = 1_000;

/// Why a request is not sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The next turn comes after the request's deadline.
    #[error(
        "{key} is {per_minute}, and {allowed} requests like this one may go each minute: the next turn is in {} s",
        wait.as_secs_f64().ceil()
    )]
    Limited {
        /// Key of the config that states the rate, or could.
        key: String,
        /// The rate.
        per_minute: u32,
        /// Requests of this priority that may go per minute.
        allowed: u32,
        /// Until the next turn.
        wait: Duration,
    },
    /// The host has asked for a pause that ends after the request's deadline.
    #[error("the API has asked for a pause, which ends in {} s", wait.as_secs_f64().ceil())]
    Paused {
        /// Until its end.
        wait: Duration,
    },
    /// Too many requests wait already.
    #[error("{WAITING_MAX} requests wait for their turn at this API host already")]
    Full,
}

impl Refusal {
    /// The limit that the request has met, for the extension.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        let (allowed_per_minute, wait) = match *self {
            Self::Limited { allowed, wait, .. } => (Some(allowed), wait),
            Self::Paused { wait } => (None, wait),
            Self::Full => return None,
        };
        Some(RateLimit {
            allowed_per_minute,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// API host, and the requests to it that share a rate.
type LaneKey = (String, RateClass);

/// A waiting request.
#[derive(Debug, Eq, PartialEq)]
pub struct Ticket {
    lane: LaneKey,
    place: Place,
    deadline: Instant,
    not_before: Instant,
}

impl Ticket {
    /// When to ask for the turn; more urgent requests may still delay it.
    #[must_use]
    pub fn not_before(&self) -> Instant {
        self.not_before
    }
}

/// Whether a request may go.
#[derive(Debug, Eq, PartialEq)]
pub enum Go {
    /// Now: the turn is taken.
    Now,
    /// Later: ask [`RateLimiter::turn`].
    Later(Ticket),
}

/// The waiting requests to each API host, and their turns.
#[derive(Debug, Default)]
pub struct RateLimiter {
    rates: RateTable,
    lanes: HashMap<LaneKey, Lane>,
    ticket_count: u64,
}

impl RateLimiter {
    /// A limiter that has let no request go yet.
    #[must_use]
    pub fn new(rates: RateTable) -> Self {
        Self {
            rates,
            ..Self::default()
        }
    }

    /// Changes the rates, and returns those of before; earlier requests still count.
    pub(crate) fn set_rates(&mut self, rates: RateTable) -> RateTable {
        std::mem::replace(&mut self.rates, rates)
    }

    /// Takes a turn for a request to `host`, or queues it.
    ///
    /// # Errors
    ///
    /// See [`Refusal`]; the request has neither a turn nor a place in the queue then.
    pub fn enter(
        &mut self,
        host: &str,
        method: Method,
        priority: Priority,
        patience: Duration,
        now: Instant,
    ) -> Result<Go, Refusal> {
        self.ticket_count += 1;
        let ticket = Ticket {
            lane: (host.to_owned(), RateClass::from_method(method)),
            place: Place {
                priority,
                number: self.ticket_count,
            },
            deadline: now + patience,
            not_before: now,
        };
        self.lane(&ticket.lane, now).waiting.insert(ticket.place);
        let go = self.turn(ticket, now)?;
        if let Go::Later(ticket) = &go {
            let lane = self.lane(&ticket.lane, now);
            if lane.waiting_count(priority) > WAITING_MAX {
                lane.waiting.remove(&ticket.place);
                return Err(Refusal::Full);
            }
        }
        Ok(go)
    }

    /// Asks for the turn of the request with `ticket`.
    ///
    /// # Errors
    ///
    /// More urgent requests have taken all turns before its deadline. It has left the queue.
    pub fn turn(&mut self, ticket: Ticket, now: Instant) -> Result<Go, Refusal> {
        let (class, priority) = (ticket.lane.1, ticket.place.priority);
        let per_minute = self.rates.per_minute(&ticket.lane.0, class);
        let lane = self.lane(&ticket.lane, now);
        let not_before = lane.moment(ticket.place, per_minute, now);
        if not_before > now && not_before <= ticket.deadline {
            return Ok(Go::Later(Ticket {
                not_before,
                ..ticket
            }));
        }
        lane.waiting.remove(&ticket.place);
        if not_before <= now {
            if per_minute > 0 {
                lane.record_sent(priority, now);
            }
            return Ok(Go::Now);
        }
        let wait = not_before.duration_since(now);
        if lane.not_before == Some(not_before) {
            return Err(Refusal::Paused { wait });
        }
        Err(Refusal::Limited {
            key: self.rates.key(&ticket.lane.0, class),
            per_minute,
            allowed: allowed(per_minute, priority),
            wait,
        })
    }

    /// Grants the pause that the host asks for, up to `PAUSE_MAX`.
    pub fn pause(&mut self, host: &str, method: Method, now: Instant, wait: Duration) {
        let until = now + wait.min(PAUSE_MAX);
        let key = (host.to_owned(), RateClass::from_method(method));
        let lane = self.lane(&key, now);
        lane.not_before = lane.not_before.max(Some(until));
    }

    fn lane(&mut self, key: &LaneKey, now: Instant) -> &mut Lane {
        if self.lanes.len() >= HOSTS_MAX {
            self.lanes.retain(|_, lane| {
                lane.forget(now);
                !lane.is_forgotten()
            });
        }
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.forget(now);
        lane
    }
}
