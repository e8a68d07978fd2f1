//! Whether a bucket does what the protocol needs (sections 1.3 and 10.7), step by step: pure.
//!
//! A presigned URL takes an object, anybody reads it, nobody writes or lists without a key, and the object can be deleted.

use horde_calc::llm::is_page;
use horde_s3::{
    BUCKET_REGION_HEADER, Complaint, Endpoint, ObjectAnswer, ObjectFaultKind, clock_skew_seconds,
};
use serde::{Deserialize, Serialize};
use tig_plugin_api::{HttpAnswer, HttpFailure};

use crate::limits::{BUCKET_READS_MAX, CLOCK_SKEW_SECONDS_MAX, REASON_CHARS_MAX};

/// What a check asks of a bucket, in this order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Writes the object by a presigned URL, as a miner does.
    Write,
    /// Reads it without a key.
    Read,
    /// Tries to write another object without a key.
    WriteWithoutKey,
    /// Tries to list the objects without a key.
    ListWithoutKey,
    /// Deletes the object by a presigned URL.
    Delete,
}

impl Step {
    fn next(self) -> Option<Self> {
        match self {
            Self::Write => Some(Self::Read),
            Self::Read => Some(Self::WriteWithoutKey),
            Self::WriteWithoutKey => Some(Self::ListWithoutKey),
            Self::ListWithoutKey => Some(Self::Delete),
            Self::Delete => None,
        }
    }
}

/// Which requirement a bucket fails.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// A presigned URL takes no object.
    Write,
    /// Reading without a key does not bring what was written.
    Read,
    /// Writing needs no key.
    PublicWrite,
    /// Listing needs no key.
    PublicList,
    /// Objects cannot be deleted.
    Delete,
    /// The key may not delete objects.
    NoDeleteRight,
    /// The bucket is in another region than the configured one.
    Region,
    /// The clocks differ.
    Clock,
}

/// What is wrong with a bucket, and what to do.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct BucketFault {
    pub(crate) kind: FaultKind,
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl BucketFault {
    /// Whether jobs cannot use the bucket. What is too much allowed, or cannot be deleted, prevents none.
    pub(crate) fn prevents_jobs(&self) -> bool {
        matches!(self.kind, FaultKind::Write | FaultKind::Read)
    }

    /// Whether it is left as it is. The key that provisioning makes may not delete: the lifecycle rule of the bucket does.
    pub(crate) fn is_note(&self) -> bool {
        self.kind == FaultKind::NoDeleteRight
    }
}

/// A check under way. Its objects are named by records that outlive it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct BucketCheck {
    /// The object that is written and read.
    pub(crate) key: String,
    pub(crate) content: String,
    pub(crate) step: Step,
    /// Attempts to read the object.
    reads: u32,
    /// The answer to the request of the step is on its way.
    pub(crate) is_open: bool,
    /// The request of the step goes out then, in Unix milliseconds.
    pub(crate) from_ms: u64,
    faults: Vec<BucketFault>,
}

/// What follows an answer.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// The request of the step that is set now.
    Step,
    /// The same request after a pause.
    Pause,
    /// The check is over, with these faults.
    Over(Vec<BucketFault>),
}

impl BucketCheck {
    pub(crate) fn new(key: String, content: String, now_ms: u64) -> Self {
        Self {
            key,
            content,
            step: Step::Write,
            reads: 0,
            is_open: false,
            from_ms: now_ms,
            faults: Vec::new(),
        }
    }

    /// The object that nobody may write without a key.
    pub(crate) fn public_key(&self) -> String {
        format!("{}-public", self.key)
    }

