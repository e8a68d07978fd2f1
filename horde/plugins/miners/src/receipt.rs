//! Receipts: signed once, stored before they are sent (section 2.4).

use horde_events::JobTimes;
use horde_extension::Hotkey;
use horde_proto::miner::{JobAcceptedReceiptRequest, JobFinishedReceiptRequest, ToMiner};
use horde_proto::receipt::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload,
};
use horde_proto::{Payload, Timestamp};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::group::Group;
use crate::job::{Job, add_receipt};

/// Least time for which the started receipt of a user's job counts, in seconds.
const ORGANIC_TTL_SECONDS_MIN: u32 = 30;

/// The validator, as its receipts and authentications name it.
pub(crate) struct Validator {
    hotkey: Hotkey,
}

/// A started receipt as it is stored.
#[derive(Serialize)]
struct StartedReceipt<'a> {
    payload: &'a JobStartedReceiptPayload,
    signature: &'a str,
}

impl Validator {
    /// The validator whose hotkey is the host's key of this name.
    pub(crate) fn new(ctx: &mut Context<'_>, key: &str) -> Result<Self> {
        let hotkey = Hotkey::new(ctx, key)?;
        Ok(Self { hotkey })
    }

    /// The SS58 address of its hotkey.
    pub(crate) fn address(&self) -> &str {
        self.hotkey.address()
    }

    /// The signature of a payload, in hex with `0x`.
    pub(crate) fn sign(&self, ctx: &mut Context<'_>, payload: &impl Payload) -> Result<String> {
        let signature = self.hotkey.sign(ctx, payload.to_blob().as_bytes())?;
        Ok(signature.to_string())
    }

    /// The frame of a job's reservation with its started receipt, which is stored.
    pub(crate) fn reservation(
        &self,
        ctx: &mut Context<'_>,
        job: &Job,
        group: &Group,
        now_ms: u64,
    ) -> Result<String> {
        let timeout_seconds = u64::from(job.timeout_seconds);
        let (max_timeout, ttl) = match group.is_organic {
            true => (
                group.seconds_left(job.timeout_seconds, now_ms),
                job.spin_up_seconds.max(ORGANIC_TTL_SECONDS_MIN),
            ),
            false => (timeout_seconds, job.spin_up_seconds),
        };
        let payload = JobStartedReceiptPayload {
            job_uuid: job.uuid.to_string(),
            miner_hotkey: job.hotkey.to_string(),
            validator_hotkey: self.address().to_owned(),
            timestamp: timestamp(now_ms * 1_000)?,
            executor_class: job.class,
            max_timeout: i64::try_from(max_timeout)?,
            is_organic: group.is_organic,
            ttl: ttl.into(),
        };
        let signature = self.sign(ctx, &payload)?;
        let receipt = StartedReceipt {
            payload: &payload,
            signature: &signature,
        };
        ctx.put(&key(Kind::Started, &job.uuid), &receipt)?;
        let payload = serde_json::to_string(&payload)?;
        Ok(add_receipt(&job.reservation, &payload, &signature))
    }

    /// The frame of the accepted receipt of a job, which is stored and counts for `ttl_seconds`.
    pub(crate) fn accepted(
        &self,
        ctx: &mut Context<'_>,
        job: &Job,
        ttl_seconds: u64,
        now_ms: u64,
    ) -> Result<String> {
        let accepted_us = job.times.accepted_us.unwrap_or(now_ms * 1_000);
        let payload = JobAcceptedReceiptPayload {
            job_uuid: job.uuid.to_string(),
            miner_hotkey: job.hotkey.to_string(),
            validator_hotkey: self.address().to_owned(),
            timestamp: timestamp(now_ms * 1_000)?,
            time_accepted: timestamp(accepted_us)?,
            ttl: i64::try_from(ttl_seconds)?,
        };
        let signature = self.sign(ctx, &payload)?;
        let receipt = JobAcceptedReceiptRequest { payload, signature };
        ctx.put(&key(Kind::Accepted, &job.uuid), &receipt)?;
        Ok(ToMiner::JobAcceptedReceipt(receipt).to_text())
    }

    /// The frame of the finished receipt of a job, which is stored.
    pub(crate) fn finished(
        &self,
        ctx: &mut Context<'_>,
        (uuid, hotkey): (&str, &str),
        times: &JobTimes,
        score_text: &str,
        now_ms: u64,
    ) -> Result<String> {
        let payload = JobFinishedReceiptPayload {
            job_uuid: uuid.to_owned(),
            miner_hotkey: hotkey.to_owned(),
            validator_hotkey: self.address().to_owned(),
            timestamp: timestamp(now_ms * 1_000)?,
            time_started: timestamp(times.run_us.unwrap_or(now_ms * 1_000))?,
            time_took_us: times.taken_us().unwrap_or_default(),
            score_str: score_text.to_owned(),
        };
        let signature = self.sign(ctx, &payload)?;
        let receipt = JobFinishedReceiptRequest { payload, signature };
        ctx.put(&key(Kind::Finished, uuid), &receipt)?;
        Ok(ToMiner::JobFinishedReceipt(receipt).to_text())
    }
}

/// The frame of an accepted receipt that is stored.
pub(crate) fn stored_accepted(ctx: &mut Context<'_>, uuid: &str) -> Result<Option<String>> {
    let receipt = ctx.get_sound::<JobAcceptedReceiptRequest>(&key(Kind::Accepted, uuid))?;
    Ok(receipt.map(|receipt| ToMiner::JobAcceptedReceipt(receipt).to_text()))
}

/// Whether the finished receipt of a job is stored.
pub(crate) fn is_finished(ctx: &mut Context<'_>, uuid: &str) -> Result<bool> {
    let receipt = ctx.get_sound::<JobFinishedReceiptRequest>(&key(Kind::Finished, uuid))?;
    Ok(receipt.is_some())
}

/// Kinds of receipts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Started,
    Accepted,
    Finished,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Started, Self::Accepted, Self::Finished];
}

/// Key of a receipt in the storage.
pub(crate) fn key(kind: Kind, uuid: &str) -> String {
    let kind = match kind {
        Kind::Started => "started",
        Kind::Accepted => "accepted",
        Kind::Finished => "finished",
    };
    format!("receipt/{kind}/{uuid}")
}

fn timestamp(unix_us: u64) -> Result<Timestamp> {
    let time = i64::try_from(unix_us).ok();
    match time.and_then(Timestamp::from_unix_micros) {
        Some(time) => Ok(time),
        None => bail!("{unix_us} us after 1970 is not a time that a receipt can have"),
    }
}
