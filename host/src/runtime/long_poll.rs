//! Requests whose answers an extension holds back, such as polls for work that is not there yet.
//!
//! Invariant: they are asked again in the order in which they came, and one whose client has gone away uses up no wake.

use std::collections::VecDeque;

use tokio::sync::oneshot;

#[derive(Default)]
pub(crate) struct ParkedRequests(VecDeque<oneshot::Sender<()>>);

impl ParkedRequests {
    /// Adds a request; what is returned tells when to ask it again.
    pub(crate) fn park(&mut self) -> oneshot::Receiver<()> {
        while self.0.front().is_some_and(oneshot::Sender::is_closed) {
            self.0.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        self.0.push_back(sender);
        receiver
    }

    /// Has up to `count` requests asked again, those parked longest first.
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
    fn the_longest_held_go_first_and_gone_clients_use_up_no_wake() {
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
