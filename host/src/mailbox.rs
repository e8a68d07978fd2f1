//! The queue in front of one extension.
//!
//! Invariants: items are taken in the order in which they were put; a mailbox never holds more than [`EVENTS_MAX`] events,
//! [`REQUESTS_MAX`] requests and one `update`. The mailbox belongs to the host, not to the extension: what waits in it
//! survives a reload.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use tig_plugin_api::{HttpReply, HttpRequest};
use tokio::sync::oneshot;

use crate::{
    event::{Event, UPDATE},
    plugin::Plugin,
};

/// Events that may wait; a transaction that would exceed it fails.
pub const EVENTS_MAX: usize = 100_000;

/// Requests that may wait; a further one is answered 503.
pub const REQUESTS_MAX: usize = 1_000;

/// Something for an extension to handle.
pub enum Item {
    /// An event.
    Event(Delivery),
    /// The answer to an HTTP request of the extension, encoded.
    Response(Vec<u8>),
    /// A request to one of the extension's routes.
    Request(HttpRequest, oneshot::Sender<Answer>),
}

/// An event on its way to one extension.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event, shared.
    pub event: Arc<Event>,
    /// Its key in the outbox, if it is durable.
    pub outbox_id: Option<u64>,
    /// It was given before, without having been handled.
    pub redelivered: bool,
}

/// What a route answers, or why it could not.
pub type Answer = Result<Answered, String>;

/// An extension's answer to a request.
pub struct Answered {
    /// The answer.
    pub reply: HttpReply,
    /// For an answer that is to be held: tells when to ask again.
    pub woken: Option<oneshot::Receiver<()>>,
}

/// Something for the extension's thread itself; goes before waiting items.
pub enum Control {
    /// Replace the instance by one of this plugin, and tell what came of it.
    Swap(Plugin, std::sync::mpsc::Sender<Result<(), String>>),
    /// End the thread. Items that wait stay where they are.
    Stop,
}

/// What [`Mailbox::take`] returns.
pub enum Taken {
    /// See [`Control`].
    Control(Control),
    /// See [`Item`].
    Item(Item),
}

#[derive(Default)]
struct Queue {
    controls: VecDeque<Control>,
    items: VecDeque<Item>,
    events: usize,
    requests: usize,
}

/// See the module's documentation.
#[derive(Default)]
pub struct Mailbox {
    queue: Mutex<Queue>,
    filled: Condvar,
}

impl Mailbox {
    /// Whether `count` further events find room.
    #[must_use]
    pub fn has_room(&self, count: usize) -> bool {
        self.lock().events + count <= EVENTS_MAX
    }

    /// Puts an event. A tick that still waits makes a further one needless.
    pub fn put_event(&self, delivery: Delivery) {
        let mut queue = self.lock();
        if &*delivery.event.name == UPDATE && queue.items.iter().any(is_update) {
            return;
        }
        queue.events += 1;
        queue.items.push_back(Item::Event(delivery));
        self.filled.notify_one();
    }

    /// Puts events before all that waits, in their order: those that an earlier instance has not handled.
    pub fn put_events_first(&self, deliveries: Vec<Delivery>) {
        let mut queue = self.lock();
        for delivery in deliveries.into_iter().rev() {
            queue.events += 1;
            queue.items.push_front(Item::Event(delivery));
        }
        self.filled.notify_one();
    }

    /// Puts the answer to a request of the extension.
    pub fn put_response(&self, response: Vec<u8>) {
        self.lock().items.push_back(Item::Response(response));
        self.filled.notify_one();
    }

    /// Puts a request to a route; `false` if too many wait already.
    pub fn put_request(&self, request: HttpRequest, answer: oneshot::Sender<Answer>) -> bool {
        let mut queue = self.lock();
        if queue.requests >= REQUESTS_MAX {
            return false;
        }
        queue.requests += 1;
        queue.items.push_back(Item::Request(request, answer));
        self.filled.notify_one();
        true
    }

    /// Puts a control before all items.
    pub fn put_control(&self, control: Control) {
        self.lock().controls.push_back(control);
        self.filled.notify_one();
    }

    /// Waits for the next thing to do.
    pub fn take(&self) -> Taken {
        let mut queue = self.lock();
        loop {
            if let Some(control) = queue.controls.pop_front() {
                return Taken::Control(control);
            }
            if let Some(item) = queue.items.pop_front() {
                match item {
                    Item::Event(_) => queue.events -= 1,
                    Item::Request(..) => queue.requests -= 1,
                    Item::Response(_) => {}
                }
                return Taken::Item(item);
            }
            queue = self
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No code panics while it holds the lock, so a poisoned queue is still whole.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_update(item: &Item) -> bool {
    matches!(item, Item::Event(delivery) if &*delivery.event.name == UPDATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(sequence: u64, name: &str) -> Delivery {
        let event = Arc::new(Event {
            sequence,
            name: name.into(),
            payload: Arc::from(&b"{}"[..]),
        });
        Delivery {
            event,
            outbox_id: None,
            redelivered: false,
        }
    }

    fn take_sequence(mailbox: &Mailbox) -> u64 {
        match mailbox.take() {
            Taken::Item(Item::Event(delivery)) => delivery.event.sequence,
            _ => panic!("expected an event"),
        }
    }

    #[test]
    fn events_come_out_in_the_order_they_went_in() {
        let mailbox = Mailbox::default();
        (1..=3).for_each(|sequence| mailbox.put_event(delivery(sequence, "a")));
        mailbox.put_events_first(vec![delivery(7, "a"), delivery(8, "a")]);
        let order: Vec<u64> = (0..5).map(|_| take_sequence(&mailbox)).collect();
        assert_eq!(order, [7, 8, 1, 2, 3]);
    }

    #[test]
    fn ticks_do_not_pile_up() {
        let mailbox = Mailbox::default();
        mailbox.put_event(delivery(1, UPDATE));
        mailbox.put_event(delivery(2, "a"));
        mailbox.put_event(delivery(3, UPDATE));
        mailbox.put_event(delivery(4, "a"));
        let order: Vec<u64> = (0..3).map(|_| take_sequence(&mailbox)).collect();
        assert_eq!(order, [1, 2, 4]);
        mailbox.put_event(delivery(5, UPDATE));
        assert_eq!(take_sequence(&mailbox), 5);
    }

    #[test]
    fn controls_go_first() {
        let mailbox = Mailbox::default();
        mailbox.put_event(delivery(1, "a"));
        mailbox.put_control(Control::Stop);
        assert!(matches!(mailbox.take(), Taken::Control(Control::Stop)));
        assert_eq!(take_sequence(&mailbox), 1);
    }

    #[test]
    fn waiting_requests_are_bounded() {
        let mailbox = Mailbox::default();
        let request = HttpRequest {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            peer: String::new(),
            body: Vec::new(),
        };
        for _ in 0..REQUESTS_MAX {
            assert!(mailbox.put_request(request.clone(), oneshot::channel().0));
        }
        assert!(!mailbox.put_request(request.clone(), oneshot::channel().0));
        mailbox.take();
        assert!(mailbox.put_request(request, oneshot::channel().0));
    }
}
