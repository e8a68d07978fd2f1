//! Parked requests, such as polls for work that is not there yet.
//!
//! Invariant: they are handled again in the order in which they came, and a request whose client has gone away uses up
//! no wake.

use std::collections::VecDeque;

use tokio::sync::oneshot;

#[derive(Default)]
pub(crate) struct ParkedRequests(VecDeque<oneshot::Sender<()>>);

impl ParkedRequests {
    /// Parks a request; the receiver resolves when it is to be handled again.
    pub(crate) fn park(&mut self) -> oneshot::Receiver<()> {
        while self.0.front().is_some_and(oneshot::Sender::is_closed) {
            self.0.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        self.0.push_back(sender);
        receiver
    }

    /// Wakes up to `count` requests, those parked longest first.
    pub(crate) fn wake(&mut self, count: u64) {
        let mut left = count;
        while left > 0
            && let Some(waiting) = self.0.pop_front()
        {
            left -= u64::from(waiting.send(()).is_ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_go_to_the_oldest_clients_that_still_wait() {
        let mut parked = ParkedRequests::default();
        let mut receivers: Vec<_> = (0..4).map(|_| parked.park()).collect();
        receivers.remove(1);
        parked.wake(2);
        let woken: Vec<bool> = receivers
            .iter_mut()
            .map(|receiver| receiver.try_recv().is_ok())
            .collect();
        assert_eq!(woken, [true, true, false]);
        parked.wake(u64::MAX);
        assert!(receivers[2].try_recv().is_ok());
    }
}
