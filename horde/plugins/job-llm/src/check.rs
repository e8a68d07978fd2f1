//! What is known of an answer while it is checked, and the verdict: pure, but for the store.

use std::collections::BTreeMap;

use horde_calc::llm::{Answers, check_answers, is_page};
use horde_events::{AnswerChecked, SolvedPrompt, Verdict};
use horde_s3::{ObjectAnswer, ObjectFaultKind};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;
use tig_plugin_api::{HttpAnswer, HttpFailure, HttpFailureKind};

const ANSWER: &str = "answer/";

/// Attempts to read the answers of a job.
pub(crate) const TRIES_MAX: u32 = 3;

/// Bytes of a file of answers: 240 answers of 256 tokens, with all escapes of JSON, are 2 MB.
pub(crate) const ANSWERS_BYTES_MAX: u64 = 4 << 20;

/// What is needed to check an answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Check {
    pub(crate) answers_url: String,
    /// An object of the same bucket that is there.
    pub(crate) control_url: String,
    pub(crate) prompts: Vec<SolvedPrompt>,
}

/// An answer whose check is under way. Stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Pending {
    pub(crate) batch: String,
    pub(crate) check: Check,
    /// Attempts that have failed.
    pub(crate) tries: u32,
    /// The answers may not be there, reading may not be allowed, or another server answers: the object that is there decides.
    pub(crate) asks_control: bool,
    /// A page came in place of the answers.
    #[serde(default)]
    pub(crate) is_page: bool,
    /// The next attempt, in Unix milliseconds.
    pub(crate) from_ms: u64,
    /// When there must be a verdict, in Unix milliseconds.
    pub(crate) due_ms: u64,
}

/// What is next for an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// The check is over.
    Over(Verdict),
    /// Another attempt.
    Retry,
    /// The control object is to be read.
    AskControl {
        /// The answers are a page.
        is_page: bool,
    },
}

impl Pending {
    /// What an answer of the bucket means.
    pub(crate) fn judge(&self, result: Result<HttpAnswer, HttpFailure>, unix_seconds: i64) -> Next {
        if self.asks_control {
            return Next::Over(self.judge_control(result, unix_seconds));
        }
        let is_last = self.tries + 1 >= TRIES_MAX;
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) if failure.kind == HttpFailureKind::TooLarge => {
                let mebibytes = ANSWERS_BYTES_MAX >> 20;
                return wrong(format!(
                    "the file of answers is longer than {mebibytes} MiB"
                ));
            }
            Err(_) if !is_last => return Next::Retry,
            Err(failure) => return Next::Over(excused(&failure.text)),
        };
        let fault = match seen(&answer).check(unix_seconds) {
            // The miner has written it, or a proxy answers in place of the bucket.
            Ok(()) if is_page(&answer.body) && !is_last => return Next::Retry,
            Ok(()) if is_page(&answer.body) => return Next::AskControl { is_page: true },
            Ok(()) => return self.compare(&answer.body),
            Err(fault) => fault,
        };
        match fault.kind {
            _ if !is_last => Next::Retry,
            ObjectFaultKind::Service => Next::Over(excused(&fault.text)),
            // A server other than the bucket has no such object either.
            ObjectFaultKind::Denied | ObjectFaultKind::Missing => {
                Next::AskControl { is_page: false }
            }
        }
    }

    /// The verdict of the control object: if it is there, what is wrong with the answers is the miner's fault.
    fn judge_control(&self, result: Result<HttpAnswer, HttpFailure>, unix_seconds: i64) -> Verdict {
        let wrong = || Verdict::Wrong {
            reason: match self.is_page {
                true => PAGE.to_owned(),
                false => MISSING.to_owned(),
            },
        };
        match result {
            Ok(answer) => match seen(&answer).check(unix_seconds) {
                Ok(()) if is_page(&answer.body) => excused("a page answers in place of the bucket"),
                Ok(()) => wrong(),
                Err(fault) => excused(&fault.text),
            },
            // It is there, whatever its length.
            Err(failure) if failure.kind == HttpFailureKind::TooLarge => wrong(),
            Err(failure) => excused(&failure.text),
        }
    }

    fn compare(&self, body: &[u8]) -> Next {
        let prompts = || self.check.prompts.iter();
        let answers = Answers::read(body, prompts().map(|solved| solved.prompt.as_str()));
        let answers = match answers {
            Ok(answers) => answers,
            Err(fault) => return wrong(fault.to_string()),
        };
        let expected = prompts().map(|solved| (solved.prompt.as_str(), solved.answer.as_str()));
        match check_answers(expected, &answers) {
            Ok(()) => Next::Over(Verdict::Right),
            Err(fault) => wrong(fault.to_string()),
        }
    }

    pub(crate) fn checked(&self, uuid: &str, verdict: Verdict) -> AnswerChecked {
        AnswerChecked {
            batch: self.batch.clone(),
            uuid: uuid.to_owned(),
            verdict,
        }
    }
}

const MISSING: &str = "it said that it has finished, but its answers are not in the bucket";
const PAGE: &str = "its file of answers is a page of HTML or XML";

fn seen(answer: &HttpAnswer) -> ObjectAnswer<'_> {
    ObjectAnswer {
        status: answer.status,
        region: answer.header(horde_s3::BUCKET_REGION_HEADER),
        date: answer.header("date"),
        body: &answer.body,
    }
}

fn wrong(reason: String) -> Next {
    Next::Over(Verdict::Wrong { reason })
}

pub(crate) fn excused(text: &str) -> Verdict {
    Verdict::Excused {
        reason: format!("its answers cannot be read: {text}"),
    }
}

pub(crate) fn stored(ctx: &mut Context<'_>) -> Result<BTreeMap<String, Pending>> {
    let records = ctx.scan_sound::<Pending>(ANSWER)?.into_iter();
    let named = records.filter_map(|(key, pending)| {
        let uuid = key.strip_prefix(ANSWER)?;
        Some((uuid.to_owned(), pending))
    });
    Ok(named.collect())
}

pub(crate) fn put(ctx: &mut Context<'_>, uuid: &str, pending: &Pending) -> Result<()> {
    ctx.put(&[ANSWER, uuid].concat(), pending)
}

pub(crate) fn delete(ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
    ctx.delete(&[ANSWER, uuid].concat())
}
