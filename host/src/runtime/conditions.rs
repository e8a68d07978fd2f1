//! The conditions of one owner, an extension or the host: kept, logged and published.
//!
//! Invariant: nothing waits for an extension, and however often an owner reports, so many edges a minute are logged and
//! published. What stands is right at once; what was announced follows as soon as there is room, so that nobody who
//! follows the events keeps a condition for ever that is over.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tig_plugin_api::{Condition, Severity};
use tracing::{info, warn};

use crate::observe::conditions::{Edge, StandingCondition, checked, edges, replace};
use crate::runtime::event::{CONDITION_CLEARED, CONDITION_RAISED};

/// Edges that an owner may log and publish in a minute: more than all its conditions, once there and back.
const EDGES_COUNT_MAX: u32 = 600;

const MINUTE_MS: u64 = 60_000;

/// A new instance that has reported nothing for so long has no conditions: those of its predecessor end. Longer than the
/// time between some `update`s.
pub(crate) const INHERITED_TIMEOUT: Duration = Duration::from_secs(15);

/// Where edges are published.
pub(crate) trait Announce {
    /// Says which extension has no room for which event.
    type Full: Display;

    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;

    /// Publishes an event of the host.
    ///
    /// # Errors
    ///
    /// An extension that handles it has no room.
    fn announce(&self, event: &str, payload: &str) -> Result<(), Self::Full>;
}

pub(crate) struct Conditions {
    owner: Arc<str>,
    state: Mutex<State>,
    has_misreported: AtomicBool,
}

#[derive(Default)]
struct State {
    standing: Vec<StandingCondition>,
    /// What stands by the published edges.
    announced: Vec<StandingCondition>,
    /// An edge found no room, and none has since.
    is_full: bool,
    /// When a new instance inherited them, if it has not reported its own yet.
    inherited: Option<Instant>,
    /// The owner has stopped: reports of its last handlers count no more.
    is_stopped: bool,
    /// The owner was removed: it reports no more.
    has_ended: bool,
    logged: Budget,
    published: Budget,
}

/// Counts edges by the minute.
#[derive(Default)]
struct Budget {
    minute: u64,
    used: u32,
}

impl Budget {
    /// Whether one more edge is allowed.
    fn take(&mut self, now_ms: u64) -> bool {
        let minute = now_ms / MINUTE_MS;
        if minute != self.minute {
            *self = Self { minute, used: 0 };
        }
        self.used = self.used.saturating_add(1);
        self.used <= EDGES_COUNT_MAX
    }

    /// Whether the last edge was the first that is not allowed.
    fn is_first_refused(&self) -> bool {
        self.used == EDGES_COUNT_MAX + 1
    }
}

impl Conditions {
    /// No conditions of `owner`.
    #[must_use]
    pub(crate) fn new(owner: &str) -> Self {
        Self {
            owner: owner.into(),
            state: Mutex::default(),
            has_misreported: AtomicBool::new(false),
        }
    }

    /// Whose conditions they are.
    #[must_use]
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// What stands.
    #[must_use]
    pub(crate) fn get(&self) -> Vec<StandingCondition> {
        self.lock().standing.clone()
    }

    /// What stands by the published edges: what begins or ends besides is published later.
    #[must_use]
    pub(crate) fn announced(&self) -> Vec<StandingCondition> {
        self.lock().announced.clone()
    }

    /// Publishes what could not be published before.
    pub(crate) fn publish_rest(&self, to: &impl Announce) {
        self.publish(&mut self.lock(), to);
    }

    /// Replaces what stands by what the owner reports.
    pub(crate) fn report(&self, reported: Vec<Condition>, to: &impl Announce) {
        let (reported, misreport) = checked(reported);
        if let Some(misreport) = misreport
            && !self.has_misreported.swap(true, Ordering::Relaxed)
        {
            warn!(extension = &*self.owner, "{misreport}");
        }
        let mut state = self.lock();
        // Checked under the lock: the report may come from the committer while the runner stops.
        if state.is_stopped {
            return;
        }
        state.inherited = None;
        self.replace(&mut state, reported, to);
    }

