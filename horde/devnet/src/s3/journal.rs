//! Who has done what, and what is left: the evidence of judges.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Entries that are kept; the oldest go first.
const S3_ENTRIES_COUNT_MAX: usize = 20_000;

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum S3Caller {
    /// Nobody signed.
    Anonymous,
    /// The signature was refused.
    Refused,
    /// The program that holds the service, by its handle.
    Host,
    /// The holder of a key.
    Key {
        /// The key.
        access_key_id: String,
        /// `validator`, `stranger`, or `validator/USER`.
        account: String,
        /// Whether it was a presigned URL, which others may have got.
        is_presigned: bool,
    },
}

/// A request, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Entry {
    /// Counted from 0, in the order in which requests came.
    pub number: u64,
    /// When, in microseconds since 1970.
    pub at_us: i64,
    /// Who.
    pub caller: S3Caller,
    /// The name of the call, as faults name it.
    pub call: String,
    /// The bucket, or empty.
    pub bucket: String,
    /// The object, or empty.
    pub key: String,
    /// The status of the answer.
    pub status: u16,
    /// The code of the error, or empty.
    pub code: String,
    /// Bytes of the object that was written or read.
    pub bytes: u64,
    /// The faults that happened to it.
    pub faults: Vec<String>,
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3ObjectReport {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, in microseconds since 1970.
    pub written_us: i64,
    /// Who wrote it.
    pub writer: S3Caller,
    /// How often it was written, with this time.
    pub write_count: u64,
    /// How often it was read since it was first written.
    pub read_count: u64,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3BucketReport {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub region: String,
    /// The account whose it is.
    pub owner: String,
    /// Whether everybody may read its objects.
    pub is_public: bool,
    /// Its policy, if it has one.
    pub policy: Option<String>,
    /// The days after which objects expire, by its lifecycle rules.
    pub expires_days: Option<u32>,
    /// Its objects.
    pub objects: Vec<S3ObjectReport>,
}

/// An IAM user of the validator's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3UserReport {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub access_key_ids: Vec<String>,
    /// The names of its policies.
    pub policies: Vec<String>,
}

/// What the service holds. What was asked of it is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Report {
    /// Its faults at present.
    pub faults: Vec<String>,
    /// The buckets, by name.
    pub buckets: Vec<S3BucketReport>,
    /// The users, by name.
    pub users: Vec<S3UserReport>,
    /// How many requests came.
    pub request_count: u64,
}

/// The last entries.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<S3Entry>,
    next: u64,
}

impl Journal {
    /// Adds an entry, with its number.
    pub(super) fn note(&mut self, mut entry: S3Entry) {
        entry.number = self.next;
        self.next += 1;
        if self.entries.len() == S3_ENTRIES_COUNT_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The entries from this number on that are still kept.
    pub(super) fn from(&self, number: u64) -> Vec<S3Entry> {
        let later = self
            .entries
            .iter()
            .skip_while(|entry| entry.number < number);
        later.cloned().collect()
    }

    pub(super) fn count(&self) -> u64 {
        self.next
    }
}
