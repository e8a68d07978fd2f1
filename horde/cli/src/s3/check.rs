//! Whether a bucket does what the protocol needs (sections 1.3 and 10.7): a presigned URL takes an object, anybody reads it, and
//! nobody writes or lists without one.
//!
//! Each request is what a miner sends: a URL, and no key.

use std::thread;
use std::time::Duration;

use horde_s3::{Credentials, Endpoint, Method, clock_skew_seconds, presign};

use super::policy;
use super::reason::Reason;
use super::remote::unix_seconds;
use crate::finding::Finding;
use crate::http::{Answer, HttpError, Transport};

/// How long the URLs of a check live, in seconds.
const EXPIRES_SECONDS: u32 = 300;
/// Tries to read what was just written: some services show it, or count a new policy, a moment later.
pub(crate) const READS_COUNT_MAX: u32 = 4;
/// Pause between two of them.
pub(crate) const READ_INTERVAL: Duration = Duration::from_millis(250);
/// A difference of the clocks that nothing minds, in seconds.
const SKEW_SECONDS_MAX: u64 = 30;
/// From this difference on miners may get URLs that are refused, in seconds: services bear 15 minutes.
const SKEW_SECONDS_FAULT: u64 = 300;

/// A check of one bucket.
pub(crate) struct Check<'a> {
    /// How requests are sent.
    pub(crate) transport: &'a dyn Transport,
    /// Signs the URLs.
    pub(crate) credentials: &'a Credentials,
    /// The bucket.
    pub(crate) bucket: &'a Endpoint,
    /// Name of the bucket in findings.
    pub(crate) part: String,
}

/// What a check has found.
#[derive(Debug)]
pub(crate) struct Checked {
    /// At least one.
    pub(crate) findings: Vec<Finding>,
    /// By how many seconds the clock of the service is ahead, if it says its time.
    pub(crate) skew_seconds: Option<i64>,
}