    /// Takes the answer to the request of the step.
    pub(crate) fn take(
        &mut self,
        result: &Result<HttpAnswer, HttpFailure>,
        endpoint: &Endpoint,
        unix_seconds: i64,
    ) -> Next {
        self.is_open = false;
        if let Ok(answer) = result {
            self.look_at_headers(answer, endpoint, unix_seconds);
        }
        if self.step == Step::Read {
            self.reads += 1;
            // Some services show an object, or count a new policy, a moment later.
            let is_absent = matches!(result, Ok(answer) if matches!(answer.status, 403 | 404));
            if is_absent && self.reads < BUCKET_READS_MAX {
                return Next::Pause;
            }
        }
        let fault = self.judge(result, endpoint, unix_seconds);
        let is_written = self.step != Step::Write || fault.is_none();
        if let Some(fault) = fault {
            self.add(fault);
        }
        // Without an object there is nothing to be read.
        match self.step.next().filter(|_| is_written) {
            Some(step) => {
                self.step = step;
                Next::Step
            }
            None => Next::Over(std::mem::take(&mut self.faults)),
        }
    }

    fn add(&mut self, mut fault: BucketFault) {
        if self.faults.iter().all(|other| other.kind != fault.kind) {
            fault.reason = fault.reason.chars().take(REASON_CHARS_MAX).collect();
            self.faults.push(fault);
        }
    }

    fn look_at_headers(&mut self, answer: &HttpAnswer, endpoint: &Endpoint, unix_seconds: i64) {
        let region = answer.header(BUCKET_REGION_HEADER).map(str::trim);
        if let Some(region) = region.filter(|region| *region != endpoint.region()) {
            self.add(wrong_region(region, endpoint));
        }
        let skew = answer.header("date");
        let skew = skew.and_then(|date| clock_skew_seconds(date, unix_seconds));
        let Some(skew) = skew.filter(|skew| skew.unsigned_abs() > CLOCK_SKEW_SECONDS_MAX) else {
            return;
        };
        let side = if skew > 0 { "behind" } else { "ahead of" };
        self.add(BucketFault {
            kind: FaultKind::Clock,
            reason: format!(
                "this clock is {} s {side} the server's: URLs may be refused",
                skew.unsigned_abs()
            ),
            remedy: "set the clock of this machine (`timedatectl set-ntp true`)".to_owned(),
        });
    }

    fn judge(
        &self,
        result: &Result<HttpAnswer, HttpFailure>,
        endpoint: &Endpoint,
        unix_seconds: i64,
    ) -> Option<BucketFault> {
        let is_success = |answer: &HttpAnswer| (200..300).contains(&answer.status);
        match (self.step, result) {
            // Neither attempt may succeed, so that a failure is as good as a refusal. The page of a proxy is a success, but has
            // no ETag and is not a list.
            (Step::WriteWithoutKey, Ok(answer)) if is_success(answer) => {
                answer.header("etag").map(|_| public_write())
            }
            (Step::ListWithoutKey, Ok(answer)) if is_success(answer) => {
                let is_list = answer
                    .body
                    .windows(LIST_START.len())
                    .any(|part| part == LIST_START);
                is_list.then(public_list)
            }
            (Step::WriteWithoutKey | Step::ListWithoutKey, _) => None,
            (Step::Write | Step::Delete, Ok(answer)) if is_page(&answer.body) && is_success(answer) => {
                Some(page(self.step))
            }
            (Step::Read, Ok(answer)) if is_success(answer) => {
                (answer.body != self.content.as_bytes()).then(other_content)
            }
            (_, Ok(answer)) => refusal(self.step, answer, endpoint, unix_seconds),
            (_, Err(failure)) => Some(BucketFault {
                kind: kind_of(self.step),
                reason: format!("the bucket does not answer: {}", failure.text),
                remedy: "check `endpoint` and `region` of config.horde_crossval, the network and the name server".to_owned(),
            }),
        }
    }
}

/// The beginning of a list of objects, which a page does not have.
const LIST_START: &[u8] = b"<ListBucketResult";

fn kind_of(step: Step) -> FaultKind {
    match step {
        Step::Write => FaultKind::Write,
        Step::Read => FaultKind::Read,
        Step::WriteWithoutKey => FaultKind::PublicWrite,
        Step::ListWithoutKey => FaultKind::PublicList,
        Step::Delete => FaultKind::Delete,
    }
}

