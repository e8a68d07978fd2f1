//! A bucket and its objects.

use std::collections::BTreeMap;

use axum::body::Bytes;
use sha2::{Digest as _, Sha256};

use super::lifecycle::Lifecycle;
use super::policy::Policy;
use crate::s3::config::{S3Account, S3BucketConfig};
use crate::s3::journal::{S3BucketReport, S3Caller, S3ObjectReport};

/// Bytes of an object.
pub const OBJECT_BYTES_MAX: usize = 64 << 20;
/// Digits of an ETag, as at AWS.
const ETAG_DIGITS: usize = 32;

/// A policy as it was sent, and as it was read.
#[derive(Clone, Debug)]
pub(super) struct StoredPolicy {
    pub(super) text: String,
    pub(super) parsed: Policy,
}

/// What keeps a bucket from becoming public. ACLs do not exist here, but their two settings are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AccessBlock {
    pub(super) blocks_acls: bool,
    pub(super) ignores_acls: bool,
    /// A public policy cannot be set.
    pub(super) blocks_policy: bool,
    /// A public policy does not count.
    pub(super) restricts: bool,
}

impl AccessBlock {
    /// Of a bucket that was just made.
    const ALL: Self = Self {
        blocks_acls: true,
        ignores_acls: true,
        blocks_policy: true,
        restricts: true,
    };
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) written_us: i64,
    writer: S3Caller,
    write_count: u64,
    read_count: u64,
}

/// An object that is to be written.
#[derive(Debug)]
pub(super) struct NewObject {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) writer: S3Caller,
}

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) region: String,
    pub(super) owner: S3Account,
    pub(super) policy: Option<StoredPolicy>,
    pub(super) block: AccessBlock,
    /// Whether the block was set since the bucket was made or deleted.
    pub(super) has_block: bool,
    pub(super) lifecycle: Option<Lifecycle>,
    objects: BTreeMap<String, Object>,
    /// Bytes of all objects.
    bytes: usize,
}

impl Bucket {
    pub(super) fn new(region: String, owner: S3Account) -> Self {
        Self {
            region,
            owner,
            policy: None,
            block: AccessBlock::ALL,
            has_block: true,
            lifecycle: None,
            objects: BTreeMap::new(),
            bytes: 0,
        }
    }

    pub(super) fn of_config(config: &S3BucketConfig) -> Self {
        let mut bucket = Self::new(config.region.clone(), config.owner);
        if config.is_public {
            let text = public_read_policy(&config.name);
            bucket.block.blocks_policy = false;
            bucket.block.restricts = false;
            let parsed = Policy::of_bucket(&text, &config.name).ok();
            bucket.policy = parsed.map(|parsed| StoredPolicy { text, parsed });
        }
        bucket
    }

    /// The object, unless its time is over.
    pub(super) fn object(&self, key: &str, now_us: i64) -> Option<&Object> {
        let object = self.objects.get(key)?;
        self.is_alive(key, object, now_us).then_some(object)
    }

    /// The objects whose time is not over, in the order of their keys, from the first one behind `after` on.
    pub(super) fn objects_after<'a>(
        &'a self,
        after: &str,
        now_us: i64,
    ) -> impl Iterator<Item = (&'a String, &'a Object)> {
        let behind = (
            std::ops::Bound::Excluded(after.to_owned()),
            std::ops::Bound::Unbounded,
        );
        let objects = self.objects.range(behind);
        objects.filter(move |(key, object)| self.is_alive(key, object, now_us))
    }

    fn is_alive(&self, key: &str, object: &Object, now_us: i64) -> bool {
        let lifecycle = self.lifecycle.as_ref();
        lifecycle.is_none_or(|it| !it.has_expired(key, object.written_us, now_us))
    }

    pub(super) fn is_empty(&self, now_us: i64) -> bool {
        self.objects_after("", now_us).next().is_none()
    }

    /// Bytes and number of all objects, those whose time is over included.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.bytes, self.objects.len())
    }

    pub(super) fn count_read(&mut self, key: &str) {
        if let Some(object) = self.objects.get_mut(key) {
            object.read_count += 1;
        }
    }

    pub(super) fn write(&mut self, key: &str, new: NewObject, now_us: i64) -> &Object {
        let before = self.delete(key);
        self.bytes += new.bytes.len();
        let counts = before.map_or((0, 0), |object| (object.write_count, object.read_count));
        let hash = hex::encode(Sha256::digest(&new.bytes));
        let object = Object {
            etag: format!("\"{}\"", &hash[..ETAG_DIGITS]),
            bytes: new.bytes,
            content_type: new.content_type,
            content_encoding: new.content_encoding,
            written_us: now_us,
            writer: new.writer,
            write_count: counts.0 + 1,
            read_count: counts.1,
        };
        self.objects
            .entry(key.to_owned())
            .insert_entry(object)
            .into_mut()
    }

    pub(super) fn delete(&mut self, key: &str) -> Option<Object> {
        let object = self.objects.remove(key)?;
        self.bytes -= object.bytes.len();
        Some(object)
    }

    pub(super) fn report(&self, name: &str, now_us: i64) -> S3BucketReport {
        let policy = self.policy.as_ref();
        let objects = self.objects_after("", now_us);
        S3BucketReport {
            name: name.to_owned(),
            region: self.region.clone(),
            owner: self.owner.name().to_owned(),
            is_public: !self.block.restricts && policy.is_some_and(|it| it.parsed.is_public()),
            policy: policy.map(|policy| policy.text.clone()),
            expires_days: self.lifecycle.as_ref().and_then(Lifecycle::days),
            objects: objects.map(|(key, object)| object.report(key)).collect(),
        }
    }
}

impl Object {
    fn report(&self, key: &str) -> S3ObjectReport {
        S3ObjectReport {
            key: key.to_owned(),
            bytes: self.bytes.len() as u64,
            written_us: self.written_us,
            writer: self.writer.clone(),
            write_count: self.write_count,
            read_count: self.read_count,
        }
    }
}

/// Everybody may read the objects, and nothing else (section 2.9).
fn public_read_policy(bucket: &str) -> String {
    let statement = serde_json::json!({
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*"),
    });
    serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_whose_time_is_over_is_not_there() {
        let config = "prompts".parse().unwrap();
        let mut bucket = Bucket::of_config(&config);
        let rule = b"<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>\
            </LifecycleConfiguration>";
        bucket.lifecycle = Lifecycle::parse(rule).ok();
        let object = NewObject {
            bytes: Bytes::from_static(b"x"),
            content_type: None,
            content_encoding: None,
            writer: S3Caller::Host,
        };
        bucket.write("k", object, 0);
        let day_us = 86_400_000_000;
        assert!(bucket.object("k", day_us).is_some() && !bucket.is_empty(day_us));
        assert!(bucket.object("k", day_us + 1).is_none() && bucket.is_empty(day_us + 1));
        assert!(bucket.report("prompts", day_us + 1).objects.is_empty());
    }
}
