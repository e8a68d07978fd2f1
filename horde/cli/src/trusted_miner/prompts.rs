//! Whether prompts and answers come: a short series and two answers, through the buckets, as the running validator has them made
//! (sections 2.9 and 3.8). Afterwards what was written is deleted or, with a key that may not delete, left to the lifecycle rule.

use std::thread;
use std::time::Instant;

use horde_calc::llm::{Answers, answers_file, read_series};
use horde_proto::uuid_v4;
use horde_s3::{Credentials, Endpoint, Method, presign};

use super::job::Job;
use super::session::{JobFault, Session};
use crate::finding::Finding;
use crate::http::{HttpError, Transport};
use crate::s3::check::{READ_INTERVAL, READS_COUNT_MAX};
use crate::s3::reason::Reason;
use crate::s3::remote::unix_seconds;

/// Prompts that are answered.
const PROMPTS_COUNT: usize = 2;
/// How long the URLs of a check live, in seconds: longer than a job may take with all its waits.
const URL_SECONDS: u32 = 3_600;
/// What an object holds that is written to see whether anybody can read it.
const CONTROL_CONTENTS: &[u8] = b"control";
/// What is to be done if a bucket fails.
const BUCKET_REMEDY: &str = "`compute-horde check-s3` says what is wrong with the buckets";

