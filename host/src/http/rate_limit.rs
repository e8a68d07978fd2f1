//! How many requests a minute may go to one API host, whichever extensions they come from.
//!
//! Pure: moments come in as arguments. Invariant: no minute, wherever it begins, sees more requests to a host than allowed,
//! and none waits longer than that takes.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use tig_plugin_api::Method;

/// Requests that may wait for their turn, for each API host and method.
pub const WAITING_MAX: usize = 100;

/// A host that asks for a longer pause is asked again after this time.
pub const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Hosts that are remembered; one without requests in the last minute is forgotten first.
const HOSTS_MAX: usize = 1_000;

const MINUTE: Duration = Duration::from_secs(60);

/// Requests a minute to one API host; 0 for no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rates {
    /// `GET`
    pub gets_per_minute: u32,
    /// `POST`
    pub posts_per_minute: u32,
}

impl Default for Rates {
    /// What the TIG API takes from one address.
    fn default() -> Self {
        Self {
            gets_per_minute: 60,
            posts_per_minute: 20,
        }
    }
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It would have to wait for longer than it may take.
    #[error("as many requests as allowed were sent to this host; the next turn is in {} s", wait.as_secs())]
    TooLate {
        /// Until the next turn.
        wait: Duration,
    },
    /// Too many wait already.
    #[error("{WAITING_MAX} requests wait for their turn at this host already")]
    Full,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Turns {
    rates: Rates,
    hosts: HashMap<(String, bool), Turn>,
}

/// Turns at one host by one method.
#[derive(Debug, Default)]
struct Turn {
    /// Moments of the last minute and of those to come, ascending.
    given: VecDeque<Instant>,
    /// The host has asked not to be called before.
    not_before: Option<Instant>,
}

impl Turn {
    fn forget(&mut self, now: Instant) {
        while self
            .given
            .front()
            .is_some_and(|&first| first + MINUTE <= now)
        {
            self.given.pop_front();
        }
        self.not_before = self.not_before.filter(|&moment| moment > now);
    }

    fn is_forgotten(&self) -> bool {
        self.given.is_empty() && self.not_before.is_none()
    }

