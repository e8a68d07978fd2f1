//! Answers of the trusted miner: read from the bucket, and looked through.

use horde_calc::llm::{AnswerFault, Answers, AnswersFault};
use horde_events::SolvedPrompt;
use horde_s3::{Method, ObjectFaultKind};
use tig_plugin_api::prelude::*;

use super::{ANSWERS, request};
use crate::Crossval;
use crate::bucket::{Bucket, Object, ReadFault};
use crate::limits::{ANSWERS_BYTES_MAX, READ_FAILURES_MAX, READ_PAUSE_MS, READ_TRIES_MAX};
use crate::pool::Workload;
use crate::station::StationName;
use crate::trusted::{Phase, Task};

impl Crossval {
    /// Reads the answers of the job, unless they are on their way.
    pub(super) fn read_answers(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let (Some(job), Some(buckets)) = (&self.job, &self.buckets) else {
            return Ok(());
        };
        if self.live.is_reading {
            return Ok(());
        }
        let url = buckets.url(&Object::answers(&job.file));
        let tag = [ANSWERS, &job.uuid].concat();
        self.live.is_reading = true;
        ctx.http(&request(tag, Method::Get, url, ANSWERS_BYTES_MAX))
    }

    pub(super) fn take_answers(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        result: Result<Vec<u8>, ReadFault>,
    ) -> Result<()> {
        let job = self.job.as_ref();
        let Some(job) = job
            .filter(|job| job.uuid == uuid && job.phase == Phase::Reading)
            .cloned()
        else {
            return Ok(());
        };
        self.live.is_reading = false;
        let fault = match result {
            Ok(body) => return self.judge_answers(ctx, job.task, &body),
            Err(ReadFault::TooLarge) => {
                let reason = format!(
                    "the file of answers is longer than {} MiB",
                    ANSWERS_BYTES_MAX >> 20
                );
                return self.fail_job(ctx, &reason, true);
            }
            Err(ReadFault::Object(fault)) => fault,
        };
        let mut job = job;
        // Reading that is denied may be either's fault: a bucket that cannot be read at all has lost its policy.
        let is_of_bucket = match fault.kind {
            ObjectFaultKind::Service => true,
            ObjectFaultKind::Denied => self.is_broken(Bucket::Answers),
            ObjectFaultKind::Missing => false,
        };
        if is_of_bucket {
            job.read_failures += 1;
        } else {
            job.reads += 1;
        }
        if job.reads >= READ_TRIES_MAX || job.read_failures >= READ_FAILURES_MAX {
            let reason = format!(
                "the job has finished, but its answers cannot be read: {}",
                fault.text
            );
            return self.fail_job(ctx, &reason, !is_of_bucket);
        }
        let now_ms = ctx.now_ms();
        (job.begun_ms, job.due_ms) = (now_ms, now_ms + READ_PAUSE_MS);
        self.put_job(ctx, job)
    }

    fn judge_answers(&mut self, ctx: &mut Context<'_>, task: Task, body: &[u8]) -> Result<()> {
        match task {
            Task::Answer { workload: uuid, .. } => {
                let Some(workload) = self.pool.workloads.get(&uuid).cloned() else {
                    return self.fail_job(ctx, "its workload was dropped meanwhile", false);
                };
                match solve(&workload, body) {
                    Ok(solved) => {
                        self.end_job(ctx)?;
                        self.finish_workload(ctx, &uuid, &workload, &solved)?;
                        self.take_probe(ctx, &uuid, workload.seed, solved)?;
                        let result = format!("{} samples are ready", workload.samples.len());
                        self.succeed_station(ctx, StationName::Answering, &result)
                    }
                    Err(fault) => {
                        if let Some(series) = &fault.series {
                            self.blame_series(ctx, series, &fault.reason)?;
                        }
                        self.fail_job(ctx, &fault.reason, true)
                    }
                }
            }
            Task::Check { .. } => self.judge_check(ctx, body),
            // Its series are read by sampling.
            Task::Generate { .. } => Ok(()),
        }
    }
}

/// Why a file does not answer a workload.
#[derive(Debug)]
struct SolveFault {
    reason: String,
    /// The series of the prompt that has no answer.
    series: Option<String>,
}

impl From<AnswersFault> for SolveFault {
    fn from(fault: AnswersFault) -> Self {
        Self {
            reason: fault.to_string(),
            series: None,
        }
    }
}

/// The prompts of a workload with their answers, each of which must be there.
fn solve(workload: &Workload, body: &[u8]) -> Result<Vec<SolvedPrompt>, SolveFault> {
    let answers = Answers::read(body, workload.prompts())?;
    let mut solved = Vec::new();
    for drawn in &workload.samples {
        for prompt in &drawn.prompts {
            let answer = answers.answer(solved.len(), prompt);
            let answer = answer.map_err(|fault: AnswerFault| SolveFault {
                reason: fault.to_string(),
                series: Some(drawn.series.clone()),
            })?;
            solved.push(SolvedPrompt {
                prompt: prompt.clone(),
                answer: answer.to_owned(),
            });
        }
    }
    Ok(solved)
}
