//! Numbers events in one global order and puts them into the mailboxes of their subscribers.
//!
//! Invariants: [`Bus::claim`] finds the subscribers of an event and claims room in their mailboxes when it is emitted;
//! the event gets its sequence number when it is published, under one lock with the mailboxes, so that every extension
//! sees events in the same order. Publishing never blocks on an extension and never fails.

mod recent;
mod router;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::recent::{Page, RecentEvent, Wanted};
use crate::runtime::bus::recent::Recent;
use crate::runtime::bus::router::{Route, Router};
use crate::runtime::clock::Clock;
use crate::runtime::event::{Event, HOST, Kind};
use crate::runtime::extension::Extension;
use crate::runtime::item::Delivery;
use crate::runtime::mailbox::EVENTS_MAX;
use crate::store::Emitted;

/// The running extensions and the events that they handle.
struct Table {
    /// In the config's order.
    extensions: Vec<(Arc<Extension>, Vec<String>)>,
    router: Router<Arc<Extension>>,
}

impl Table {
    fn rebuild(&mut self) {
        let subscriptions = self
            .extensions
            .iter()
            .map(|(extension, events)| (Arc::clone(extension), events.as_slice()));
        self.router = Router::new(subscriptions);
    }
}

pub(crate) struct Bus {
    table: Mutex<Table>,
    order: Mutex<Order>,
    clock: Clock,
    /// Emitter of the host's own events.
    host: Arc<str>,
}

/// What publishers share.
struct Order {
    /// The last sequence number.
    last: u64,
    recent: Recent,
}

/// An emitted event that is not published yet. Dropped, it releases the claimed room.
#[derive(Debug)]
pub(crate) struct Outgoing {
    route: Arc<Route<Arc<Extension>>>,
    payload: Arc<[u8]>,
    kind: Kind,
    /// Key in the outbox, once the event is stored there.
    outbox_id: Option<u64>,
    published: bool,
}

impl Emitted for Outgoing {
    fn name(&self) -> &str {
        &self.route.event
    }

    fn payload(&self) -> &[u8] {
        &self.payload
    }

    fn is_durable(&self) -> bool {
        self.kind == Kind::Durable && self.is_handled()
    }

    fn subscribers(&self) -> impl Iterator<Item = &str> {
        self.route
            .subscribers
            .iter()
            .map(|extension| extension.name.as_str())
    }

    fn set_outbox_id(&mut self, id: u64) {
        self.outbox_id = Some(id);
    }
}

impl Outgoing {
    /// Whether any extension handles it.
    #[must_use]
    pub(crate) fn is_handled(&self) -> bool {
        !self.route.subscribers.is_empty()
    }

    /// The route, and the event with its sequence number.
    fn numbered(mut self, sequence: u64) -> (Arc<Route<Arc<Extension>>>, Arc<Event>) {
        // The room now belongs to the events in the mailboxes, so dropping must not release it.
        self.published = true;
        let event = Arc::new(Event {
            sequence,
            name: Arc::clone(&self.route.event),
            payload: Arc::clone(&self.payload),
            outbox_id: self.outbox_id,
            latest: self.kind == Kind::Latest,
        });
        (Arc::clone(&self.route), event)
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        // Events of which only the latest waits claim no room.
        if !self.published && self.kind != Kind::Latest {
            for extension in &self.route.subscribers {
                extension.mailbox.release(1);
            }
        }
    }
}

fn delivery(event: &Arc<Event>) -> Delivery {
    Delivery {
        event: Arc::clone(event),
        redelivered: false,
    }
}

/// An extension has no room for an event.
#[derive(Debug, thiserror::Error)]
#[error(
    "event `{event}`: extension `{extension}` has no room, {EVENTS_MAX} events wait for it; emit less or try later"
)]
pub struct Full {
    /// Name of the event.
    pub event: String,
    /// Name of the extension.
    pub extension: String,
}

impl Bus {
    /// A bus without extensions, with the time of `clock`.
    #[must_use]
    pub(crate) fn new(clock: Clock) -> Self {
        // Numbers of kept events grow from one run to the next: whoever asks for later ones misses none after a restart.
        let origin = clock.now_us();
        Self {
            table: Mutex::new(Table {
                extensions: Vec::new(),
                router: Router::new([]),
            }),
            order: Mutex::new(Order {
                last: 0,
                recent: Recent::starting_after(origin),
            }),
            clock,
            host: HOST.into(),
        }
    }

