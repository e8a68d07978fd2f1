//! Calls about objects.

use super::access::LIST_ACTION;
use super::bucket::{NewObject, OBJECT_BYTES_MAX};
use super::failure::Failure;
use super::reply::{S3Reply, http_date};
use super::target::Target;
use super::{S3Core, S3Request, Session};
use crate::s3::call::S3Call;
use crate::s3::fault::S3FaultKind;

/// Bytes of all objects together.
const STORE_BYTES_MAX: usize = 1 << 30;
/// How many objects there are together.
const STORE_OBJECTS_COUNT_MAX: usize = 200_000;
/// The type of an object that was written without one, as at AWS.
const CONTENT_TYPE_DEFAULT: &str = "binary/octet-stream";

impl S3Core {
    pub(super) fn read_object(
        &mut self,
        target: &Target,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        let bucket = self.allowed(target, session, "s3:GetObject")?;
        let object = bucket.object(&target.key, session.now_us);
        let hidden_us = session.happening.hidden_us();
        let object = object.filter(|object| object.written_us + hidden_us <= session.now_us);
        let Some(object) = object else {
            let hides = session.happening.has(S3FaultKind::HidesMissing);
            return match hides && !self.may(bucket, target, session, LIST_ACTION) {
                true => Err(Failure::denied()),
                false => Err(Failure::no_key()),
            };
        };
        let mut reply = S3Reply::new(200, object.bytes.clone());
        let content_type = object.content_type.as_deref();
        let content_type = content_type.unwrap_or(CONTENT_TYPE_DEFAULT).to_owned();
        reply.headers.extend([
            ("content-type", content_type),
            ("etag", object.etag.clone()),
            ("last-modified", http_date(object.written_us)),
        ]);
        if let Some(encoding) = &object.content_encoding {
            reply.headers.push(("content-encoding", encoding.clone()));
        }
        if target.call == S3Call::Get {
            reply.object_bytes = object.bytes.len() as u64;
            if let Some(bucket) = self.buckets.get_mut(&target.bucket) {
                bucket.count_read(&target.key);
            }
        }
        Ok(reply)
    }

    pub(super) fn write_object(
        &mut self,
        target: &Target,
        request: &S3Request<'_>,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        self.allowed(target, session, "s3:PutObject")?;
        let length = request.body.len();
        if length > OBJECT_BYTES_MAX {
            let message = "Your proposed upload exceeds the maximum allowed size";
            return Err(Failure::new(400, "EntityTooLarge", message));
        }
        if !self.has_space_for(length) {
            // The code of MinIO; AWS is never full.
            let message = "Storage backend has reached its minimum free drive threshold.";
            return Err(Failure::new(507, "XMinioStorageFull", message));
        }
        let header = |name: &str| {
            let mut headers = request.headers.iter();
            let header = headers.find(|(found, _)| *found == name);
            header.map(|(_, value)| (*value).to_owned())
        };
        let object = NewObject {
            bytes: request.body.clone(),
            content_type: header("content-type"),
            content_encoding: header("content-encoding"),
            writer: session.caller.clone(),
        };
        let bucket = self.buckets.get_mut(&target.bucket);
        let bucket = bucket.ok_or_else(Failure::no_bucket)?;
        let etag = bucket
            .write(&target.key, object, session.now_us)
            .etag
            .clone();
        let mut reply = S3Reply::empty(200);
        reply.headers.push(("etag", etag));
        reply.object_bytes = length as u64;
        Ok(reply)
    }

    pub(super) fn delete_object(
        &mut self,
        target: &Target,
        session: &Session,
    ) -> Result<S3Reply, Failure> {
        self.allowed(target, session, "s3:DeleteObject")?;
        if let Some(bucket) = self.buckets.get_mut(&target.bucket) {
            bucket.delete(&target.key);
        }
        Ok(S3Reply::empty(204))
    }

    /// Whether one more object of this size fits.
    pub(super) fn has_space_for(&self, length: usize) -> bool {
        let sizes = self.buckets.values().map(|bucket| bucket.size());
        let (bytes, count) = sizes.fold((0, 0), |(bytes, count), size| {
            (bytes + size.0, count + size.1)
        });
        length <= OBJECT_BYTES_MAX
            && bytes + length <= STORE_BYTES_MAX
            && count < STORE_OBJECTS_COUNT_MAX
    }
}