    /// A new instance of the owner goes on with what stands, until it reports its own.
    pub(crate) fn inherit(&self, now: Instant) {
        let mut state = self.lock();
        state.inherited = (!state.standing.is_empty()).then_some(now);
    }

    /// Ends what a new instance has inherited and not reported in time.
    pub(crate) fn end_inherited(&self, now: Instant, to: &impl Announce) {
        let mut state = self.lock();
        let is_over = |since: Instant| now.duration_since(since) >= INHERITED_TIMEOUT;
        if state.inherited.is_some_and(is_over) {
            state.inherited = None;
            self.replace(&mut state, Vec::new(), to);
        }
    }

    /// Ends all conditions: the owner has stopped, and reports again after [`Conditions::start`].
    pub(crate) fn clear(&self, to: &impl Announce) {
        let mut state = self.lock();
        state.is_stopped = true;
        self.replace(&mut state, Vec::new(), to);
    }

    /// The owner runs, perhaps after it has stopped.
    pub(crate) fn start(&self) {
        self.lock().is_stopped = false;
    }

    /// Ends all conditions of an owner that was removed; what is still in flight counts no more.
    pub(crate) fn end(&self, to: &impl Announce) {
        let mut state = self.lock();
        // Nobody comes back to publish what is left; an owner has few conditions, and ends once.
        state.published = Budget::default();
        self.replace(&mut state, Vec::new(), to);
        state.has_ended = true;
    }

    /// Published under the lock, so that the edges of one condition come in their order. The bus takes locks of its own,
    /// and none that is held while conditions are read.
    fn replace(&self, state: &mut State, reported: Vec<Condition>, to: &impl Announce) {
        if state.has_ended {
            return;
        }
        let now_ms = to.now_ms();
        let mut before = replace(&mut state.standing, reported, now_ms);
        for edge in edges(&mut before, &state.standing) {
            if state.logged.take(now_ms) {
                self.log(&edge);
            } else if state.logged.is_first_refused() {
                warn!(
                    extension = &*self.owner,
                    "more than {EDGES_COUNT_MAX} conditions have begun or ended in this minute; further ones are not logged, and published later"
                );
            }
        }
        self.publish(state, to);
    }

    /// Publishes the difference between what stands and what was announced, as far as there is room.
    fn publish(&self, state: &mut State, to: &impl Announce) {
        let now_ms = to.now_ms();
        for edge in edges(&mut state.announced, &state.standing) {
            if !state.published.take(now_ms) {
                return;
            }
            if let Err(full) = self.announce(&edge, now_ms, to) {
                // The rest would find no room either; said once, for it is tried again and again.
                if !std::mem::replace(&mut state.is_full, true) {
                    warn!(extension = &*self.owner, "published later: {full}");
                }
                return;
            }
            state.is_full = false;
            edge.apply(&mut state.announced);
        }
    }

    fn log(&self, edge: &Edge) {
        let extension = &*self.owner;
        let (Edge::Raised(standing) | Edge::Cleared(standing)) = edge;
        let Condition {
            code,
            subject,
            severity,
            text,
            remedy,
        } = &standing.condition;
        let remedy = if remedy.is_empty() {
            String::new()
        } else {
            format!(" ({remedy})")
        };
        match (edge, severity) {
            (Edge::Cleared(_), _) => info!(extension, code, subject, "no longer: {text}"),
            (_, Severity::Info) => info!(extension, code, subject, "{text}{remedy}"),
            (_, Severity::Warning | Severity::Critical) => {
                warn!(extension, code, subject, "{text}{remedy}");
            }
        }
    }

    fn announce<A: Announce>(&self, edge: &Edge, now_ms: u64, to: &A) -> Result<(), A::Full> {
        let (Edge::Raised(standing) | Edge::Cleared(standing)) = edge;
        let mut payload = payload_of(&self.owner, standing);
        let event = match edge {
            Edge::Raised(_) => CONDITION_RAISED,
            Edge::Cleared(_) => {
                payload["cleared_ms"] = json!(now_ms);
                CONDITION_CLEARED
            }
        };
        to.announce(event, &payload.to_string())
    }