impl Check<'_> {
    /// Writes the object `key` with these contents, reads it as anybody, tries what must not work, and deletes it.
    pub(crate) fn run(&self, key: &str, contents: &str) -> Checked {
        let mut checked = Checked {
            findings: Vec::new(),
            skew_seconds: None,
        };
        let written = self.send(Method::Put, &self.presigned(Method::Put, key), contents);
        if let Ok(answer) = &written {
            let date = answer.header("date");
            checked.skew_seconds = date.and_then(|date| clock_skew_seconds(date, unix_seconds()));
        }
        match written {
            Err(error) => checked.findings.push(self.unreachable(&error)),
            Ok(answer) if answer.is_success() => self.check_object(key, contents, &mut checked),
            Ok(answer) => {
                let reason = Reason::of(&answer);
                checked.findings.push(self.not_written(&reason));
            }
        }
        checked
    }

    /// What follows once an object is there.
    fn check_object(&self, key: &str, contents: &str, checked: &mut Checked) {
        let findings = [
            self.read(key, contents),
            self.write_without_key(key),
            self.list_without_key(),
        ];
        let faults = findings.into_iter().flatten();
        checked.findings.extend(faults);
        if checked.findings.is_empty() {
            let good =
                "a presigned URL takes an object, anybody reads it, nobody else writes or lists";
            checked.findings.push(Finding::good(&self.part, good));
        }
        checked.findings.extend(self.delete(key));
    }

    fn read(&self, key: &str, contents: &str) -> Option<Finding> {
        let url = self.bucket.object_url(key);
        let mut tries = 1;
        let answer = loop {
            match self.send(Method::Get, &url, "") {
                Err(error) => return Some(self.unreachable(&error)),
                Ok(answer) if [403, 404].contains(&answer.status) && tries < READS_COUNT_MAX => {
                    tries += 1;
                    thread::sleep(READ_INTERVAL);
                }
                Ok(answer) => break answer,
            }
        };
        if answer.is_success() && answer.body == contents.as_bytes() {
            return None;
        }
        if answer.is_success() {
            return Some(self.fault(
                "a read without a key returned other content than was written",
                "is a cache or another server behind AWS_ENDPOINT_URL? Name the S3 service itself",
            ));
        }
        let reason = Reason::of(&answer);
        let remedy = match reason {
            Reason::Denied => Some(format!(
                "`compute-horde provision-s3` lets anybody read objects; by hand: allow s3:GetObject on {}/* to everybody, and switch BlockPublicPolicy and RestrictPublicBuckets off",
                self.bucket.bucket()
            )),
            _ => reason.remedy(),
        };
        let text = match reason {
            Reason::Denied => "anybody must be able to read objects, but may not".to_owned(),
            _ => format!(
                "anybody must be able to read objects, but {}",
                reason.text()
            ),
        };
        Some(self.fault(&text, &remedy.unwrap_or_default()))
    }

    fn write_without_key(&self, key: &str) -> Option<Finding> {
        let key = format!("{key}-anonymous");
        let url = self.bucket.object_url(&key);
        let answer = self.send(Method::Put, &url, "").ok()?;
        // A page of a proxy is a success, too, but has none.
        if !answer.is_success() || answer.header("etag").is_none() {
            return None;
        }
        // Nothing more can be done if it stays: the fault names it.
        let _ = self.send(Method::Delete, &self.presigned(Method::Delete, &key), "");
        Some(self.fault(
            &format!("anybody can write objects without a presigned URL (tried with {key})"),
            "remove s3:PutObject for everybody from the bucket's policy and from its access list",
        ))
    }

    fn list_without_key(&self) -> Option<Finding> {
        let url = format!("{}?list-type=2", self.bucket);
        let answer = self.send(Method::Get, &url, "").ok()?;
        let is_list = answer.is_success() && answer.text().contains("<ListBucketResult");
        is_list.then(|| {
            self.fault(
                "anybody can list the objects, and so find prompts and answers of others",
                "remove s3:ListBucket for everybody from the bucket's policy and from its access list",
            )
        })
    }

    fn delete(&self, key: &str) -> Option<Finding> {
        let answer = self.send(Method::Delete, &self.presigned(Method::Delete, key), "");
        let why = match answer {
            Ok(answer) if answer.is_success() => return None,
            Ok(answer) => Reason::of(&answer).text(),
            Err(error) => error.to_string(),
        };
        Some(Finding::note(
            &self.part,
            format!("{key} stays until the bucket's lifecycle rule deletes it: {why}"),
        ))
    }

    fn not_written(&self, reason: &Reason) -> Finding {
        let resource = format!("arn:aws:s3:::{}/*", self.bucket.bucket());
        let remedy = reason.remedy().unwrap_or_else(|| match reason {
            Reason::Denied => format!(
                "give the key this right: {}",
                policy::wanted_right("s3:PutObject", &resource)
            ),
            _ => "is AWS_ENDPOINT_URL the URL of an S3 service that takes path-style URLs?"
                .to_owned(),
        });
        let text = format!("a presigned URL takes no object: {}", reason.text());
        self.fault(&text, &remedy)
    }

    fn unreachable(&self, error: &HttpError) -> Finding {
        let remedy = "check AWS_ENDPOINT_URL and AWS_DEFAULT_REGION, the network, the name server and proxies (HTTPS_PROXY)";
        self.fault(&error.to_string(), remedy)
    }

    fn fault(&self, text: &str, remedy: &str) -> Finding {
        Finding::fault(&self.part, text, remedy)
    }

    fn presigned(&self, method: Method, key: &str) -> String {
        let (now, credentials) = (unix_seconds(), self.credentials);
        presign(method, self.bucket, key, credentials, now, EXPIRES_SECONDS)
    }

    fn send(&self, method: Method, url: &str, body: &str) -> Result<Answer, HttpError> {
        self.transport
            .send(method, url, &[], body.as_bytes().to_vec())
    }
}

/// What a difference to the clock of `service` means.
pub(crate) fn clock(skew_seconds: i64, service: &str) -> Finding {
    let (part, seconds) = ("clock", skew_seconds.unsigned_abs());
    let side = if skew_seconds > 0 {
        "behind"
    } else {
        "ahead of"
    };
    let text = format!("this machine is {seconds} s {side} the {service}");
    let remedy =
        "set the clock of this machine (`timedatectl set-ntp true`), or that of the service";
    match seconds {
        // The header has whole seconds.
        0..=1 => Finding::good(part, format!("is as that of the {service}")),
        2..=SKEW_SECONDS_MAX => Finding::good(part, text),
        _ if seconds < SKEW_SECONDS_FAULT => Finding::warning(part, text, remedy),
        _ => Finding::fault(
            part,
            format!("{text}: signatures and URLs may be refused"),
            remedy,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn clock_counts_by_how_far_it_is_off() {
        for (seconds, level) in [
            (0, Level::Good),
            (-20, Level::Good),
            (60, Level::Warning),
            (-600, Level::Fault),
            (i64::MIN, Level::Fault),
        ] {
            assert_eq!(clock(seconds, "S3 service").level, level, "{seconds}");
        }
        let text = clock(600, "S3 service").text;
        assert!(text.contains("600 s behind the S3 service"), "{text}");
    }
}