    /// Sets the events that `extension` handles. An extension that is not in the table yet is added at its end, unless it was
    /// removed: another may stand there under its name.
    pub(crate) fn subscribe(&self, extension: &Arc<Extension>, events: &[String]) {
        let mut table = lock(&self.table);
        if extension.is_removed.load(Ordering::Relaxed) {
            return;
        }
        let known = table
            .extensions
            .iter_mut()
            .find(|(known, _)| Arc::ptr_eq(known, extension));
        match known {
            Some((_, before)) => *before = events.to_vec(),
            None => table
                .extensions
                .push((Arc::clone(extension), events.to_vec())),
        }
        table.rebuild();
    }

    /// Removes `extension` for good: it handles no events any more.
    pub(crate) fn remove(&self, extension: &Arc<Extension>) {
        let mut table = lock(&self.table);
        // Under the lock: its thread may still switch versions or roll one back, and subscribe again.
        extension.is_removed.store(true, Ordering::Relaxed);
        table
            .extensions
            .retain(|(known, _)| !Arc::ptr_eq(known, extension));
        table.rebuild();
    }

    /// Sorts the extensions by `names`.
    pub(crate) fn order(&self, names: &[String]) {
        let mut table = lock(&self.table);
        let place = |extension: &Extension| names.iter().position(|name| *name == extension.name);
        table
            .extensions
            .sort_by_key(|(extension, _)| place(extension));
        table.rebuild();
    }

    /// Whether any extension handles the event.
    #[must_use]
    pub(crate) fn is_handled(&self, event: &str) -> bool {
        lock(&self.table).router.route(event).is_some()
    }

    /// The running extensions, in the config's order.
    #[must_use]
    pub(crate) fn extensions(&self) -> Vec<Arc<Extension>> {
        let table = lock(&self.table);
        table
            .extensions
            .iter()
            .map(|(extension, _)| Arc::clone(extension))
            .collect()
    }

    /// The first of the running extensions, in the config's order, with this property.
    pub(crate) fn find(&self, property: impl Fn(&Extension) -> bool) -> Option<Arc<Extension>> {
        let table = lock(&self.table);
        let mut extensions = table.extensions.iter();
        let found = extensions.find(|(extension, _)| property(extension));
        found.map(|(extension, _)| Arc::clone(extension))
    }

    /// Finds the subscribers of an event and claims room for it. An event without subscribers is published too: the
    /// operator may look for it.
    ///
    /// # Errors
    ///
    /// A subscriber has no room; then no room is claimed at all.
    pub(crate) fn claim(&self, name: &str, payload: &[u8], kind: Kind) -> Result<Outgoing, Full> {
        // The route is cloned out of the table: claims of other events must not wait for the mailboxes below.
        let known = lock(&self.table).router.route(name).cloned();
        let route = known.unwrap_or_else(|| Arc::new(Route::without_subscribers(name)));
        if kind != Kind::Latest {
            for (place, extension) in route.subscribers.iter().enumerate() {
                if extension.mailbox.claim() {
                    continue;
                }
                // All or none: a claim that stays would fill the mailbox with events that never come.
                for claimed in &route.subscribers[..place] {
                    claimed.mailbox.release(1);
                }
                return Err(Full {
                    event: name.to_owned(),
                    extension: extension.name.clone(),
                });
            }
        }
        Ok(Outgoing {
            route,
            payload: payload.into(),
            kind,
            outbox_id: None,
            published: false,
        })
    }

    /// Publishes events of `emitter` in their order, with one lock of each mailbox for all of them.
    pub(crate) fn publish(&self, emitter: &Arc<str>, events: Vec<Outgoing>) {
        let at_ms = self.clock.now_ms();
        // Held until all mailboxes have the events: numbers alone would not keep two publishers from overtaking each
        // other.
        let mut order = lock(&self.order);
        let mut number = |outgoing: Outgoing| {
            order.last += 1;
            let (route, event) = outgoing.numbered(order.last);
            order.recent.push(at_ms, emitter, &event);
            (route, event)
        };
        let count = events.len();
        // Most handlers emit one event, which needs no lists.
        if count == 1 {
            for (route, event) in events.into_iter().map(number) {
                for extension in &route.subscribers {
                    extension.mailbox.put_events([delivery(&event)]);
                }
            }
            return;
        }
        // The mailbox of a subscriber is locked once, not once per event.
        let mut shares: Vec<(Arc<Extension>, Vec<Delivery>)> = Vec::new();
        for (route, event) in events.into_iter().map(&mut number) {
            for extension in &route.subscribers {
                let known = shares
                    .iter()
                    .position(|(known, _)| Arc::ptr_eq(known, extension));
                let place = known.unwrap_or_else(|| {
                    shares.push((Arc::clone(extension), Vec::with_capacity(count)));
                    shares.len() - 1
                });
                shares[place].1.push(delivery(&event));
            }
        }
        for (extension, share) in shares {
            extension.mailbox.put_events(share);
        }
    }

