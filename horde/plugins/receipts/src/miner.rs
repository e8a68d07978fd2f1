//! What is to be fetched of a miner, and when (section 2.5).
//!
//! A round goes over the pages that are not done, the oldest first: at first those of the last five hours, then the two newest
//! ones, which still grow, each from where it was read to. A miner without any page may be an older one, which serves
//! one file of its last day.

use std::collections::BTreeMap;

use horde_proto::receipt::jsonl::page_number;
use serde::{Deserialize, Serialize};

/// Pages that are fetched of a miner that was never read, or not for long: those of five hours.
const PAGES_COUNT_MAX: u64 = 60;
/// Time between two fetches of the file of an older miner, in milliseconds: it is whole each time.
const CSV_INTERVAL_MS: u64 = 600_000;
/// Time until a miner that has neither pages nor a file is asked for the file again, in milliseconds.
const CSV_ABSENT_MS: u64 = 3_600_000;
/// Longest pause of a miner that does not answer, in milliseconds.
const PAUSE_MS_MAX: u64 = 3_600_000;
/// The place of a page that is not read any more.
const GIVEN_UP: u64 = u64::MAX;

/// What is fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Request {
    /// A page, from this byte on.
    Page {
        /// Its number.
        number: u64,
        /// Bytes that were read before.
        from: u64,
    },
    /// The file of an older miner.
    Csv,
}

/// How far a miner was read; stored.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Progress {
    /// The pages up to this one do not grow any more and were read.
    pub(crate) done_through: Option<u64>,
    /// Bytes that were read of later pages.
    read: BTreeMap<u64, u64>,
    /// The miner has had pages.
    has_pages: bool,
}

/// A miner.
#[derive(Clone, Debug)]
pub(crate) struct Miner {
    /// Host and port as in a URL.
    pub(crate) authority: String,
    pub(crate) progress: Progress,
    /// It is asked, or its answer is worked on.
    pub(crate) is_busy: bool,
    /// When it is asked next, in Unix milliseconds.
    pub(crate) next_ms: u64,
    /// The next page of the round.
    cursor: u64,
    /// The round has found a page.
    has_found: bool,
    /// When the file is fetched next, in Unix milliseconds.
    csv_ms: u64,
    /// Attempts in a row that failed.
    pub(crate) failures: u32,
    /// The last thing that was wrong with it, for operators.
    pub(crate) last_fault: Option<String>,
}

impl Miner {
    pub(crate) fn new(authority: String, progress: Progress) -> Self {
        Self {
            authority,
            progress,
            is_busy: false,
            next_ms: 0,
            cursor: 0,
            has_found: false,
            csv_ms: 0,
            failures: 0,
            last_fault: None,
        }
    }

    /// The next request of the round; `None` if the round is over.
    pub(crate) fn next_request(&self, now_ms: u64) -> Option<Request> {
        let newest = newest_page(now_ms);
        let oldest = newest.saturating_sub(PAGES_COUNT_MAX - 1);
        // A page of the future was done by a clock that was ahead.
        let done = self.progress.done_through.filter(|done| *done < newest);
        let first = done.map_or(oldest, |done| oldest.max(done + 1));
        let numbers = first.max(self.cursor)..=newest;
        let read = |number: &u64| self.progress.read.get(number).copied().unwrap_or_default();
        let mut pages = numbers.filter(|number| read(number) != GIVEN_UP);
        if let Some(number) = pages.next() {
            let from = read(&number);
            return Some(Request::Page { number, from });
        }
        let is_older = !self.progress.has_pages && !self.has_found;
        (is_older && self.csv_ms <= now_ms).then_some(Request::Csv)
    }

    /// The round is over.
    pub(crate) fn end_round(&mut self, now_ms: u64, poll_ms: u64) {
        self.cursor = 0;
        self.has_found = false;
        self.next_ms = now_ms + poll_ms;
    }

