//! Requests: known, refused, or taken.

use std::fmt::Write as _;

use horde_events::JobRequested;
use horde_proto::facilitator::{JobRequest, JobStatus, OrganicJob};
use serde_json::value::RawValue;
use tig_plugin_api::prelude::*;

use super::finish::Ending;
use crate::Organic;
use crate::admission::{Refusal, check_job, check_signature, read_request};
use crate::job::{Job, Phase, Source, attempt_ms_min};
use crate::limits::{
    ADDRESS_TIMEOUT_MS, OPEN_BYTES_MAX, OPEN_JOBS_MAX, SIGNATURE_AGE_MS_MAX, SIGNATURES_MAX,
};
use crate::store::{self, Signed};

/// A request that is run.
struct Admitted {
    job: OrganicJob,
    /// The hash that was signed, and when the signature is too old to count, in Unix milliseconds.
    signed: Option<(String, u64)>,
}

impl Organic {
    /// Takes a request of the facilitator. One that is known changes nothing.
    pub(crate) fn take_request(
        &mut self,
        ctx: &mut Context<'_>,
        event: JobRequested,
    ) -> Result<()> {
        let JobRequested {
            uuid,
            request,
            received_ms,
        } = event;
        if self.jobs.contains_key(&uuid) || self.over.contains(&store::job_key(&uuid)) {
            ctx.debug_with("request is known", &[("job", &horde_events::quote(&uuid))]);
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        // A clock that was set back, or an event that has waited while the host was down.
        let received_ms = received_ms.min(now_ms);
        let timeout_ms = u64::from(self.config.timeout_seconds(self.dynamic.as_ref())) * 1_000;
        let deadline_ms = received_ms + timeout_ms;
        let has_time = deadline_ms.saturating_sub(now_ms) >= attempt_ms_min(timeout_ms);
        match self.admit(&uuid, request.get(), now_ms, has_time) {
            Ok(Admitted { job, signed }) => {
                if let Some((hash, until_ms)) = signed {
                    let uuid = uuid.clone();
                    let signed = Signed { uuid, until_ms };
                    store::put_signed(ctx, &hash, &signed)?;
                    self.signed.insert(hash, signed);
                }
                let job = Job {
                    uuid,
                    source: Source::Facilitator,
                    received_ms,
                    deadline_ms,
                    class: job.executor_class,
                    bytes: request.get().len(),
                    miner: job.miner_hotkey,
                    address: None,
                    phase: Phase::Address,
                    due_ms: deadline_ms,
                    is_accepted: false,
                    attempts: Vec::new(),
                    last_comment: None,
                };
                self.begin_job(ctx, job, &request)
            }
            Err(refusal) => {
                let comment = Error::from(refusal).to_string();
                let ending = Ending::new(JobStatus::Rejected, comment);
                self.end(ctx, (&uuid, Source::Facilitator), &[], ending)
            }
        }
    }

    /// Stores a job, and looks for a miner.
    pub(crate) fn begin_job(
        &mut self,
        ctx: &mut Context<'_>,
        job: Job,
        request: &RawValue,
    ) -> Result<()> {
        let uuid = job.uuid.clone();
        store::put_request(ctx, &uuid, job.source, request)?;
        let due_ms = (ctx.now_ms() + ADDRESS_TIMEOUT_MS).min(job.deadline_ms);
        self.enter(ctx, job, Phase::Address, due_ms)?;
        self.report_unfinished(ctx);
        self.place(ctx, &uuid)
    }

    /// Decides whether a request is run.
    fn admit(
        &self,
        uuid: &str,
        text: &str,
        now_ms: u64,
        has_time: bool,
    ) -> Result<Admitted, Refusal> {
        let request = read_request(text)?;
        if request.uuid() != uuid {
            return Err(Refusal::Uuid);
        }
        let mut signed = None;
        if let JobRequest::V2(request) = &request {
            check_signature(request, &self.config, now_ms)?;
            if let Some(signature) = &request.signature {
                let until_ms = signature.timestamp_ns / 1_000_000 + SIGNATURE_AGE_MS_MAX;
                signed = Some((hex(&request.signed_hash(signature.timestamp_ns)), until_ms));
            }
        }
        let job = OrganicJob::from(request);
        check_job(&job)?;
        self.check_unblocked(job.miner_hotkey.as_deref(), now_ms)?;
        if let Some((hash, _)) = &signed {
            self.check_unused(hash)?;
        }
        self.check_room(text.len())?;
        if !has_time {
            return Err(Refusal::TooLate);
        }
        Ok(Admitted { job, signed })
    }

    /// Checks that one more job of so many bytes can be under way.
    pub(crate) fn check_room(&self, bytes: usize) -> Result<(), Refusal> {
        // A drain waits for all jobs, and would never end while users order more. They hear of it at once.
        if self.live.is_draining {
            return Err(Refusal::Draining);
        }
        if self.jobs.len() >= OPEN_JOBS_MAX {
            return Err(Refusal::TooManyJobs);
        }
        let open = self.jobs.values().map(|job| job.bytes).sum::<usize>();
        match open + bytes > OPEN_BYTES_MAX {
            true => Err(Refusal::TooManyBytes),
            false => Ok(()),
        }
    }

    /// Checks that no operator has blocked the miner that a user has named (weakness 19 of section 7).
    pub(crate) fn check_unblocked(&self, hotkey: Option<&str>, now_ms: u64) -> Result<(), Refusal> {
        let Some(hotkey) = hotkey else {
            return Ok(());
        };
        let standing = self.standings.get(hotkey);
        let block = standing.and_then(|standing| standing.open_block(now_ms));
        if self.config.is_blocked(hotkey) || block.is_some_and(|block| block.is_manual) {
            let hotkey = hotkey.to_owned();
            return Err(Refusal::Blocked { hotkey });
        }
        Ok(())
    }

    /// Checks that a signature is used for the first time: it does not cover the uuid, so that anybody could order the job again with
    /// another one (weakness 32 of section 7).
    fn check_unused(&self, hash: &str) -> Result<(), Refusal> {
        if let Some(signed) = self.signed.get(hash) {
            let uuid = signed.uuid.clone();
            return Err(Refusal::Replayed { uuid });
        }
        match self.signed.len() >= SIGNATURES_MAX {
            true => Err(Refusal::TooManySignatures),
            false => Ok(()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
