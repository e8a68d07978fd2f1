//! Which module is known to lie behind an algorithm's URL, and which module a job uses. Pure; the store keeps it.
//!
//! Invariant: an entry is only evidence of what the URL held when it was last asked. A job is tied to a module by a pin,
//! which is made after asking the URL for this job, so that all batches of a job (its roots and, later, its proofs) come
//! from the same bytes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::content::ContentId;

/// Entries kept; the oldest goes first.
const ENTRIES_MAX: usize = 1_024;
/// Jobs remembered; the oldest goes first and is asked for again if it comes back.
const PINS_MAX: usize = 4_096;

/// Names a module as the network does; neither part ever becomes a file name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) algorithm_id: String,
    pub(crate) download_url: String,
}

/// Headers that let a server answer "not modified".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

impl Validators {
    pub(crate) fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// Content of a source at the last request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    source: Source,
    pub(crate) content: ContentId,
    pub(crate) validators: Validators,
}

/// The persistent part: oldest entry first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Index {
    entries: VecDeque<Entry>,
}

impl Index {
    pub(crate) fn get(&self, source: &Source) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.source == *source)
    }

    /// Replaces what is known of `source`.
    pub(crate) fn put(&mut self, source: Source, content: ContentId, validators: Validators) {
        self.entries.retain(|entry| entry.source != source);
        self.entries.push_back(Entry {
            source,
            content,
            validators,
        });
        while self.entries.len() > ENTRIES_MAX {
            self.entries.pop_front();
        }
    }
}

/// Which content each job uses; oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    pins: VecDeque<(String, Source, ContentId)>,
}

impl Pins {
    pub(crate) fn get(&self, benchmark_id: &str, source: &Source) -> Option<ContentId> {
        self.pins
            .iter()
            .find(|pin| pin.0 == benchmark_id && pin.1 == *source)
            .map(|pin| pin.2)
    }

    pub(crate) fn put(&mut self, benchmark_id: &str, source: Source, content: ContentId) {
        self.pins
            .retain(|pin| pin.0 != benchmark_id || pin.1 != source);
        self.pins
            .push_back((benchmark_id.to_owned(), source, content));
        while self.pins.len() > PINS_MAX {
            self.pins.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(url: &str) -> Source {
        Source {
            algorithm_id: "c003_a001".to_owned(),
            download_url: url.to_owned(),
        }
    }

    #[test]
    fn one_algorithm_at_two_urls_is_two_modules() {
        let mut index = Index::default();
        index.put(
            source("http://a/"),
            ContentId::of(b"aa"),
            Validators::default(),
        );
        assert!(index.get(&source("http://b/")).is_none());
        index.put(
            source("http://a/"),
            ContentId::of(b"bb"),
            Validators::default(),
        );
        assert_eq!(
            index.get(&source("http://a/")).unwrap().content,
            ContentId::of(b"bb")
        );
        assert_eq!(index.entries.len(), 1);
    }

    #[test]
    fn a_pin_holds_for_its_job_alone() {
        let mut pins = Pins::default();
        pins.put("job1", source("http://a/"), ContentId::of(b"aa"));
        assert_eq!(
            pins.get("job1", &source("http://a/")),
            Some(ContentId::of(b"aa"))
        );
        assert_eq!(pins.get("job2", &source("http://a/")), None);
        assert_eq!(pins.get("job1", &source("http://b/")), None);
    }

    #[test]
    fn the_oldest_is_forgotten_at_the_bound() {
        let (mut index, mut pins) = (Index::default(), Pins::default());
        for number in 0..=PINS_MAX {
            index.put(
                source(&number.to_string()),
                ContentId::of(b"aa"),
                Validators::default(),
            );
            pins.put(&number.to_string(), source("u"), ContentId::of(b"aa"));
        }
        assert_eq!(
            (index.entries.len(), pins.pins.len()),
            (ENTRIES_MAX, PINS_MAX)
        );
        assert!(index.get(&source("0")).is_none() && pins.get("0", &source("u")).is_none());
        assert!(index.get(&source(&PINS_MAX.to_string())).is_some());
    }
}