/// What an answer that should be a success means.
fn refusal(
    step: Step,
    answer: &HttpAnswer,
    endpoint: &Endpoint,
    unix_seconds: i64,
) -> Option<BucketFault> {
    let seen = ObjectAnswer {
        status: answer.status,
        region: answer.header(BUCKET_REGION_HEADER),
        date: answer.header("date"),
        body: &answer.body,
    };
    let fault = seen.check(unix_seconds).err()?;
    let what = match step {
        Step::Read => "objects cannot be read without a key",
        Step::Delete => "objects cannot be deleted",
        _ => "a presigned URL takes no object",
    };
    let complaint = Complaint::read(seen.region, seen.body);
    let kind = match (step, fault.kind) {
        (Step::Delete, ObjectFaultKind::Denied) => FaultKind::NoDeleteRight,
        _ => kind_of(step),
    };
    Some(BucketFault {
        kind,
        reason: format!("{what}: {}", fault.text),
        remedy: remedy(step, answer.status, &complaint.code, endpoint),
    })
}

fn remedy(step: Step, status: u16, code: &str, endpoint: &Endpoint) -> String {
    let bucket = endpoint.bucket();
    match (code, status) {
        ("NoSuchBucket", _) => format!(
            "make the bucket again with `compute-horde provision-s3`, or correct its name {bucket} in config.horde_crossval"
        ),
        ("InvalidAccessKeyId", _) => {
            "correct `access_key_id`, or have a key made by `compute-horde provision-s3 --create-user`"
                .to_owned()
        }
        ("SignatureDoesNotMatch", _) => {
            "put the secret of `access_key_id` into the file of the host's key, and nothing else"
                .to_owned()
        }
        ("RequestTimeTooSkewed" | "RequestExpired", _) => {
            "set the clock of this machine (`timedatectl set-ntp true`)".to_owned()
        }
        ("SecondLevelDomainForbidden" | "VirtualHostDomainRequired", _) => {
            "use an object store that takes path-style URLs: miners get no others".to_owned()
        }
        (
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "AuthorizationQueryParametersError",
            _,
        )
        | (_, 301 | 307) => "set `region` of config.horde_crossval to that of the bucket".to_owned(),
        (_, 403) => match step {
            Step::Read => format!(
                "let anybody read objects: `compute-horde provision-s3` does, or allow s3:GetObject on {bucket}/*"
            ),
            Step::Delete => format!("allow s3:DeleteObject on {bucket}/* to the access key"),
            _ => format!("allow s3:PutObject on {bucket}/* to the access key"),
        },
        _ => "`compute-horde check-s3` says more; if it is the service's fault, wait or ask its operator"
            .to_owned(),
    }
}

fn wrong_region(region: &str, endpoint: &Endpoint) -> BucketFault {
    let is_part = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let region: String = region.chars().filter(is_part).collect();
    BucketFault {
        kind: FaultKind::Region,
        reason: format!(
            "the bucket is in the region {region}, not in {}",
            endpoint.region()
        ),
        remedy: "set `region` of config.horde_crossval to that of the bucket".to_owned(),
    }
}

fn other_content() -> BucketFault {
    BucketFault {
        kind: FaultKind::Read,
        reason: "a read without a key returned other content than was written".to_owned(),
        remedy: "set `endpoint` to the S3 service itself: a cache or another server answers"
            .to_owned(),
    }
}

fn page(step: Step) -> BucketFault {
    BucketFault {
        kind: kind_of(step),
        reason: "a page of HTML or XML answers in place of the bucket".to_owned(),
        remedy: "set `endpoint` to the S3 service itself: a proxy or another server answers"
            .to_owned(),
    }
}

fn public_write() -> BucketFault {
    BucketFault {
        kind: FaultKind::PublicWrite,
        reason: "anybody can write objects without a presigned URL".to_owned(),
        remedy:
            "remove s3:PutObject for everybody from the bucket's policy and from its access list"
                .to_owned(),
    }
}

fn public_list() -> BucketFault {
    BucketFault {
        kind: FaultKind::PublicList,
        reason: "anybody can list the objects, and so find prompts and answers of others"
            .to_owned(),
        remedy:
            "remove s3:ListBucket for everybody from the bucket's policy and from its access list"
                .to_owned(),
    }
}
