//! Jobs that are sent again: by faults, as the reference does after a connection that was half open.

use std::time::Duration;

use super::{FacilitatorCore, FacilitatorEffect};
use crate::facilitator::fault::Fault;

/// Jobs that are sent again after one authentication.
const RESENT_COUNT_MAX: usize = 1_000;

impl FacilitatorCore {
    pub(super) fn resend_after_authentication(
        &mut self,
        id: u64,
        validator: &str,
        now_us: i64,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        if !self.config.faults.has(Fault::AgainAfterAuth) {
            return;
        }
        let under_way = self.jobs.records().filter(|record| {
            record.validator == validator && record.end().is_none() && !record.is_dead(now_us)
        });
        let under_way = under_way.take(RESENT_COUNT_MAX);
        let uuids: Vec<String> = under_way.map(|record| record.uuid.clone()).collect();
        for uuid in uuids {
            self.send_job(&uuid, id, now_us, Duration::ZERO, effects);
        }
    }

    pub(super) fn resend_when_over(
        &mut self,
        uuid: &str,
        now_us: i64,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        let delay = self.config.faults.delay(|fault| match fault {
            Fault::AgainWhenOver(delay) => Some(delay),
            _ => None,
        });
        let (Some(delay), Some(job)) = (delay, self.jobs.get(uuid)) else {
            return;
        };
        for id in self.connections.of(&job.record.validator) {
            self.send_job(uuid, id, now_us, delay, effects);
        }
    }

    /// Sends the frames of a job over a connection, and notes it.
    pub(super) fn send_job(
        &mut self,
        uuid: &str,
        id: u64,
        now_us: i64,
        delay: Duration,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        if self.config.faults.has(Fault::Silent) {
            return;
        }
        let Some(job) = self.jobs.get_mut(uuid) else {
            return;
        };
        let delay_us = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        job.record
            .note_delivery(id, now_us.saturating_add(delay_us));
        for text in job.frames.clone() {
            self.send(id, delay, text, effects);
        }
    }
}
