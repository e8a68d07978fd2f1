//! The items and commands that wait for one extension.
//!
//! Invariants: items are taken in the order in which they were put, but for events of which only the latest counts
//! (`queue.rs`). Room for an event is claimed before it is published, so no more than [`EVENTS_MAX`] events,
//! [`REQUESTS_MAX`] requests of [`REQUESTS_BYTES_MAX`] together, [`COMMAND_CALLS_MAX`] calls of commands and the latest of each
//! kind wait, besides the run that was taken out last. Timers and connections have bounds of their own. The mailbox belongs to the host, not to a version:
//! its contents survive a reload.

mod queue;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::limits::CONNECTIONS_MAX;
use crate::runtime::command::Command;
use crate::runtime::item::{CommandCall, Delivery, Item, RouteClient, StartResult};
use crate::runtime::mailbox::queue::Queue;
use crate::runtime::route_request::RouteRequest;
use crate::runtime::socket_event::SocketEvent;

/// Events that may wait; emitting a further one fails.
pub const EVENTS_MAX: usize = 100_000;

/// Requests that may wait; a further one is answered 503. After a restart all clients may ask at the same time.
pub(crate) const REQUESTS_MAX: usize = CONNECTIONS_MAX;

/// Bytes of the requests that may wait; a further one is answered 503. Twice what long bodies may have: those alone leave room for
/// short ones.
const REQUESTS_BYTES_MAX: usize = 256 << 20;

/// Calls of commands that may wait; a further one is refused. Counted apart from those that are waited for: a call outlives
/// its caller.
pub(crate) const COMMAND_CALLS_MAX: usize = 256;

/// Items that are taken out of the queue at once.
const RUN_MAX: usize = 256;

/// What [`Mailbox::take`] returns.
pub(crate) enum Taken {
    /// A command, which goes first.
    Command(Command),
    /// The next item.
    Item(Item),
}

#[derive(Default)]
struct State {
    commands: VecDeque<Command>,
    items: Queue<Item>,
    requests: usize,
    request_bytes: usize,
    command_calls: usize,
    /// A thread sleeps on `filled`.
    asleep: bool,
}

impl State {
    fn is_idle(&self) -> bool {
        self.commands.is_empty() && self.items.is_empty()
    }
}

#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    filled: Condvar,
    /// Items taken out of `state` in a run, so that not each of them needs its lock.
    run: Mutex<VecDeque<Item>>,
    /// Whether `state` holds a command, for checks without its lock.
    commanded: AtomicBool,
    /// Whether the runner carries a swap out: it has taken one, whose outcome is not known yet.
    swapping: AtomicBool,
    /// Number of events that wait, or whose room is claimed.
    claimed: AtomicUsize,
}

impl Mailbox {
    /// Claims room for one event; `false` if there is none.
    #[must_use]
    pub(crate) fn claim(&self) -> bool {
        // Counted before the check: two claims at once never both take the last place.
        let taken = self.claimed.fetch_add(1, Ordering::Relaxed);
        if taken >= EVENTS_MAX {
            self.release(1);
        }
        taken < EVENTS_MAX
    }

    /// Releases the room of events that were taken, or are not published after all.
    pub(crate) fn release(&self, events: usize) {
        self.claimed.fetch_sub(events, Ordering::Relaxed);
    }

    /// Puts events in their order. Their room must have been claimed, but for those of which only the latest counts.
    pub(crate) fn put_events(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut state = self.lock();
        for delivery in deliveries {
            if delivery.event.latest {
                let kind = Arc::clone(&delivery.event.name);
                state.items.push_latest(&kind, Item::Event(delivery));
            } else {
                state.items.push(Item::Event(delivery));
            }
        }
        self.wake(state);
    }

    /// Puts items before all others, in their order: those that an earlier instance has not handled. They need no room.
    pub(crate) fn put_first(&self, items: Vec<Item>) {
        let _ = self.replace_first(|_| false, items, 0);
    }