    /// Begins a round now.
    pub(crate) fn begin_round(&mut self, now_ms: u64) {
        self.cursor = 0;
        self.failures = 0;
        self.csv_ms = 0;
        self.next_ms = now_ms;
    }

    /// A request was answered; of a page so many bytes are read now.
    pub(crate) fn read(&mut self, request: Request, read_to: Option<u64>, now_ms: u64) {
        self.failures = 0;
        self.next_ms = now_ms;
        match (request, read_to) {
            (Request::Page { number, .. }, read_to) => {
                if let Some(read_to) = read_to {
                    self.has_found = true;
                    self.progress.has_pages = true;
                    self.progress.read.insert(number, read_to);
                }
                self.pass(number, now_ms);
            }
            (Request::Csv, Some(_)) => self.csv_ms = now_ms + CSV_INTERVAL_MS,
            (Request::Csv, None) => self.csv_ms = now_ms + CSV_ABSENT_MS,
        }
    }

    /// What was asked for cannot be read, however often it is asked for.
    pub(crate) fn give_up(&mut self, request: Request, now_ms: u64) {
        self.next_ms = now_ms;
        match request {
            Request::Page { number, .. } => {
                self.has_found = true;
                self.progress.has_pages = true;
                self.progress.read.insert(number, GIVEN_UP);
                self.pass(number, now_ms);
            }
            Request::Csv => self.csv_ms = now_ms + CSV_ABSENT_MS,
        }
    }

    /// The miner did not answer, or not as it should. The pause doubles with each failure.
    pub(crate) fn fail(&mut self, now_ms: u64, poll_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        let pause_ms = PAUSE_MS_MAX.min(poll_ms << self.failures.min(16));
        self.end_round(now_ms, pause_ms);
    }

    /// Goes on to the page after this one.
    fn pass(&mut self, number: u64, now_ms: u64) {
        self.cursor = number + 1;
        // The last two still grow: a receipt may come to the one before the newest, too.
        if number + 1 < newest_page(now_ms) {
            let progress = &mut self.progress;
            progress.done_through = Some(number);
            progress.read.retain(|page, _| *page > number);
        }
    }
}

impl Progress {
    /// Whether the miner was last read so long ago that nothing of this matters any more.
    pub(crate) fn is_old(&self, now_ms: u64) -> bool {
        let newest = self.read.keys().next_back().copied();
        let last = newest.max(self.done_through).unwrap_or_default();
        newest_page(now_ms).saturating_sub(last) > 2 * PAGES_COUNT_MAX
    }
}

