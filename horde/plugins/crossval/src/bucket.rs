//! The two buckets: addresses of their objects, and URLs for uploads and deletions.

use horde_s3::{
    DayKey, Endpoint, Method, ObjectAnswer, ObjectFault, ObjectFaultKind, presign_by_day,
};
use serde::{Deserialize, Serialize};
use tig_plugin_api::{Context, Error, HttpAnswer, HttpFailure, HttpFailureKind, Result};

use crate::config::Config;
use crate::limits::URL_SECONDS;

/// One of the two buckets of the pool.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bucket {
    /// Series of prompts.
    Prompts,
    /// Sampled prompts, and all answers.
    Answers,
}

impl Bucket {
    pub(crate) const ALL: [Self; 2] = [Self::Prompts, Self::Answers];

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Prompts => "prompts",
            Self::Answers => "answers",
        }
    }
}

/// An object of a bucket.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Object {
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
}

impl Object {
    pub(crate) fn series(uuid: &str) -> Self {
        Self {
            bucket: Bucket::Prompts,
            key: uuid.to_owned(),
        }
    }

    /// The sampled prompts of a workload, in the bucket of answers (section 2.9).
    pub(crate) fn workload(uuid: &str) -> Self {
        Self {
            bucket: Bucket::Answers,
            key: uuid.to_owned(),
        }
    }

    /// The answers of a job.
    pub(crate) fn answers(file: &str) -> Self {
        let key = format!("solved/{}", horde_calc::llm::answers_file(file));
        Self {
            bucket: Bucket::Answers,
            key,
        }
    }

    /// A text that names it.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.bucket.text(), self.key)
    }
}

/// Both buckets and the key with which their URLs are signed.
pub(crate) struct Buckets {
    prompts: Endpoint,
    answers: Endpoint,
    access_key_id: String,
    key: String,
}

impl Buckets {
    /// The buckets of the config, if it names any. A key that may not be used is noticed now.
    pub(crate) fn new(config: &Config, ctx: &mut Context<'_>) -> Result<Option<Self>> {
        if !config.has_buckets() {
            return Ok(None);
        }
        let endpoint = |name: &str, bucket: &str| {
            let endpoint = config.endpoint(bucket);
            endpoint
                .map_err(|error| Error::msg(format_args!("config.horde_crossval.{name}: {error}")))
        };
        let buckets = Self {
            prompts: endpoint("prompts_bucket", &config.prompts_bucket)?,
            answers: endpoint("answers_bucket", &config.answers_bucket)?,
            access_key_id: config.access_key_id.clone(),
            key: config.key.clone(),
        };
        buckets.signer(ctx)?;
        Ok(Some(buckets))
    }

    pub(crate) fn endpoint(&self, bucket: Bucket) -> &Endpoint {
        match bucket {
            Bucket::Prompts => &self.prompts,
            Bucket::Answers => &self.answers,
        }
    }

    /// What else than its address a bucket is used with.
    pub(crate) fn settings(&self, bucket: Bucket) -> String {
        let region = self.endpoint(bucket).region();
        format!("{region} {} {}", self.access_key_id, self.key)
    }

    /// The URL with which everybody reads it.
    pub(crate) fn url(&self, object: &Object) -> String {
        self.endpoint(object.bucket).object_url(&object.key)
    }

    /// The URL of the list of its objects, which nobody may read.
    pub(crate) fn list_url(&self, bucket: Bucket) -> String {
        format!("{}?list-type=2&max-keys=1", self.endpoint(bucket))
    }

    /// What signs from now on, until the end of the handler.
    pub(crate) fn signer(&self, ctx: &mut Context<'_>) -> Result<Signer<'_>> {
        let unix_seconds = unix_seconds(ctx.now_ms());
        let code = ctx.sign(&self.key, DayKey::text(unix_seconds).as_bytes())?;
        let Ok(code) = code.try_into() else {
            tig_plugin_api::bail!(
                "config.horde_crossval.key: the key `{}` is not of the kind hmac-sha256",
                self.key
            );
        };
        Ok(Signer {
            buckets: self,
            day_key: DayKey::new(self.access_key_id.clone(), code),
            unix_seconds,
        })
    }
}

/// Signs URLs.
pub(crate) struct Signer<'a> {
    buckets: &'a Buckets,
    day_key: DayKey,
    unix_seconds: i64,
}

impl Signer<'_> {
    /// A URL for one method and object, for [`URL_SECONDS`].
    pub(crate) fn url(&self, method: Method, object: &Object) -> String {
        let endpoint = self.buckets.endpoint(object.bucket);
        let (day_key, seconds) = (&self.day_key, self.unix_seconds);
        presign_by_day(method, endpoint, &object.key, day_key, seconds, URL_SECONDS)
    }
}

/// The body of an answer, or why there is none, and whose fault it may be.
pub(crate) fn read_answer(
    result: Result<HttpAnswer, HttpFailure>,
    now_ms: u64,
) -> Result<Vec<u8>, ReadFault> {
    let answer = result.map_err(|failure| match failure.kind {
        HttpFailureKind::TooLarge => ReadFault::TooLarge,
        _ => ReadFault::Object(ObjectFault {
            kind: ObjectFaultKind::Service,
            text: format!("the bucket does not answer: {}", failure.text),
        }),
    })?;
    let seen = ObjectAnswer {
        status: answer.status,
        region: answer.header(horde_s3::BUCKET_REGION_HEADER),
        date: answer.header("date"),
        body: &answer.body,
    };
    seen.check(unix_seconds(now_ms))
        .map_err(ReadFault::Object)?;
    Ok(answer.body)
}

/// Why an object could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ReadFault {
    /// It is longer than any that was asked for.
    TooLarge,
    /// It is not there, or the bucket fails.
    Object(ObjectFault),
}

impl ReadFault {
    /// The fault of a body that is a page: a proxy has sent it, and the bucket knows nothing of the request.
    pub(crate) fn page() -> Self {
        Self::Object(ObjectFault {
            kind: ObjectFaultKind::Service,
            text: "a page of HTML or XML answers in place of the bucket".to_owned(),
        })
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::TooLarge => "it is too long".to_owned(),
            Self::Object(fault) => fault.text,
        }
    }
}

pub(crate) fn unix_seconds(now_ms: u64) -> i64 {
    i64::try_from(now_ms / 1_000).unwrap_or(i64::MAX)
}
