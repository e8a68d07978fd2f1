//! The stored form.
//!
//! | key | value |
//! |---|---|
//! | `request/<job>` | a request as it came, until the job is over |
//! | `open/<job>` | who has ordered a job, until it is over |
//! | `job/<job>` | how far a job is |
//! | `over/<job>` | how a job has ended |
//! | `signed/<hash>` | a signature that was used, until it is too old to count |
//! | `miner/<hotkey>` | what is known of a miner |
//! | `addresses` | where miners are |
//! | `starts` | starts since what follows one has succeeded; see `horde-extension` |
//!
//! A job of which only `open/` can be read was damaged: its user still gets an answer.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use horde_proto::is_uuid;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_plugin_api::prelude::*;

use crate::addresses::Addresses;
use crate::job::{Job, Source};
use crate::over::{Over, OverJobs};
use crate::standing::Standing;

const REQUEST: &str = "request/";
const OPEN: &str = "open/";
const JOB: &str = "job/";
const OVER: &str = "over/";
const SIGNED: &str = "signed/";
const MINER: &str = "miner/";
const ADDRESSES: &str = "addresses";

/// Characters of an uncommon uuid in the key of its record.
const KEY_CHARS_MAX: usize = 40;

/// A signature that was used.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Signed {
    /// The job for which it was.
    pub(crate) uuid: String,
    /// When it is too old to count, in Unix milliseconds.
    pub(crate) until_ms: u64,
}

/// The part of a key that names a job: its uuid, or for a text that is not one, its beginning and a number made of the whole.
pub(crate) fn job_key(uuid: &str) -> String {
    if is_uuid(uuid) {
        return uuid.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    uuid.hash(&mut hasher);
    let start: String = uuid.chars().take(KEY_CHARS_MAX).collect();
    format!("{start}-{:016x}", hasher.finish())
}

pub(crate) fn put_job(ctx: &mut Context<'_>, job: &Job) -> Result<()> {
    ctx.put(&format!("{JOB}{}", job.uuid), job)
}

pub(crate) fn jobs(ctx: &mut Context<'_>) -> Result<BTreeMap<String, Job>> {
    let jobs = ctx.scan_sound::<Job>(JOB)?.into_iter();
    Ok(jobs.map(|(_, job)| (job.uuid.clone(), job)).collect())
}

/// Stores a request before anything is done about it.
pub(crate) fn put_request(
    ctx: &mut Context<'_>,
    uuid: &str,
    source: Source,
    request: &RawValue,
) -> Result<()> {
    ctx.put(&format!("{OPEN}{uuid}"), &source)?;
    ctx.put(&format!("{REQUEST}{uuid}"), request)
}

pub(crate) fn request(ctx: &mut Context<'_>, uuid: &str) -> Result<Option<Box<RawValue>>> {
    ctx.get_sound(&format!("{REQUEST}{uuid}"))
}

/// Who has ordered the jobs that are under way, by their uuids.
pub(crate) fn sources(ctx: &mut Context<'_>) -> Result<BTreeMap<String, Source>> {
    by_name(ctx, OPEN)
}

/// Replaces what is stored of a job by its end.
pub(crate) fn end_job(ctx: &mut Context<'_>, uuid: &str, over: &Over) -> Result<()> {
    let key = job_key(uuid);
    ctx.delete(&format!("{JOB}{key}"))?;
    ctx.delete(&format!("{REQUEST}{key}"))?;
    ctx.delete(&format!("{OPEN}{key}"))?;
    ctx.put(&format!("{OVER}{key}"), over)
}

pub(crate) fn over_jobs(ctx: &mut Context<'_>) -> Result<OverJobs> {
    let mut jobs = OverJobs::default();
    for (key, over) in ctx.scan_sound::<Over>(OVER)? {
        if let Some(key) = key.strip_prefix(OVER) {
            jobs.insert(key.to_owned(), over);
        }
    }
    Ok(jobs)
}

pub(crate) fn delete_over(ctx: &mut Context<'_>, key: &str) -> Result<()> {
    ctx.delete(&format!("{OVER}{key}"))
}

pub(crate) fn put_signed(ctx: &mut Context<'_>, hash: &str, signed: &Signed) -> Result<()> {
    ctx.put(&format!("{SIGNED}{hash}"), signed)
}

pub(crate) fn delete_signed(ctx: &mut Context<'_>, hash: &str) -> Result<()> {
    ctx.delete(&format!("{SIGNED}{hash}"))
}

/// By the hash.
pub(crate) fn signed(ctx: &mut Context<'_>) -> Result<BTreeMap<String, Signed>> {
    by_name(ctx, SIGNED)
}

pub(crate) fn put_standing(ctx: &mut Context<'_>, hotkey: &str, it: &Standing) -> Result<()> {
    ctx.put(&format!("{MINER}{hotkey}"), it)
}

pub(crate) fn delete_standing(ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
    ctx.delete(&format!("{MINER}{hotkey}"))
}

/// By hotkey.
pub(crate) fn standings(ctx: &mut Context<'_>) -> Result<BTreeMap<String, Standing>> {
    by_name(ctx, MINER)
}

pub(crate) fn put_addresses(ctx: &mut Context<'_>, addresses: &Addresses) -> Result<()> {
    ctx.put(ADDRESSES, addresses)
}

pub(crate) fn addresses(ctx: &mut Context<'_>) -> Result<Addresses> {
    Ok(ctx.get_sound(ADDRESSES)?.unwrap_or_default())
}

fn by_name<T: for<'de> Deserialize<'de>>(
    ctx: &mut Context<'_>,
    prefix: &str,
) -> Result<BTreeMap<String, T>> {
    let records = ctx.scan_sound(prefix)?.into_iter();
    let named =
        records.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value)));
    Ok(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_differ() {
        let uuid = "0b8f5ab8-6f7a-4a3c-9f57-5f1b8b0f7a01";
        assert_eq!(job_key(uuid), uuid);
        let long = "x".repeat(1_000_000);
        let key = job_key(&long);
        assert!(key.len() < 100);
        assert_ne!(key, job_key(&(long + "y")));
        assert_ne!(job_key(""), job_key(" "));
    }
}