    /// As [`Mailbox::put_first`], in place of those put first earlier that are outdated. Returns how many items now go before
    /// the one that `count` items, all put first, went before.
    #[must_use]
    pub(crate) fn replace_first(
        &self,
        is_outdated: impl Fn(&Item) -> bool,
        items: Vec<Item>,
        count: usize,
    ) -> usize {
        let mut run = self.lock_run();
        let kept = run.iter().take(count).filter(|item| !is_outdated(item));
        let count = items.len() + kept.count();
        run.retain(|item| !is_outdated(item));
        // Into the run, not the queue: redelivered items go before those taken out already.
        for item in items.into_iter().rev() {
            run.push_front(item);
        }
        drop(run);
        self.wake(self.lock());
        count
    }

    /// Puts the response to an HTTP request of the extension.
    pub(crate) fn put_response(&self, response: Vec<u8>) {
        self.put_item(Item::Response(response.into()));
    }

    /// Puts a timer that is due. An extension has a bounded number of timers, each of which is put once.
    pub(crate) fn put_timer(&self, tag: Arc<str>) {
        self.put_item(Item::Timer(tag));
    }

    /// Puts an event of a websocket connection, of which a bounded number waits for each connection.
    pub(crate) fn put_socket_event(&self, event: SocketEvent) {
        self.put_item(Item::Socket(event));
    }

    /// Puts a call of a command; `false` if too many wait already.
    #[must_use]
    pub(crate) fn put_command_call(
        &self,
        call: CommandCall,
        started: oneshot::Sender<StartResult>,
    ) -> bool {
        let mut state = self.lock();
        if state.command_calls >= COMMAND_CALLS_MAX {
            return false;
        }
        state.command_calls += 1;
        let call = Item::Command(Arc::new(call), Some(started));
        state.items.push(call);
        self.wake(state);
        true
    }

    fn put_item(&self, item: Item) {
        let mut state = self.lock();
        state.items.push(item);
        self.wake(state);
    }

    /// Puts a request to a route; `false` if too many, or too many bytes of them, wait already.
    pub(crate) fn put_request(&self, request: Arc<RouteRequest>, client: RouteClient) -> bool {
        let mut state = self.lock();
        // Whether or not its client still waits: a client that goes away leaves its request here.
        let bytes = state.request_bytes + request.encoded().len();
        if state.requests >= REQUESTS_MAX || bytes > REQUESTS_BYTES_MAX {
            return false;
        }
        state.requests += 1;
        state.request_bytes = bytes;
        state.items.push(Item::Request(request, Some(client)));
        self.wake(state);
        true
    }

    /// Puts a command before all items.
    pub(crate) fn put_command(&self, command: Command) {
        let mut state = self.lock();
        state.commands.push_back(command);
        // Set under the lock, so that a taker that sees it also finds the command.
        self.commanded.store(true, Ordering::Release);
        self.wake(state);
    }

    /// Withdraws the swaps that wait. Returns whether the runner carries another out, which cannot be withdrawn any more.
    #[must_use]
    pub(crate) fn withdraw_swaps(&self) -> bool {
        let mut state = self.lock();
        let commands = &mut state.commands;
        commands.retain(|command| !matches!(command, Command::Swap(_)));
        self.commanded
            .store(!commands.is_empty(), Ordering::Release);
        // Read under the lock, under which it is set: a swap is either withdrawn or seen here.
        self.swapping.load(Ordering::Acquire)
    }