/// Why prompts or answers have not come.
#[derive(Debug, thiserror::Error)]
enum StationFault {
    #[error(transparent)]
    Job(#[from] JobFault),
    #[error("{what}: {source}")]
    Http {
        what: &'static str,
        source: HttpError,
    },
    #[error("{what}: {}", .reason.text())]
    Bucket { what: &'static str, reason: Reason },
    #[error("{what}: the job has finished, but nothing was uploaded")]
    Missing { what: &'static str },
    #[error("{what}: anybody must be able to read objects, but may not")]
    Hidden { what: &'static str },
    #[error("the series that it has written cannot be used: {0}")]
    Series(#[from] horde_calc::llm::SeriesFault),
    #[error("{0}")]
    Answers(#[from] horde_calc::llm::AnswersFault),
    #[error("{0}")]
    Answer(#[from] horde_calc::llm::AnswerFault),
    #[error("the system has no random bytes")]
    Random(#[from] getrandom::Error),
}

impl StationFault {
    fn remedy(&self, image: &str) -> String {
        match self {
            Self::Job(fault) => fault.remedy(image),
            Self::Http { .. } | Self::Bucket { .. } | Self::Hidden { .. } => {
                BUCKET_REMEDY.to_owned()
            }
            Self::Missing { .. } => format!(
                "look at the log of the executor that ran {image}: it uploads what the job writes, and must reach the buckets"
            ),
            Self::Series(_) | Self::Answers(_) | Self::Answer(_) => {
                format!(
                    "look at the log of {image} on the trusted miner: it must be the published image"
                )
            }
            Self::Random(_) => "look at the log of this machine".to_owned(),
        }
    }
}

/// Objects that may have been written.
type Written<'a> = Vec<(&'a Endpoint, String)>;

/// Both buckets, and who signs.
pub(super) struct Pipeline<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) credentials: &'a Credentials,
    pub(super) prompts: &'a Endpoint,
    pub(super) answers: &'a Endpoint,
    /// Model that makes the prompts.
    pub(super) model: &'a str,
}

impl Pipeline<'_> {
    /// Lets the trusted miner write prompts, and answer two of them.
    pub(super) fn findings(&self, session: &mut Session<'_>) -> Vec<Finding> {
        let mut written = Vec::new();
        let started = Instant::now();
        let mut findings = Vec::new();
        match self.generate(session, &mut written) {
            Err(fault) => {
                let remedy = fault.remedy("the generator's image");
                findings.push(Finding::fault("prompts", fault.to_string(), remedy));
                findings.push(Finding::note("answers", "are not tried without prompts"));
            }
            Ok(prompts) => {
                findings.push(came("prompts", started));
                let started = Instant::now();
                findings.push(match self.answer(session, &prompts, &mut written) {
                    Ok(()) => came("answers", started),
                    Err(fault) => {
                        let remedy = fault.remedy("the solver's image");
                        Finding::fault("answers", fault.to_string(), remedy)
                    }
                });
            }
        }
        findings.extend(self.delete(&written));
        findings
    }

    fn generate<'b>(
        &'b self,
        session: &mut Session<'_>,
        written: &mut Written<'b>,
    ) -> Result<Vec<String>, StationFault> {
        let (job, series) = (new_uuid()?, new_uuid()?);
        written.push((self.prompts, series.clone()));
        let url = self.presigned(Method::Put, self.prompts, &series);
        session.run(Job::generation(&job, self.model, &series, url))?;
        let bytes = self.read("the prompts cannot be read", self.prompts, &series, written)?;
        let lines = read_series(&bytes, PROMPTS_COUNT)?;
        let chosen = lines.into_iter().take(PROMPTS_COUNT);
        Ok(chosen.map(str::to_owned).collect())
    }

    fn answer<'b>(
        &'b self,
        session: &mut Session<'_>,
        prompts: &[String],
        written: &mut Written<'b>,
    ) -> Result<(), StationFault> {
        let (job, file) = (new_uuid()?, new_uuid()?);
        let solved = format!("solved/{}", answers_file(&file));
        written.extend([(self.answers, file.clone()), (self.answers, solved.clone())]);
        let body = prompts.join("\n").into_bytes();
        self.write("the prompts cannot be written", self.answers, &file, body)?;
        let seed = getrandom::u32()?;
        let from = self.answers.object_url(&file);
        let to = self.presigned(Method::Put, self.answers, &solved);
        session.run(Job::answering(&job, &file, seed, from, to))?;
        let bytes = self.read("the answers cannot be read", self.answers, &solved, written)?;
        let answers = Answers::read(&bytes, prompts.iter().map(String::as_str))?;
        for (index, prompt) in prompts.iter().enumerate() {
            answers.answer(index, prompt)?;
        }
        Ok(())
    }

    /// Reads as anybody, as miners do.
    fn read<'b>(
        &self,
        what: &'static str,
        bucket: &'b Endpoint,
        key: &str,
        written: &mut Written<'b>,
    ) -> Result<Vec<u8>, StationFault> {
        match self.send(what, Method::Get, &bucket.object_url(key), Vec::new()) {
            Err(StationFault::Bucket {
                reason: Reason::Denied,
                ..
            }) => {
                // Who may not list is denied an object that is not there, too: one that is there tells the two apart.
                let control = format!("{key}-control");
                written.push((bucket, control.clone()));
                Err(match self.can_anybody_read(what, bucket, &control)? {
                    true => StationFault::Missing { what },
                    false => StationFault::Hidden { what },
                })
            }
            read => read,
        }
    }

    /// Writes an object, and reads it as anybody.
    fn can_anybody_read(
        &self,
        what: &'static str,
        bucket: &Endpoint,
        key: &str,
    ) -> Result<bool, StationFault> {
        let contents = CONTROL_CONTENTS.to_vec();
        self.write("a control object cannot be written", bucket, key, contents)?;
        for left in (0..READS_COUNT_MAX).rev() {
            match self.send(what, Method::Get, &bucket.object_url(key), Vec::new()) {
                Ok(_) => return Ok(true),
                Err(
                    StationFault::Missing { .. }
                    | StationFault::Bucket {
                        reason: Reason::Denied,
                        ..
                    },
                ) => {}
                Err(fault) => return Err(fault),
            }
            if left > 0 {
                thread::sleep(READ_INTERVAL);
            }
        }
        Ok(false)
    }

    fn write(
        &self,
        what: &'static str,
        bucket: &Endpoint,
        key: &str,
        body: Vec<u8>,
    ) -> Result<(), StationFault> {
        let url = self.presigned(Method::Put, bucket, key);
        self.send(what, Method::Put, &url, body).map(drop)
    }

    fn send(
        &self,
        what: &'static str,
        method: Method,
        url: &str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, StationFault> {
        let answer = self.transport.send(method, url, &[], body);
        let answer = answer.map_err(|source| StationFault::Http { what, source })?;
        if answer.is_success() {
            return Ok(answer.body);
        }
        Err(match Reason::of(&answer) {
            Reason::Other(404, _) => StationFault::Missing { what },
            reason => StationFault::Bucket { what, reason },
        })
    }

    /// Deletes what was written; what cannot be deleted is named.
    fn delete(&self, written: &[(&Endpoint, String)]) -> Option<Finding> {
        let stays = written.iter().filter(|(bucket, key)| {
            let url = self.presigned(Method::Delete, bucket, key);
            let answer = self.transport.send(Method::Delete, &url, &[], Vec::new());
            // An object that is not there needs no deletion.
            !answer.is_ok_and(|answer| answer.is_success() || answer.status == 404)
        });
        let names: Vec<_> = stays
            .map(|(bucket, key)| format!("{}/{key}", bucket.bucket()))
            .collect();
        (!names.is_empty()).then(|| {
            let names = names.join(", ");
            let text = format!("{names}: may stay until the lifecycle rule deletes it");
            Finding::note("buckets", text)
        })
    }

    fn presigned(&self, method: Method, bucket: &Endpoint, key: &str) -> String {
        let now = unix_seconds();
        presign(method, bucket, key, self.credentials, now, URL_SECONDS)
    }
}

fn came(part: &str, started: Instant) -> Finding {
    Finding::good(
        part,
        format!("come, in {:.1} s", started.elapsed().as_secs_f64()),
    )
}

/// A version 4 UUID.
pub(super) fn new_uuid() -> Result<String, getrandom::Error> {
    Ok(uuid_v4([getrandom::u64()?, getrandom::u64()?]))
}
