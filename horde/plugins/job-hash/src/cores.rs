//! Work on all cores: a batch waits for its jobs, and the host calls an extension on one thread.

use std::num::NonZero;
use std::thread;

/// Threads at most: one event has few jobs.
const THREADS_MAX: usize = 8;

/// The results of `map` in the order of `items`.
pub(crate) fn map_on_all_cores<T: Sync, R: Send>(
    items: &[T],
    map: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(threads.clamp(1, THREADS_MAX)).max(1);
    let map = &map;
    thread::scope(|scope| {
        let mut shares = items.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(map).collect::<Vec<_>>()))
            .collect();
        let mut results: Vec<R> = own.iter().map(map).collect();
        for other in others {
            match other.join() {
                Ok(others) => results.extend(others),
                // The host catches the panic of a handler on its own thread.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order() {
        for count in [0, 1, 2, 7, 64] {
            let items: Vec<u32> = (0..count).collect();
            let doubled: Vec<u32> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map_on_all_cores(&items, |item| item * 2), doubled);
        }
    }

    #[test]
    #[should_panic(expected = "the last one")]
    fn panic_of_a_thread_is_that_of_the_caller() {
        map_on_all_cores(&[0, 1, 2, 3], |item| assert!(*item < 3, "the last one"));
    }
}
