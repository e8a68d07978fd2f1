//! How many requests a minute may go to one API host, whichever extensions they come from, and which of those that wait
//! goes next.
//!
//! Pure: moments come in as arguments. Invariants: no minute, wherever it begins, sees more requests to a host than
//! allowed, nor more than a third of them, or one, of low priority; a request never goes before a more urgent one that
//! waits; none waits longer than that takes.

mod lane;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tig_plugin_api::{Method, Priority, RateLimit};

use self::lane::{Lane, Place, allowed};

use crate::config::Rates;

/// Requests that may wait for their turn, for each API host, method and priority.
pub(crate) const WAITING_MAX: usize = 100;

/// A host that asks for a longer pause is asked again after this time.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Hosts that are remembered; one without requests in the last minute is forgotten first.
const HOSTS_MAX: usize = 1_000;

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It would have to wait for longer than it may.
    #[error(
        "http.{key} is {per_minute}, and {allowed} requests like this one may go each minute: the next turn is in {} s",
        wait.as_secs_f64().ceil()
    )]
    Limited {
        /// Key of the config.
        key: &'static str,
        /// Its value.
        per_minute: u32,
        /// Requests of this priority that may go each minute.
        allowed: u32,
        /// Until the next turn.
        wait: Duration,
    },
    /// The host has asked for a pause that is longer than it may wait.
    #[error("the API has asked for a pause, which ends in {} s", wait.as_secs_f64().ceil())]
    Paused {
        /// Until its end.
        wait: Duration,
    },
    /// Too many wait already.
    #[error("{WAITING_MAX} requests wait for their turn at this API host already")]
    Full,
}

impl Refusal {
    /// The limit that was met, for the extension.
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

/// The place of a request that waits.
#[derive(Debug, Eq, PartialEq)]
pub struct Ticket {
    lane: (String, Method),
    place: Place,
    deadline: Instant,
    not_before: Instant,
}

impl Ticket {
    /// When to ask whether the request may go; more urgent ones that come until then put it off.
    #[must_use]
    pub fn not_before(&self) -> Instant {
        self.not_before
    }
}

/// Whether a request may go.
#[derive(Debug, Eq, PartialEq)]
pub enum Go {
    /// Now; its turn is taken.
    Now,
    /// When [`RateLimiter::turn`] says so.
    Later(Ticket),
}

/// The requests to each API host that wait for their turn, and when turns come.
#[derive(Debug, Default)]
pub struct RateLimiter {
    rates: Rates,
    lanes: HashMap<(String, Method), Lane>,
    num_tickets: u64,
}

impl RateLimiter {
    /// Nothing has been sent yet.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            ..Self::default()
        }
    }

    /// Changes the rates; what was sent stays sent.
    pub(crate) fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }

    /// Takes a turn for a request to `host`, or gives it a place among those that wait.
    ///
    /// # Errors
    ///
    /// See [`Refusal`]; then it has neither.
    pub fn enter(
        &mut self,
        host: &str,
        method: Method,
        priority: Priority,
        patience: Duration,
        now: Instant,
    ) -> Result<Go, Refusal> {
        self.num_tickets += 1;
        let ticket = Ticket {
            lane: (host.to_owned(), method),
            place: Place {
                priority,
                number: self.num_tickets,
            },
            deadline: now + patience,
            not_before: now,
        };
        self.lane(&ticket.lane, now).waiting.insert(ticket.place);
        let go = self.turn(ticket, now)?;
        if let Go::Later(ticket) = &go {
            let lane = self.lane(&ticket.lane, now);
            if lane.num_waiting(priority) > WAITING_MAX {
                lane.waiting.remove(&ticket.place);
                return Err(Refusal::Full);
            }
        }
        Ok(go)
    }

    /// Asks whether the request with `ticket` may go.
    ///
    /// # Errors
    ///
    /// More urgent requests have taken the turns that it could have waited for. Its place is gone.
    pub fn turn(&mut self, ticket: Ticket, now: Instant) -> Result<Go, Refusal> {
        let (method, priority) = (ticket.lane.1, ticket.place.priority);
        let per_minute = self.per_minute(method);
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
            key: match method {
                Method::Get => "gets_per_minute",
                Method::Post => "posts_per_minute",
            },
            per_minute,
            allowed: allowed(per_minute, priority),
            wait,
        })
    }

    /// The host asks not to be called again for so long, of which at most [`PAUSE_MAX`] is granted.
    pub fn pause(&mut self, host: &str, method: Method, now: Instant, wait: Duration) {
        let until = now + wait.min(PAUSE_MAX);
        let lane = self.lane(&(host.to_owned(), method), now);
        lane.not_before = lane.not_before.max(Some(until));
    }

    fn per_minute(&self, method: Method) -> u32 {
        match method {
            Method::Get => self.rates.gets_per_minute,
            Method::Post => self.rates.posts_per_minute,
        }
    }

    fn lane(&mut self, key: &(String, Method), now: Instant) -> &mut Lane {
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