    /// The first moment that is free.
    fn next(&self, limit: u32, now: Instant) -> Instant {
        let over = self.given.len().checked_sub(limit as usize);
        let by_rate = over
            .filter(|_| limit > 0)
            .map(|index| self.given[index] + MINUTE);
        let last = self.given.back().copied();
        let moments = [Some(now), by_rate, self.not_before, last];
        moments.into_iter().flatten().max().unwrap_or(now)
    }
}

impl Turns {
    /// Nobody has had a turn yet.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            hosts: HashMap::new(),
        }
    }

    /// Changes the rates; turns that were given stay given.
    pub fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }

    /// When a request to `host` may be sent: now, or within `patience`. Its turn is taken.
    ///
    /// # Errors
    ///
    /// See [`Refusal`]; then no turn is taken.
    pub fn take(
        &mut self,
        host: &str,
        method: Method,
        now: Instant,
        patience: Duration,
    ) -> Result<Instant, Refusal> {
        let limit = match method {
            Method::Post => self.rates.posts_per_minute,
            Method::Get => self.rates.gets_per_minute,
        };
        let turn = self.of(host, method, now);
        let next = turn.next(limit, now);
        let wait = next.duration_since(now);
        if wait > patience {
            return Err(Refusal::TooLate { wait });
        }
        let waiting = turn.given.len() - turn.given.partition_point(|&moment| moment <= now);
        if !wait.is_zero() && waiting >= WAITING_MAX {
            return Err(Refusal::Full);
        }
        if limit > 0 || !wait.is_zero() {
            turn.given.push_back(next);
        }
        Ok(next)
    }

    /// The host asks not to be called again for so long, of which at most [`PAUSE_MAX`] is granted.
    pub fn pause(&mut self, host: &str, method: Method, now: Instant, wait: Duration) {
        let until = now + wait.min(PAUSE_MAX);
        let turn = self.of(host, method, now);
        turn.not_before = turn.not_before.max(Some(until));
    }

    fn of(&mut self, host: &str, method: Method, now: Instant) -> &mut Turn {
        if self.hosts.len() >= HOSTS_MAX {
            self.hosts.retain(|_, turn| {
                turn.forget(now);
                !turn.is_forgotten()
            });
        }
        let turn = self
            .hosts
            .entry((host.to_owned(), method == Method::Post))
            .or_default();
        turn.forget(now);
        turn
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turns(gets_per_minute: u32) -> Turns {
        Turns::new(Rates {
            gets_per_minute,
            posts_per_minute: 1,
        })
    }

    proptest! {
        #[test]
        fn no_minute_sees_too_many_and_none_waits_longer_than_it_must(
            limit in 1_u32..6,
            steps_ms in prop::collection::vec(0_u64..30_000, 1..80),
        ) {
            let mut turns = turns(limit);
            let mut now = Instant::now();
            let mut sent: Vec<Instant> = Vec::new();
            for step in steps_ms {
                now += Duration::from_millis(step);
                let Ok(turn) = turns.take("a", Method::Get, now, MINUTE) else { continue };
                prop_assert!(turn >= now);
                prop_assert!(sent.last().is_none_or(|&last| last <= turn), "turns keep their order");
                let in_minute = sent.iter().filter(|&&moment| moment + MINUTE > turn).count();
                prop_assert!(in_minute < limit as usize);
                if turn > now {
                    let just_before = turn - Duration::from_nanos(1);
                    let before = sent.iter().filter(|&&moment| moment + MINUTE > just_before).count();
                    prop_assert!(before >= limit as usize, "it could have gone earlier");
                }
                sent.push(turn);
            }
        }
    }

    #[test]
    fn hosts_and_methods_do_not_wait_for_each_other() {
        let (mut turns, now) = (turns(1), Instant::now());
        for (host, method) in [("a", Method::Get), ("a", Method::Post), ("b", Method::Get)] {
            assert_eq!(turns.take(host, method, now, Duration::ZERO), Ok(now));
            assert!(turns.take(host, method, now, Duration::ZERO).is_err());
        }
    }

    #[test]
    fn whoever_cannot_wait_so_long_takes_no_turn() {
        let (mut turns, now) = (turns(1), Instant::now());
        turns.take("a", Method::Get, now, MINUTE).unwrap();
        let refused = turns.take("a", Method::Get, now, MINUTE / 2);
        assert_eq!(refused, Err(Refusal::TooLate { wait: MINUTE }));
        assert_eq!(turns.take("a", Method::Get, now, MINUTE), Ok(now + MINUTE));
    }

    #[test]
    fn those_who_wait_are_bounded() {
        let (mut turns, now) = (turns(1), Instant::now());
        let patience = MINUTE * 1_000;
        let took = (0..2 * WAITING_MAX)
            .take_while(|_| turns.take("a", Method::Get, now, patience).is_ok())
            .count();
        assert_eq!(took, WAITING_MAX + 1);
    }

    #[test]
    fn a_pause_that_the_host_asks_for_is_kept() {
        for limit in [0, 60] {
            let (mut turns, now) = (turns(limit), Instant::now());
            turns.pause("a", Method::Get, now, MINUTE / 2);
            turns.pause("a", Method::Get, now, MINUTE / 4);
            assert!(turns.take("a", Method::Get, now, Duration::ZERO).is_err());
            assert_eq!(
                turns.take("a", Method::Get, now, MINUTE),
                Ok(now + MINUTE / 2)
            );
            assert_eq!(turns.take("a", Method::Post, now, MINUTE), Ok(now));
            let later = now + MINUTE / 2;
            assert_eq!(
                turns.take("a", Method::Get, later, Duration::ZERO),
                Ok(later)
            );
            turns.pause("b", Method::Get, now, PAUSE_MAX * 2);
            assert_eq!(
                turns.take("b", Method::Get, now, PAUSE_MAX),
                Ok(now + PAUSE_MAX)
            );
        }
    }

    #[test]
    fn zero_means_no_limit() {
        let (mut turns, now) = (turns(0), Instant::now());
        assert!((0..10_000).all(|_| turns.take("a", Method::Get, now, Duration::ZERO) == Ok(now)));
    }
}
