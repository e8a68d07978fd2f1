//! How long the handlers of an extension take.
//!
//! A look at the clock costs more than an empty handler. Of calls that follow each other within microseconds, one in
//! [`SAMPLED_COUNT`] is timed for all of them; every other call is timed itself.
//!
//! Invariant: the number of names is bounded, whatever is asked of an extension.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Handlers of one extension that are told apart; the calls of further ones are counted together.
pub(crate) const HANDLERS_COUNT_MAX: usize = 64;

/// Name under which the calls of further handlers are counted.
const OTHERS: &str = "others";

/// Calls in a flood of which one is timed.
const SAMPLED_COUNT: u32 = 16;

/// Calls that follow each other more quickly are a flood.
const FLOOD_INTERVAL: Duration = Duration::from_micros(5);

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
    /// Counts a call.
    fn count(&self) {
        add(&self.count, 1);
    }

    /// Adds the time of a call that stands for `calls`.
    fn add_time(&self, took: Duration, calls: u32) {
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        add(&self.total_ns, took_ns.saturating_mul(calls.into()));
        if took_ns > self.max_ns.load(Ordering::Relaxed) {
            self.max_ns.store(took_ns, Ordering::Relaxed);
        }
    }
}

/// Only one thread adds: a load and a store cost less than an atomic addition.
fn add(counter: &AtomicU64, by: u64) {
    let before = counter.load(Ordering::Relaxed);
    counter.store(before.saturating_add(by), Ordering::Relaxed);
}

/// Times the calls of one handler after the other.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    counter: Arc<HandlerCounter>,
    /// Calls for which the next timed one stands.
    weight: u32,
    /// Calls until that one.
    skipped: u32,
    /// When the last timed call began.
    last: Option<Instant>,
}

impl Stopwatch {
    /// Times calls for `counter`.
    #[must_use]
    pub(crate) fn of(counter: Arc<HandlerCounter>) -> Self {
        Self {
            counter,
            weight: 1,
            skipped: 0,
            last: None,
        }
    }

    /// Begins a call; returns its begin if it is to be timed.
    #[must_use]
    pub(crate) fn begin(&mut self) -> Option<Instant> {
        self.counter.count();
        if self.skipped > 0 {
            self.skipped -= 1;
            return None;
        }
        Some(Instant::now())
    }

    /// Ends a call that began so.
    pub(crate) fn end(&mut self, begin: Option<Instant>) {
        if let Some(begin) = begin {
            self.record(begin, begin.elapsed());
        }
    }

    fn record(&mut self, begin: Instant, took: Duration) {
        self.counter.add_time(took, self.weight);
        let since = self.last.map(|last| begin.duration_since(last));
        let is_flood = since.is_some_and(|since| since < FLOOD_INTERVAL * self.weight);
        self.last = Some(begin);
        self.weight = if is_flood { SAMPLED_COUNT } else { 1 };
        self.skipped = self.weight - 1;
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
        let mut slow = Stopwatch::of(times.counter("slow"));
        for millis in [3, 5, 2] {
            let begin = slow.begin().unwrap();
            slow.record(begin, Duration::from_millis(millis));
        }
        let mut quick = Stopwatch::of(times.counter("quick"));
        let begin = quick.begin();
        quick.end(begin);
        let slow = HandlerTime {
            name: "slow".to_owned(),
            count: 3,
            total_us: 10_000,
            max_us: 5_000,
        };
        assert_eq!(times.get()[0], slow);
    }

    #[test]
    fn flood_is_sampled_and_wholly_counted() {
        let times = HandlerTimes::default();
        let mut watch = Stopwatch::of(times.counter("ping"));
        let start = Instant::now();
        let mut timed = 0;
        // Each call takes a microsecond, and the next begins another one later.
        for number in 0..1_602 {
            if watch.begin().is_some() {
                let begin = start + Duration::from_micros(2) * number;
                watch.record(begin, Duration::from_micros(1));
                timed += 1;
            }
        }
        let found = &times.get()[0];
        assert_eq!((timed, found.count, found.total_us), (102, 1_602, 1_602));
        // A pause ends the flood.
        let pause = start + Duration::from_secs(1);
        while watch.begin().is_none() {}
        watch.record(pause, Duration::from_micros(1));
        assert!(watch.begin().is_some());
    }

    #[test]
    fn names_are_bounded() {
        let times = HandlerTimes::default();
        for number in 0..HANDLERS_COUNT_MAX * 2 {
            times.counter(&number.to_string()).count();
        }
        let found = times.get();
        assert_eq!(found.len(), HANDLERS_COUNT_MAX + 1);
        let others = found.iter().find(|time| time.name == OTHERS).unwrap();
        assert_eq!(others.count, HANDLERS_COUNT_MAX as u64);
    }
}
