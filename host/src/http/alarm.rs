//! One timer for all deadlines of a connection, which come one after the other.
//!
//! A busy connection sets thousands of deadlines a second, and hardly one passes. Each timer of the runtime costs a lock
//! when it is set and one when it is dropped. This timer stays as it is when a later deadline is set: it rings early and
//! is set once more.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant as StdInstant};

use hyper::rt::{Sleep as HyperSleep, Timer};
use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of one connection. Its deadlines wake the task that waited last, so that one task must wait for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Alarm(Arc<Mutex<Pin<Box<Sleep>>>>);

impl Alarm {
    /// A timer that is not set. Call it where a runtime is running.
    #[must_use]
    pub(crate) fn new() -> Self {
        let sleep = Box::pin(sleep_until(Instant::now()));
        Self(Arc::new(Mutex::new(sleep)))
    }

    /// Waits for `future`; `None` if that takes longer than `limit`.
    pub(crate) async fn timeout<F: Future + Unpin>(
        &self,
        limit: Duration,
        mut future: F,
    ) -> Option<F::Output> {
        let deadline = Instant::now() + limit;
        poll_fn(|context| match Pin::new(&mut future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll_until(deadline, context).map(|()| None),
        })
        .await
    }

    /// Waits until `deadline`.
    pub(crate) fn poll_until(&self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        // No code panics while it holds the lock, so a poisoned timer is still whole.
        let mut sleep = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // Later than wanted, or early and done: only then does the runtime's timer change.
            if sleep.deadline() > deadline || sleep.is_elapsed() {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
        }
    }
}

impl Timer for Alarm {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn HyperSleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn HyperSleep>> {
        Box::pin(Deadline {
            alarm: self.clone(),
            deadline: deadline.into(),
        })
    }

    fn now(&self) -> StdInstant {
        Instant::now().into()
    }
}

/// A deadline of the HTTP server.
struct Deadline {
    alarm: Alarm,
    deadline: Instant,
}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.alarm.poll_until(self.deadline, context)
    }
}

impl HyperSleep for Deadline {}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::Waker;

    use super::*;

    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_secs(3_600);

    /// Waits for the deadline once, as for a reply that comes before it.
    fn wait_once(alarm: &Alarm, limit: Duration) {
        let mut deadline = alarm.sleep(limit);
        let mut context = Context::from_waker(Waker::noop());
        assert!(deadline.as_mut().poll(&mut context).is_pending());
    }

    #[tokio::test]
    async fn what_comes_in_time_is_returned() {
        assert_eq!(Alarm::new().timeout(LONG, ready(7)).await, Some(7));
    }

    #[tokio::test]
    async fn earlier_deadline_after_a_later_one_passes() {
        let alarm = Alarm::new();
        wait_once(&alarm, LONG);
        assert_eq!(alarm.timeout(SHORT, pending::<()>()).await, None);
    }

    #[tokio::test]
    async fn later_deadline_outlasts_an_early_ring() {
        let alarm = Alarm::new();
        wait_once(&alarm, SHORT * 20);
        let begin = StdInstant::now();
        let limit = SHORT * 60;
        assert_eq!(alarm.timeout(limit, pending::<()>()).await, None);
        assert!(begin.elapsed() >= limit);
    }

    #[tokio::test]
    async fn deadline_in_the_past_passes_at_once() {
        let alarm = Alarm::new();
        let past = alarm.now();
        wait_once(&alarm, LONG);
        alarm.sleep_until(past).await;
    }
}