    /// No code panics while it holds the lock, so a poisoned state is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The payload of an event about a condition of `owner`.
#[must_use]
pub(crate) fn payload_of(owner: &str, standing: &StandingCondition) -> Value {
    // Texts and numbers always have a JSON form.
    let mut payload = json!(standing);
    payload["extension"] = json!(owner);
    payload
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// Keeps what is published; whether there is no room, and the minute.
    #[derive(Default)]
    struct Published(Mutex<Vec<String>>, AtomicBool, AtomicU64);

    impl Announce for Published {
        type Full = &'static str;

        fn now_ms(&self) -> u64 {
            MINUTE_MS * (1 + self.2.load(Ordering::Relaxed))
        }

        fn announce(&self, event: &str, _: &str) -> Result<(), Self::Full> {
            if self.1.load(Ordering::Relaxed) {
                return Err("no room");
            }
            self.0.lock().unwrap().push(event.to_owned());
            Ok(())
        }
    }

    fn one(code: &str) -> Vec<Condition> {
        vec![Condition::new(code, Severity::Info, "text")]
    }

    #[test]
    fn inherited_conditions_end_if_nothing_is_reported() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        conditions.report(one("old"), &to);
        let now = Instant::now();
        conditions.inherit(now);
        conditions.end_inherited(now, &to);
        assert_eq!(conditions.get().len(), 1);
        conditions.end_inherited(now + INHERITED_TIMEOUT, &to);
        assert!(conditions.get().is_empty());
        assert_eq!(*to.0.lock().unwrap(), [CONDITION_RAISED, CONDITION_CLEARED]);
    }

    #[test]
    fn reported_conditions_are_not_inherited() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        conditions.report(one("old"), &to);
        let now = Instant::now();
        conditions.inherit(now);
        conditions.report(one("old"), &to);
        conditions.end_inherited(now + INHERITED_TIMEOUT, &to);
        assert_eq!(conditions.get().len(), 1);
    }

    #[test]
    fn edges_of_a_minute_are_bounded_and_the_set_is_right() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        for number in 0..EDGES_COUNT_MAX {
            conditions.report(one(&format!("a{number}")), &to);
        }
        assert_eq!(to.0.lock().unwrap().len(), EDGES_COUNT_MAX as usize);
        let last = format!("a{}", EDGES_COUNT_MAX - 1);
        assert_eq!(conditions.get()[0].condition.code, last);
    }

    #[test]
    fn edges_beyond_the_bound_are_published_later() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        for number in 0..EDGES_COUNT_MAX {
            conditions.report(one(&format!("a{number}")), &to);
        }
        conditions.report(Vec::new(), &to);
        assert!(!conditions.announced().is_empty());
        to.2.store(1, Ordering::Relaxed);
        conditions.publish_rest(&to);
        assert_eq!(conditions.announced(), []);
        let published = to.0.lock().unwrap();
        assert_eq!(published.last().unwrap(), CONDITION_CLEARED);
    }

    #[test]
    fn edge_without_room_is_published_later() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        conditions.report(one("old"), &to);
        to.1.store(true, Ordering::Relaxed);
        conditions.report(one("new"), &to);
        assert_eq!(conditions.get()[0].condition.code, "new");
        to.1.store(false, Ordering::Relaxed);
        conditions.publish_rest(&to);
        conditions.publish_rest(&to);
        let expected = [CONDITION_RAISED, CONDITION_RAISED, CONDITION_CLEARED];
        assert_eq!(*to.0.lock().unwrap(), expected);
    }

    #[test]
    fn stopped_owner_reports_when_it_starts_again() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        conditions.report(one("old"), &to);
        conditions.clear(&to);
        conditions.report(one("late"), &to);
        assert!(conditions.get().is_empty());
        conditions.start();
        conditions.report(one("new"), &to);
        assert_eq!(conditions.get().len(), 1);
    }

    #[test]
    fn removed_owner_reports_no_more() {
        let (conditions, to) = (Conditions::new("a"), Published::default());
        conditions.report(one("old"), &to);
        conditions.end(&to);
        conditions.report(one("late"), &to);
        assert!(conditions.get().is_empty());
    }
}