/// The page that grows.
fn newest_page(now_ms: u64) -> u64 {
    page_number(now_ms / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_000 * 300_000;
    const POLL_MS: u64 = 60_000;

    fn page(number: u64, from: u64) -> Option<Request> {
        Some(Request::Page { number, from })
    }

    /// Answers all requests of a round. Returns them.
    fn play_round(
        miner: &mut Miner,
        now_ms: u64,
        read_to: impl Fn(Request) -> Option<u64>,
    ) -> Vec<Request> {
        let mut requests = Vec::new();
        while let Some(request) = miner.next_request(now_ms) {
            requests.push(request);
            miner.read(request, read_to(request), now_ms);
        }
        miner.end_round(now_ms, POLL_MS);
        requests
    }

    #[test]
    fn first_round_has_the_pages_of_five_hours() {
        let mut miner = Miner::new(String::new(), Progress::default());
        let first = play_round(&mut miner, NOW_MS, |_| Some(10));
        assert_eq!(first.len(), 60);
        assert_eq!(Some(first[0]), page(941, 0));
        assert_eq!(miner.progress.done_through, Some(998));
        // Then the two newest ones, from where they were read to.
        let second = play_round(&mut miner, NOW_MS + POLL_MS, |_| Some(20));
        assert_eq!(second, [page(999, 10), page(1_000, 10)].map(Option::unwrap));
        let later = play_round(&mut miner, NOW_MS + 300_000, |_| Some(30));
        let expected = [page(999, 20), page(1_000, 20), page(1_001, 0)];
        assert_eq!(later, expected.map(Option::unwrap));
        assert_eq!(miner.progress.read.len(), 2);
    }

    #[test]
    fn long_absence_is_made_good_up_to_five_hours() {
        let mut miner = Miner::new(String::new(), Progress::default());
        play_round(&mut miner, NOW_MS, |_| Some(10));
        let hour_later = play_round(&mut miner, NOW_MS + 3_600_000, |_| None);
        assert_eq!(hour_later.len(), 14);
        let day_later = play_round(&mut miner, NOW_MS + 86_400_000, |_| None);
        assert_eq!(day_later.len(), 60);
    }

    #[test]
    fn miner_without_pages_is_asked_for_its_file() {
        let mut miner = Miner::new(String::new(), Progress::default());
        let is_csv = |request: Request| request == Request::Csv;
        let first = play_round(&mut miner, NOW_MS, |request| is_csv(request).then_some(0));
        assert_eq!(first.last(), Some(&Request::Csv));
        let soon = play_round(&mut miner, NOW_MS + POLL_MS, |_| None);
        assert!(!soon.contains(&Request::Csv));
        let later = play_round(&mut miner, NOW_MS + CSV_INTERVAL_MS, |_| None);
        assert_eq!(later.last(), Some(&Request::Csv));
        let later = play_round(&mut miner, NOW_MS + 2 * CSV_INTERVAL_MS, |_| None);
        assert!(!later.contains(&Request::Csv), "it had none");
        // One that has had pages is never asked for it.
        let mut miner = Miner::new(String::new(), Progress::default());
        play_round(&mut miner, NOW_MS, |_| Some(1));
        let later = play_round(&mut miner, NOW_MS + 86_400_000, |_| None);
        assert!(!later.contains(&Request::Csv));
    }

    #[test]
    fn page_that_is_given_up_is_not_asked_for_again() {
        let mut miner = Miner::new(String::new(), Progress::default());
        play_round(&mut miner, NOW_MS, |_| Some(10));
        let request = page(1_000, 10).unwrap();
        miner.give_up(request, NOW_MS);
        miner.end_round(NOW_MS, POLL_MS);
        assert_eq!(play_round(&mut miner, NOW_MS, |_| Some(11)).len(), 1);
        // It is done with its time, like the others.
        let later = play_round(&mut miner, NOW_MS + 600_000, |_| Some(12));
        let expected = [page(999, 11), page(1_001, 0), page(1_002, 0)];
        assert_eq!(later, expected.map(Option::unwrap));
        assert_eq!(miner.progress.done_through, Some(999));
        play_round(&mut miner, NOW_MS + 900_000, |_| Some(12));
        assert_eq!(miner.progress.done_through, Some(1_001));
        assert!(miner.progress.read.keys().all(|page| *page > 1_001));
    }

    #[test]
    fn pauses_of_a_silent_miner_grow_to_an_hour() {
        let mut miner = Miner::new(String::new(), Progress::default());
        miner.fail(NOW_MS, POLL_MS);
        assert_eq!(miner.next_ms, NOW_MS + 120_000);
        for _ in 0..90 {
            miner.fail(NOW_MS, POLL_MS);
        }
        assert_eq!(miner.next_ms, NOW_MS + PAUSE_MS_MAX);
        miner.begin_round(NOW_MS);
        assert_eq!(miner.next_ms, NOW_MS);
    }

    #[test]
    fn clock_set_back_does_not_end_the_reading() {
        let mut miner = Miner::new(String::new(), Progress::default());
        play_round(&mut miner, NOW_MS + 86_400_000, |_| Some(10));
        assert_eq!(play_round(&mut miner, NOW_MS, |_| Some(10)).len(), 60);
        assert!(miner.progress.is_old(NOW_MS + 2 * 86_400_000));
        assert!(!miner.progress.is_old(NOW_MS));
    }
}