    /// Number of items that wait.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        // One lock after the other: `refill` holds both, in the other order.
        let run = self.lock_run().len();
        run + self.lock().items.len()
    }

    /// Whether no item waits.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for the next command or item.
    pub(crate) fn take(&self) -> Taken {
        if let Some(item) = self.next_of_run() {
            return Taken::Item(item);
        }
        // A thread that is about to put items goes first if it waits for this processor: a sleep and a wake for each
        // item cost more than handling it.
        if self.lock().is_idle() {
            std::thread::yield_now();
        }
        let mut state = self.lock();
        loop {
            if let Some(taken) = self.next_of(&mut state) {
                return taken;
            }
            state.asleep = true;
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.asleep = false;
        }
    }

    /// Waits for a command until the deadline; items stay where they are.
    pub(crate) fn take_command(&self, deadline: Instant) -> Option<Command> {
        self.end_swap();
        let mut state = self.lock();
        loop {
            if let Some(command) = self.next_command(&mut state) {
                return Some(command);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state.asleep = true;
            (state, _) = self
                .filled
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
            state.asleep = false;
        }
    }

    /// The next command or item, if there is one.
    pub(crate) fn try_take(&self) -> Option<Taken> {
        let next = self.next_of_run().map(Taken::Item);
        next.or_else(|| self.next_of(&mut self.lock()))
    }

    /// Ends the swap that the runner carries out: its outcome is known, or the runner takes again.
    pub(crate) fn end_swap(&self) {
        // Loaded first: nearly no item comes after a swap, and a store takes the line of memory from those that put.
        if self.swapping.load(Ordering::Relaxed) {
            self.swapping.store(false, Ordering::Release);
        }
    }

    fn next_of_run(&self) -> Option<Item> {
        self.end_swap();
        // Locked in the order `state`, `run` everywhere, or alone: else two threads could wait for each other.
        let mut run = self.lock_run();
        let commanded = self.commanded.load(Ordering::Acquire);
        if commanded { None } else { run.pop_front() }
    }

    fn next_of(&self, state: &mut State) -> Option<Taken> {
        let command = self.next_command(state).map(Taken::Command);
        command.or_else(|| self.refill(state).map(Taken::Item))
    }

    fn next_command(&self, state: &mut State) -> Option<Command> {
        let command = state.commands.pop_front()?;
        let more = !state.commands.is_empty();
        // Cleared with the last command only: items of the run wait for all of them.
        self.commanded.store(more, Ordering::Release);
        let swaps = matches!(command, Command::Swap(_));
        self.swapping.store(swaps, Ordering::Release);
        Some(command)
    }

    /// Moves a run of items from `state` to `run`, and takes the first of them.
    fn refill(&self, state: &mut State) -> Option<Item> {
        let mut run = self.lock_run();
        let mut events = 0;
        while run.len() < RUN_MAX
            && let Some(item) = state.items.pop()
        {
            match &item {
                Item::Event(delivery) => events += usize::from(!delivery.event.latest),
                Item::Request(request, _) => {
                    state.requests -= 1;
                    state.request_bytes -= request.encoded().len();
                }
                Item::Command(..) => state.command_calls -= 1,
                Item::Response(_) | Item::Timer(_) | Item::Socket(_) => {}
            }
            run.push_back(item);
        }
        // The run counts no longer, so a mailbox holds a run more than its bound.
        self.release(events);
        run.pop_front()
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.asleep) {
            // Unlocked first: the woken thread would only wait for the lock.
            drop(state);
            self.filled.notify_one();
        }
    }

    fn lock_run(&self) -> MutexGuard<'_, VecDeque<Item>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No code panics while it holds the lock, so a poisoned state is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::Ticket;
    use tig_plugin_api::frame::CommandHead;

    use super::*;
    use crate::runtime::event::Event;

    fn delivery(sequence: u64, name: &str) -> Delivery {
        let event = Arc::new(Event {
            sequence,
            name: name.into(),
            payload: Arc::from(&b"{}"[..]),
            outbox_id: None,
            latest: name == "latest",
        });
        Delivery {
            event,
            redelivered: false,
        }
    }

    fn put(mailbox: &Mailbox, sequence: u64, name: &str) {
        assert!(name == "latest" || mailbox.claim());
        mailbox.put_events([delivery(sequence, name)]);
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
        (1..=3).for_each(|sequence| put(&mailbox, sequence, "a"));
        mailbox.put_first([7, 8].map(|n| Item::Event(delivery(n, "a"))).into());
        let order: Vec<u64> = (0..5).map(|_| take_sequence(&mailbox)).collect();
        assert_eq!(order, [7, 8, 1, 2, 3]);
    }

    #[test]
    fn outdated_first_items_are_replaced() {
        let mailbox = Mailbox::default();
        put(&mailbox, 1, "a");
        let first = |name| vec![Item::Event(delivery(7, name))];
        mailbox.put_first(first("kept"));
        mailbox.put_first(first("stale"));
        let is_stale =
            |item: &Item| matches!(item, Item::Event(delivery) if *delivery.event.name == *"stale");
        let items = ["stale", "stale"].map(|name| Item::Event(delivery(8, name)));
        let before_the_last = mailbox.replace_first(is_stale, items.into(), 2);
        assert_eq!(before_the_last, 3);
        let order: Vec<u64> = (0..4).map(|_| take_sequence(&mailbox)).collect();
        assert_eq!(order, [8, 8, 7, 1]);
        assert!(mailbox.is_empty());
    }

    #[test]
    fn only_the_latest_of_some_events_waits() {
        let mailbox = Mailbox::default();
        put(&mailbox, 1, "latest");
        put(&mailbox, 2, "a");
        put(&mailbox, 3, "latest");
        put(&mailbox, 4, "a");
        let order: Vec<u64> = (0..3).map(|_| take_sequence(&mailbox)).collect();
        assert_eq!(order, [2, 3, 4]);
        put(&mailbox, 5, "latest");
        assert_eq!(take_sequence(&mailbox), 5);
    }

    #[test]
    fn room_is_claimed_before_it_is_filled() {
        let mailbox = Mailbox::default();
        assert!((0..EVENTS_MAX).all(|_| mailbox.claim()));
        assert!(!mailbox.claim());
        mailbox.put_events([delivery(1, "a")]);
        assert!(!mailbox.claim(), "claimed room is filled");
        mailbox.take();
        assert!(mailbox.claim(), "a taken event makes room");
        mailbox.release(1);
        assert!(mailbox.claim(), "a released claim makes room");
    }

    fn stop() -> Command {
        Command::Stop(std::sync::mpsc::channel().0)
    }

    #[test]
    fn commands_go_first() {
        let mailbox = Mailbox::default();
        put(&mailbox, 1, "a");
        mailbox.put_command(stop());
        assert!(matches!(mailbox.take(), Taken::Command(Command::Stop(_))));
        assert_eq!(take_sequence(&mailbox), 1);
    }

    #[test]
    fn take_command_leaves_items_waiting() {
        let mailbox = Mailbox::default();
        put(&mailbox, 1, "a");
        assert!(mailbox.take_command(Instant::now()).is_none());
        mailbox.put_command(stop());
        assert!(mailbox.take_command(Instant::now()).is_some());
        assert_eq!(take_sequence(&mailbox), 1);
    }

    #[test]
    fn waiting_requests_are_bounded() {
        let mailbox = Mailbox::default();
        let request = Arc::new(RouteRequest::new("GET", "/", &()).unwrap());
        let client = || RouteClient::new(oneshot::channel().0, None);
        let put = || mailbox.put_request(Arc::clone(&request), client());
        assert!((0..REQUESTS_MAX).all(|_| put()));
        assert!(!put());
        mailbox.take();
        assert!(put());
    }

    #[test]
    fn bytes_of_waiting_requests_are_bounded() {
        let mailbox = Mailbox::default();
        let request = RouteRequest::new("POST", "/", &()).unwrap();
        // Shared: the test itself needs no more memory than one of them.
        let request = Arc::new(request.with_body(&vec![b'x'; 1 << 20]));
        let client = || RouteClient::new(oneshot::channel().0, None);
        let put = || mailbox.put_request(Arc::clone(&request), client());
        let fitting = REQUESTS_BYTES_MAX / request.encoded().len();
        assert!((0..fitting).all(|_| put()));
        assert!(!put());
        drop(mailbox.take());
        assert!((0..fitting).all(|_| put()), "the room is free again");
        assert!(!put());
    }

    #[test]
    fn waiting_command_calls_are_bounded() {
        let mailbox = Mailbox::default();
        let put = || {
            let head = CommandHead {
                ticket: Ticket::from_number(1),
                command: "a".to_owned(),
            };
            let arguments = Vec::new();
            // Nobody waits for its start.
            mailbox.put_command_call(CommandCall { head, arguments }, oneshot::channel().0)
        };
        assert!((0..COMMAND_CALLS_MAX).all(|_| put()));
        assert!(!put());
        mailbox.take();
        assert!(put());
    }
}
