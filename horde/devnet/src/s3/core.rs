//! The service as a state machine, without I/O and clock.

mod access;
mod bucket;
mod bucket_calls;
mod failure;
mod iam;
mod identity;
mod lifecycle;
mod listing;
mod object_calls;
mod policy;
mod reply;
mod target;

pub use bucket::OBJECT_BYTES_MAX;
pub(super) use reply::{Ending, S3Reply};

use std::collections::BTreeMap;

use axum::body::Bytes;
use horde_s3::Credentials;

use super::call::S3Call;
use super::config::{S3Account, S3BucketConfig, S3Config, s3_credentials};
use super::fault::{Happening, S3FaultKind, S3Faults};
use super::journal::{Journal, S3Caller, S3Entry, S3Report};
use bucket::{Bucket, NewObject};
use failure::Failure;
use iam::User;
use identity::Identity;
use target::Target;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct S3Request<'a> {
    pub(super) method: &'a str,
    /// In percent encoding.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    /// With names in lower case.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a Bytes,
}

/// Who asks, when, and what goes wrong meanwhile.
#[derive(Debug)]
struct Session {
    identity: Identity,
    caller: S3Caller,
    /// The region of the signature.
    region: Option<String>,
    now_us: i64,
    happening: Happening,
}

/// The service. See the module.
#[derive(Debug)]
pub(super) struct S3Core {
    seed: u64,
    roots: Vec<(S3Account, Credentials)>,
    /// Of the validator's account.
    users: BTreeMap<String, User>,
    buckets: BTreeMap<String, Bucket>,
    faults: S3Faults,
    journal: Journal,
}

impl S3Core {
    pub(super) fn new(config: &S3Config) -> Self {
        let root = |account| (account, s3_credentials(config.seed, account));
        let named = |config: &S3BucketConfig| (config.name.clone(), Bucket::of_config(config));
        Self {
            seed: config.seed,
            roots: S3Account::ALL.map(root).to_vec(),
            users: BTreeMap::new(),
            buckets: config.buckets.iter().map(named).collect(),
            faults: config.faults.clone(),
            journal: Journal::default(),
        }
    }

    /// Answers a request; `now_us` is in microseconds since 1970.
    pub(super) fn answer(&mut self, request: &S3Request<'_>, now_us: i64) -> S3Reply {
        let target = Target::read(request);
        let place = target.as_ref().map(Target::place).unwrap_or_default();
        let call = target.as_ref().map_or(S3Call::Other, |target| target.call);
        let happening = self.faults.take(call, &place);
        let clock_us = now_us + happening.clock_seconds() * MICROS_PER_SECOND;
        let session = Session {
            identity: Identity::Anonymous,
            caller: S3Caller::Refused,
            region: None,
            now_us,
            happening,
        };
        let mut entry = S3Entry {
            number: 0,
            at_us: now_us,
            caller: S3Caller::Refused,
            call: call.name().to_owned(),
            bucket: String::new(),
            key: String::new(),
            status: 0,
            code: String::new(),
            bytes: 0,
            faults: session.happening.texts(),
        };
        let (delay, answer) = (session.happening.delay(), session.happening.answer());
        let result = target.and_then(|target| {
            entry.bucket.clone_from(&target.bucket);
            entry.key.clone_from(&target.key);
            let session = self.identify(&target, request, session, clock_us);
            if let Ok(session) = &session {
                entry.caller = session.caller.clone();
            }
            self.act(&target, request, session, answer)
        });
        let mut reply = match result {
            Ok(reply) => {
                entry.bytes = reply.object_bytes;
                reply
            }
            Err(failure) => {
                failure.code.clone_into(&mut entry.code);
                failure.reply(call, self.journal.count())
            }
        };
        entry.status = reply.status;
        self.journal.note(entry);
        reply.delay = delay;
        reply.ending = match answer {
            Some((S3FaultKind::CutShort, _)) => Ending::CutShort,
            Some((S3FaultKind::Drops, _)) => Ending::Dropped,
            _ => Ending::Whole,
        };
        reply.finish(request.method, clock_us);
        reply
    }

    /// Lets a fault answer, or does what is asked for.
    fn act(
        &mut self,
        target: &Target,
        request: &S3Request<'_>,
        session: Result<Session, Failure>,
        answer: Option<(S3FaultKind, i64)>,
    ) -> Result<S3Reply, Failure> {
        match answer {
            Some((S3FaultKind::Html, _)) => return Ok(S3Reply::login_page()),
            Some((S3FaultKind::BucketDeleted, _)) if target.bucket.is_empty() => {}
            Some((kind, argument)) => {
                if let Some(failure) = Failure::of_fault(kind, argument) {
                    return Err(failure);
                }
            }
            None => {}
        }
        let session = session?;
        match target.call {
            S3Call::Get | S3Call::Head => self.read_object(target, &session),
            S3Call::Put => self.write_object(target, request, &session),
            S3Call::Delete => self.delete_object(target, &session),
            S3Call::Iam => self.call_iam(request, &session),
            _ => self.call_bucket(target, request, &session),
        }
    }

    /// Writes an object without asking for rights.
    pub(super) fn plant(&mut self, name: &str, key: &str, bytes: Bytes, now_us: i64) -> bool {
        let has_space = self.has_space_for(bytes.len());
        let Some(bucket) = self.buckets.get_mut(name).filter(|_| has_space) else {
            return false;
        };
        let object = NewObject {
            bytes,
            content_type: None,
            content_encoding: None,
            writer: S3Caller::Host,
        };
        bucket.write(key, object, now_us);
        true
    }

    /// The content of an object, whoever may read it.
    pub(super) fn object(&self, bucket: &str, key: &str, now_us: i64) -> Option<Bytes> {
        let object = self.buckets.get(bucket)?.object(key, now_us)?;
        Some(object.bytes.clone())
    }

    pub(super) fn set_faults(&mut self, faults: S3Faults) {
        self.faults = faults;
    }

    pub(super) fn report(&self, now_us: i64) -> S3Report {
        let buckets = self.buckets.iter();
        S3Report {
            faults: self.faults.texts(),
            buckets: buckets
                .map(|(name, bucket)| bucket.report(name, now_us))
                .collect(),
            users: self
                .users
                .iter()
                .map(|(name, user)| user.report(name))
                .collect(),
            request_count: self.journal.count(),
        }
    }

    pub(super) fn journal_from(&self, number: u64) -> Vec<S3Entry> {
        self.journal.from(number)
    }
}

#[cfg(test)]
mod tests;
