//! The lock around the service, and its clock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;

use super::core::{S3Core, S3Reply, S3Request};
use super::fault::S3Faults;
use super::journal::{S3Entry, S3Report};
use crate::clock::Clock;

#[derive(Debug)]
pub(super) struct Hub {
    core: Mutex<S3Core>,
    clock: Clock,
}

impl Hub {
    pub(super) fn new(core: S3Core, clock: Clock) -> Self {
        let core = Mutex::new(core);
        Self { core, clock }
    }

    pub(super) fn answer(&self, request: &S3Request<'_>) -> S3Reply {
        self.core().answer(request, self.clock.unix_us())
    }

    pub(super) fn plant(&self, bucket: &str, key: &str, bytes: Bytes) -> bool {
        let now_us = self.clock.unix_us();
        self.core().plant(bucket, key, bytes, now_us)
    }

    pub(super) fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.core().object(bucket, key, self.clock.unix_us())
    }

    pub(super) fn set_faults(&self, faults: S3Faults) {
        self.core().set_faults(faults);
    }

    pub(super) fn report(&self) -> S3Report {
        self.core().report(self.clock.unix_us())
    }

    pub(super) fn journal_from(&self, number: u64) -> Vec<S3Entry> {
        self.core().journal_from(number)
    }

    fn core(&self) -> MutexGuard<'_, S3Core> {
        // No code panics while it holds the lock.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
