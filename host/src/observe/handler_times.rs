//! How long the handlers of an extension take.
//!
//! A call costs two looks at the clock and three stores: the runner keeps the counter of the handler that it calls.
//!
//! Invariant: the number of names is bounded, whatever is asked of an extension.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Handlers of one extension that are told apart; the calls of further ones are counted together.
pub(crate) const HANDLERS_COUNT_MAX: usize = 64;

/// Name under which the calls of further handlers are counted.
const OTHERS: &str = "others";

/// How long one handler has taken since the host started.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HandlerTime {
    /// The event, the route, or the command.
    pub name: String,
    /// Number of its calls.
    pub count: u64,
    /// Microseconds of all of them.
    pub total_us: u64,
    /// Microseconds of the longest.
    pub max_us: u64,
}

/// Counts the calls of one handler.
#[derive(Debug, Default)]
pub(crate) struct HandlerCounter {
    count: AtomicU64,
    total_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl HandlerCounter {
    /// Counts a call. Only one thread does: a load and a store cost less than an atomic addition.
    pub(crate) fn record(&self, took: Duration) {
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let add = |counter: &AtomicU64, by: u64| {
            let before = counter.load(Ordering::Relaxed);
            counter.store(before.saturating_add(by), Ordering::Relaxed);
        };
        add(&self.count, 1);
        add(&self.total_ns, took_ns);
        if took_ns > self.max_ns.load(Ordering::Relaxed) {
            self.max_ns.store(took_ns, Ordering::Relaxed);
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct HandlerTimes(Mutex<BTreeMap<String, Arc<HandlerCounter>>>);

impl HandlerTimes {
    /// The counter of this handler.
    #[must_use]
    pub(crate) fn counter(&self, name: &str) -> Arc<HandlerCounter> {
        let mut counters = self.lock();
        if let Some(known) = counters.get(name) {
            return Arc::clone(known);
        }
        let has_room = counters.len() < HANDLERS_COUNT_MAX;
        let name = if has_room { name } else { OTHERS };
        Arc::clone(counters.entry(name.to_owned()).or_default())
    }

    /// The times of all handlers, those first that have taken the longest.
    #[must_use]
    pub(crate) fn get(&self) -> Vec<HandlerTime> {
        let counters = self.lock();
        let time = |(name, counter): (&String, &Arc<HandlerCounter>)| HandlerTime {
            name: name.clone(),
            count: counter.count.load(Ordering::Relaxed),
            total_us: counter.total_ns.load(Ordering::Relaxed) / 1_000,
            max_us: counter.max_ns.load(Ordering::Relaxed) / 1_000,
        };
        let mut times: Vec<_> = counters.iter().map(time).collect();
        drop(counters);
        times.sort_by_key(|time| std::cmp::Reverse(time.total_us));
        times
    }

    /// No code panics while it holds the lock, so the counters are still whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<HandlerCounter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_add_up_and_the_longest_stays() {
        let times = HandlerTimes::default();
        for millis in [3, 5, 2] {
            times.counter("slow").record(Duration::from_millis(millis));
        }
        times.counter("quick").record(Duration::from_millis(1));
        let slow = HandlerTime {
            name: "slow".to_owned(),
            count: 3,
            total_us: 10_000,
            max_us: 5_000,
        };
        assert_eq!(times.get()[0], slow);
    }

    #[test]
    fn names_are_bounded() {
        let times = HandlerTimes::default();
        for number in 0..HANDLERS_COUNT_MAX * 2 {
            let counter = times.counter(&number.to_string());
            counter.record(Duration::ZERO);
        }
        let found = times.get();
        assert_eq!(found.len(), HANDLERS_COUNT_MAX + 1);
        let others = found.iter().find(|time| time.name == OTHERS).unwrap();
        assert_eq!(others.count, HANDLERS_COUNT_MAX as u64);
    }
}
