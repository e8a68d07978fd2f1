//! Frames of jobs that no group has asked for yet.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use horde_events::MadeJob;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Jobs that wait for their group.
const MADE_JOBS_MAX: usize = 20_000;
/// Bytes of their frames.
const MADE_BYTES_MAX: usize = 512 << 20;
/// Milliseconds after which no group will ask for a job any more: a batch is over in less.
const MADE_KEPT_MS: u64 = 3_600_000;

/// The frames of a job.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Frames {
    pub(crate) hotkey: String,
    batch: Arc<str>,
    /// `V0InitialJobRequest` without its receipt.
    pub(crate) reservation: Box<str>,
    /// `V0JobRequest`.
    pub(crate) request: Box<str>,
}

impl Frames {
    fn bytes(&self) -> usize {
        self.reservation.len() + self.request.len()
    }
}

/// Frames by uuid, the oldest first to be given up.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct MadeJobs {
    frames: BTreeMap<Arc<str>, Frames>,
    /// In the order in which they came, with the time in Unix milliseconds; those that were taken are still in it.
    order: VecDeque<(u64, Arc<str>)>,
    bytes: usize,
}

impl MadeJobs {
    /// Keeps the frames of a job. Those of a uuid that is known stay as they are. Returns how many older jobs had to go.
    pub(crate) fn keep(&mut self, batch: &Arc<str>, job: MadeJob, now_ms: u64) -> usize {
        let uuid: Arc<str> = job.uuid.into();
        if self.frames.contains_key(&uuid) {
            return 0;
        }
        let frames = Frames {
            hotkey: job.hotkey,
            batch: Arc::clone(batch),
            reservation: text_of(job.reservation),
            request: text_of(job.request),
        };
        self.bytes += frames.bytes();
        self.frames.insert(Arc::clone(&uuid), frames);
        self.order.push_back((now_ms, uuid));
        let mut dropped = 0;
        while self.frames.len() > MADE_JOBS_MAX || self.bytes > MADE_BYTES_MAX {
            dropped += usize::from(self.drop_oldest());
        }
        dropped
    }

    /// The frames of a job, which its group has asked for.
    pub(crate) fn take(&mut self, uuid: &str) -> Option<Frames> {
        let frames = self.frames.remove(uuid)?;
        self.bytes -= frames.bytes();
        if self.frames.is_empty() {
            self.order.clear();
        }
        Some(frames)
    }

    /// Gives up what is left of a batch whose group has begun. Returns how many.
    pub(crate) fn drop_batch(&mut self, batch: &str) -> usize {
        let frames = self.frames.iter();
        let left: Vec<Arc<str>> = frames
            .filter(|(_, frames)| *frames.batch == *batch)
            .map(|(uuid, _)| Arc::clone(uuid))
            .collect();
        let dropped = left.iter().filter_map(|uuid| self.take(uuid));
        dropped.count()
    }

    /// Whether frames have waited for too long.
    pub(crate) fn has_expired(&self, now_ms: u64) -> bool {
        let oldest = self.order.front();
        oldest.is_some_and(|(at, _)| now_ms.abs_diff(*at) > MADE_KEPT_MS)
    }

    /// Gives up frames that have waited for too long. Returns how many.
    pub(crate) fn expire(&mut self, now_ms: u64) -> usize {
        let mut dropped = 0;
        while self.has_expired(now_ms) {
            dropped += usize::from(self.drop_oldest());
        }
        dropped
    }

    fn drop_oldest(&mut self) -> bool {
        let oldest = self.order.pop_front();
        oldest.is_some_and(|(_, uuid)| self.take(&uuid).is_some())
    }
}

fn text_of(frame: Box<RawValue>) -> Box<str> {
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(jobs: &mut MadeJobs, uuid: &str, now_ms: u64) -> usize {
        jobs.keep(&"batch".into(), made(uuid), now_ms)
    }

    fn made(uuid: &str) -> MadeJob {
        serde_json::from_value(serde_json::json!({
            "uuid": uuid, "hotkey": "h", "timeout_seconds": 1, "reservation": { "a": 1 },
            "request": {}, "check": null, "description": "",
        }))
        .unwrap()
    }

    #[test]
    fn frames_are_taken_once() {
        let mut jobs = MadeJobs::default();
        assert_eq!(keep(&mut jobs, "a", 1), 0);
        assert_eq!(keep(&mut jobs, "a", 2), 0);
        assert_eq!(&*jobs.take("a").unwrap().reservation, "{\"a\":1}");
        assert!(jobs.take("a").is_none());
        assert_eq!(jobs.bytes, 0);
    }

    #[test]
    fn old_frames_are_given_up() {
        let mut jobs = MadeJobs::default();
        keep(&mut jobs, "a", 0);
        keep(&mut jobs, "b", 10);
        assert_eq!(jobs.expire(MADE_KEPT_MS), 0);
        assert_eq!(jobs.expire(MADE_KEPT_MS + 1), 1);
        assert!(jobs.take("a").is_none());
        assert!(jobs.take("b").is_some());
    }

    #[test]
    fn batch_that_has_its_group_leaves_no_frames() {
        let mut jobs = MadeJobs::default();
        keep(&mut jobs, "a", 0);
        jobs.keep(&"other".into(), made("b"), 0);
        assert_eq!(jobs.drop_batch("batch"), 1);
        assert!(jobs.take("b").is_some());
        assert_eq!(jobs.bytes, 0);
    }

    #[test]
    fn number_of_frames_is_bounded() {
        let mut jobs = MadeJobs::default();
        for number in 0..MADE_JOBS_MAX {
            assert_eq!(keep(&mut jobs, &number.to_string(), 0), 0);
        }
        assert_eq!(keep(&mut jobs, "one more", 0), 1);
        assert!(jobs.take("0").is_none());
        assert!(jobs.take("one more").is_some());
    }
}
