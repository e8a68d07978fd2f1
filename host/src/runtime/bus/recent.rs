//! The latest events, for the operator.
//!
//! Invariant: count and bytes are bounded. Payloads are shared with the mailboxes; of a long one the beginning is copied,
//! so that none outlives its handlers because of this.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::runtime::event::{Event, UPDATE};

/// Events that are kept.
pub(crate) const RECENT_COUNT_MAX: usize = 2_000;

/// Bytes of their payloads.
pub(crate) const RECENT_BYTES_MAX: usize = 4 << 20;

/// Bytes of one payload; the rest of a longer one is left out.
pub(crate) const SHOWN_BYTES_MAX: usize = 4 << 10;

/// An event that was published.
#[derive(Clone, Debug)]
pub(crate) struct RecentEvent {
    /// Its number among all that were kept, one more than that of the one before.
    pub seq: u64,
    /// When it was published, in Unix milliseconds.
    pub at_ms: u64,
    /// Who emitted it.
    pub emitter: Arc<str>,
    /// The event; its payload may be cut.
    pub event: Arc<Event>,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
}

impl RecentEvent {
    /// Whether the end of its payload is left out.
    #[must_use]
    pub(crate) fn is_cut(&self) -> bool {
        self.event.payload.len() < self.payload_bytes
    }
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Those after the one of this number; the latest if there is none.
    pub after: Option<u64>,
    /// Those of this emitter.
    pub emitter: Option<String>,
    /// Those of this name.
    pub name: Option<String>,
    /// At most so many.
    pub count: usize,
}

impl Wanted {
    fn fits(&self, found: &RecentEvent) -> bool {
        let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|it| it == name);
        is(&self.emitter, &found.emitter) && is(&self.name, &found.event.name)
    }
}

/// A part of the latest events.
#[derive(Debug)]
pub(crate) struct Page {
    /// In their order.
    pub events: Vec<RecentEvent>,
    /// What to ask for next in [`Wanted::after`].
    pub next: u64,
    /// Number of events after the wanted number that are no longer kept, whatever their emitter and name.
    pub lost: u64,
}

#[derive(Debug)]
pub(super) struct Recent {
    kept: VecDeque<RecentEvent>,
    bytes: usize,
    /// Number of the last one.
    last: u64,
    /// Number before the first of this run.
    origin: u64,
}

impl Recent {
    /// No events; the first has the number after `origin`.
    #[must_use]
    pub(super) fn starting_after(origin: u64) -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            last: origin,
            origin,
        }
    }

    /// Keeps an event in place of the oldest ones. `update` is left out: it comes all the time and says nothing.
    pub(super) fn push(&mut self, at_ms: u64, emitter: &Arc<str>, event: &Arc<Event>) {
        if &*event.name == UPDATE {
            return;
        }
        self.last += 1;
        let payload_bytes = event.payload.len();
        let event = if payload_bytes > SHOWN_BYTES_MAX {
            Arc::new(Event {
                sequence: event.sequence,
                name: Arc::clone(&event.name),
                payload: event.payload[..SHOWN_BYTES_MAX].into(),
                outbox_id: event.outbox_id,
                latest: event.latest,
            })
        } else {
            Arc::clone(event)
        };
        self.bytes += event.payload.len();
        self.kept.push_back(RecentEvent {
            seq: self.last,
            at_ms,
            emitter: Arc::clone(emitter),
            event,
            payload_bytes,
        });
        while self.kept.len() > RECENT_COUNT_MAX || self.bytes > RECENT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else {
                return;
            };
            self.bytes -= oldest.event.payload.len();
        }
    }

    /// The wanted part.
    #[must_use]
    pub(super) fn page(&self, wanted: &Wanted) -> Page {
        let Some(after) = wanted.after else {
            let fitting = self.kept.iter().filter(|found| wanted.fits(found));
            let mut events: Vec<_> = fitting.rev().take(wanted.count).cloned().collect();
            events.reverse();
            return Page {
                events,
                next: self.last,
                lost: 0,
            };
        };
        // A number that is ahead is one of a run whose clock was ahead: nothing of this one was seen.
        let after = if after > self.last { 0 } else { after };
        let first = self.kept.front().map_or(self.last + 1, |oldest| oldest.seq);
        let lost = (first - 1).saturating_sub(after.max(self.origin));
        // Numbers have no gaps, so the place of the next one follows from them. Requests that are held ask after each event,
        // under the bus's lock, and must not look at the older ones each time.
        let begin = usize::try_from((after + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let later = self.kept.range(begin.min(self.kept.len())..);
        let fitting = later.filter(|found| wanted.fits(found));
        let events: Vec<_> = fitting.take(wanted.count).cloned().collect();
        let next = match events.last() {
            Some(found) if events.len() == wanted.count => found.seq,
            _ => self.last,
        };
        Page { events, next, lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(recent: &mut Recent, name: &str, bytes: usize) {
        let event = Event {
            sequence: 0,
            name: name.into(),
            payload: vec![b'x'; bytes].into(),
            outbox_id: None,
            latest: false,
        };
        recent.push(7, &"emitter".into(), &Arc::new(event));
    }

    fn after(after: u64) -> Wanted {
        Wanted {
            after: Some(after),
            count: 3,
            ..Wanted::default()
        }
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let mut recent = Recent::starting_after(100);
        for name in ["a", "update", "b", "a", "b", "a"] {
            push(&mut recent, name, 2);
        }
        let page = recent.page(&after(0));
        let seqs = |page: &Page| page.events.iter().map(|it| it.seq).collect::<Vec<_>>();
        assert_eq!(
            (seqs(&page), page.next, page.lost),
            (vec![101, 102, 103], 103, 0)
        );
        let page = recent.page(&after(103));
        assert_eq!((seqs(&page), page.next), (vec![104, 105], 105));
        assert_eq!(seqs(&recent.page(&after(105))), [0; 0]);
        let named = Wanted {
            name: Some("b".to_owned()),
            count: 1,
            ..Wanted::default()
        };
        assert_eq!(seqs(&recent.page(&named)), [104], "the latest of the name");
    }

    #[test]
    fn count_and_bytes_are_bounded() {
        let mut recent = Recent::starting_after(0);
        for _ in 0..RECENT_COUNT_MAX + 5 {
            push(&mut recent, "a", 1);
        }
        let page = recent.page(&after(2));
        assert_eq!((page.lost, page.events[0].seq), (3, 6));
        let count = RECENT_COUNT_MAX as u64;
        let page = recent.page(&after(count));
        let seqs: Vec<_> = page.events.iter().map(|it| it.seq - count).collect();
        assert_eq!((seqs, page.next - count), (vec![1, 2, 3], 3));
        assert!(recent.page(&after(count + 5)).events.is_empty());
        for _ in 0..RECENT_COUNT_MAX {
            push(&mut recent, "long", SHOWN_BYTES_MAX + 1);
        }
        assert!(recent.bytes <= RECENT_BYTES_MAX);
        let newest = recent.kept.back().unwrap();
        assert!(newest.is_cut());
        assert_eq!(newest.event.payload.len(), SHOWN_BYTES_MAX);
    }
}
