//! Gives events their place in the global order and puts them into the mailboxes of those that handle them.
//!
//! Invariant: sequence numbers are given and mailboxes filled under one lock, so that every extension sees events in the
//! same order. Publishing never blocks on an extension.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    event::{Emitted, Event},
    mailbox::{Delivery, Mailbox},
    router::Router,
};

struct State {
    router: Router,
    next_sequence: u64,
}

/// See the module's documentation.
pub struct Bus {
    state: Mutex<State>,
    mailboxes: Vec<Arc<Mailbox>>,
}

/// Keys in the outbox of one event: which extension has it under which key.
pub type OutboxIds = Vec<(usize, u64)>;

impl Bus {
    /// A bus of `count` extensions that handle nothing yet.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            state: Mutex::new(State {
                router: Router::default(),
                next_sequence: 1,
            }),
            mailboxes: (0..count).map(|_| Arc::default()).collect(),
        }
    }

    /// The mailbox of extension `index`.
    ///
    /// # Panics
    ///
    /// The bus has no such extension.
    #[must_use]
    pub fn mailbox(&self, index: usize) -> &Arc<Mailbox> {
        &self.mailboxes[index]
    }

    /// Sets the events that extension `index` handles.
    pub fn subscribe(&self, index: usize, events: &[String]) {
        self.lock().router.subscribe(index, events);
    }

    /// The extensions that handle `event`.
    #[must_use]
    pub fn subscribers(&self, event: &str) -> Vec<usize> {
        self.lock().router.route(event).to_vec()
    }

    /// The first extension whose mailbox has no room for its share of `events`.
    ///
    /// Room is not reserved: handlers that run at the same moment may together exceed the bound by one transaction each.
    #[must_use]
    pub fn without_room(&self, events: &[Emitted]) -> Option<usize> {
        let state = self.lock();
        let mut shares = vec![0; self.mailboxes.len()];
        for event in events {
            for &index in state.router.route(&event.name) {
                shares[index] += 1;
            }
        }
        (0..shares.len())
            .find(|&index| shares[index] > 0 && !self.mailboxes[index].has_room(shares[index]))
    }

    /// Publishes events in their order; `outbox` has the keys of those that are durable.
    pub fn publish(&self, events: Vec<(Emitted, OutboxIds)>) {
        let mut state = self.lock();
        for (emitted, outbox) in events {
            let sequence = state.next_sequence;
            state.next_sequence += 1;
            let event = Arc::new(Event {
                sequence,
                name: emitted.name,
                payload: emitted.payload,
            });
            for &index in state.router.route(&event.name) {
                let outbox_id = outbox
                    .iter()
                    .find(|(of, _)| *of == index)
                    .map(|(_, id)| *id);
                let delivery = Delivery {
                    event: Arc::clone(&event),
                    outbox_id,
                    redelivered: false,
                };
                self.mailboxes[index].put_event(delivery);
            }
        }
    }

    /// Publishes one event that is not durable.
    pub fn publish_one(&self, event: Emitted) {
        self.publish(vec![(event, Vec::new())]);
    }

    /// No code panics while it holds the lock, so a poisoned state is still whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mailbox::{EVENTS_MAX, Item, Taken};

    fn bus(subscriptions: &[Vec<String>]) -> Bus {
        let bus = Bus::new(subscriptions.len());
        for (index, events) in subscriptions.iter().enumerate() {
            bus.subscribe(index, events);
        }
        bus
    }

    fn drain(mailbox: &Mailbox, count: usize) -> Vec<Arc<Event>> {
        let event = |_| match mailbox.take() {
            Taken::Item(Item::Event(delivery)) => delivery.event,
            _ => panic!("expected an event"),
        };
        (0..count).map(event).collect()
    }

    proptest! {
        /// No event is lost, repeated or reordered for any extension, from however many threads they come.
        #[test]
        fn every_subscriber_gets_every_event_once_in_one_order(
            subscriptions in prop::collection::vec(prop::collection::vec("[abc]", 0..3), 1..4),
            batches in prop::collection::vec(prop::collection::vec("[abcd]", 0..8), 1..4),
        ) {
            let bus = bus(&subscriptions);
            std::thread::scope(|scope| {
                for batch in &batches {
                    scope.spawn(|| {
                        let emitted = |name: &String| (Emitted::new(name, b"{}"), Vec::new());
                        bus.publish(batch.iter().map(emitted).collect());
                    });
                }
            });
            let published = batches.concat();
            let mut order = std::collections::BTreeMap::new();
            for (index, events) in subscriptions.iter().enumerate() {
                let mut expected: Vec<&String> =
                    published.iter().filter(|name| events.contains(*name)).collect();
                let got = drain(bus.mailbox(index), expected.len());
                prop_assert!(bus.mailbox(index).has_room(EVENTS_MAX), "nothing is left over");
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
    fn a_full_mailbox_is_named_before_anything_is_published() {
        let bus = bus(&[vec![], vec!["a".to_owned()]]);
        let event = Emitted::new("a", b"{}");
        bus.publish(vec![(event.clone(), Vec::new()); EVENTS_MAX - 1]);
        assert_eq!(bus.without_room(std::slice::from_ref(&event)), None);
        assert_eq!(bus.without_room(&[event.clone(), event]), Some(1));
    }
}