    /// The latest events, for the operator.
    #[must_use]
    pub(crate) fn recent(&self, wanted: &Wanted) -> Page {
        lock(&self.order).recent.page(wanted)
    }

    /// Publishes an event of the host itself.
    ///
    /// # Errors
    ///
    /// As for [`Bus::claim`].
    pub(crate) fn emit(&self, name: &str, payload: &[u8], kind: Kind) -> Result<(), Full> {
        let outgoing = self.claim(name, payload, kind)?;
        self.publish(&self.host, vec![outgoing]);
        Ok(())
    }
}

/// No code panics while it holds one of the locks, so poisoned contents are still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::item::Item;
    use crate::runtime::mailbox::Taken;

    fn bus(subscriptions: &[Vec<String>]) -> Bus {
        let bus = Bus::new(Clock::start());
        for (index, events) in subscriptions.iter().enumerate() {
            bus.subscribe(&Arc::new(Extension::new(&index.to_string())), events);
        }
        bus
    }

    fn drain(extension: &Extension, count: usize) -> Vec<Arc<Event>> {
        let event = |_| match extension.mailbox.take() {
            Taken::Item(Item::Event(delivery)) => delivery.event,
            _ => panic!("expected an event"),
        };
        (0..count).map(event).collect()
    }

    proptest! {
        /// No event is lost, repeated or reordered for any extension, from however many threads the events come.
        #[test]
        fn every_subscriber_gets_each_event_once_in_order(
            subscriptions in prop::collection::vec(prop::collection::vec("[abc]", 0..3), 1..4),
            batches in prop::collection::vec(prop::collection::vec("[abcd]", 0..8), 1..4),
        ) {
            let bus = bus(&subscriptions);
            std::thread::scope(|scope| {
                for batch in &batches {
                    scope.spawn(|| {
                        let claim = |name: &String| bus.claim(name, b"{}", Kind::Plain).unwrap();
                        bus.publish(&"emitter".into(), batch.iter().map(claim).collect());
                    });
                }
            });
            let published = batches.concat();
            let mut order = std::collections::BTreeMap::new();
            for (extension, events) in bus.extensions().iter().zip(&subscriptions) {
                let mut expected: Vec<&String> =
                    published.iter().filter(|name| events.contains(*name)).collect();
                let got = drain(extension, expected.len());
                prop_assert!(extension.mailbox.is_empty(), "nothing is left over");
                prop_assert!(got.is_sorted_by(|a, b| a.sequence < b.sequence));
                for event in &got {
                    let name = order.entry(event.sequence).or_insert_with(|| event.name.clone());
                    prop_assert_eq!(&*name, &event.name, "one order for all");
                }
                let mut names: Vec<String> = got.iter().map(|event| event.name.to_string()).collect();
                names.sort();
                expected.sort();
                prop_assert_eq!(names.iter().collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn event_without_room_claims_nothing() {
        let handles = vec!["a".to_owned()];
        let bus = bus(&[handles.clone(), vec![], handles]);
        let extensions = bus.extensions();
        for _ in 0..EVENTS_MAX {
            assert!(extensions[2].mailbox.claim());
        }
        let full = bus.claim("a", b"{}", Kind::Plain).unwrap_err();
        assert_eq!(full.extension, "2");
        extensions[2].mailbox.release(1);
        let claimed = bus.claim("a", b"{}", Kind::Plain).unwrap();
        assert!(bus.claim("a", b"{}", Kind::Plain).is_err());
        assert!(bus.claim("a", b"{}", Kind::Latest).is_ok(), "needs no room");
        drop(claimed);
        assert!(
            bus.claim("a", b"{}", Kind::Plain).is_ok(),
            "a dropped event releases its room"
        );
    }
}
