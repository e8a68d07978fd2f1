//! The stored form: `job/<benchmark id>`, `batch/<benchmark id>/<index>`, `audit/<benchmark id>/<index>` and
//! `root/<benchmark id>`.

use std::collections::BTreeMap;

use tig_plugin_api::prelude::*;

use crate::audit::Audit;
use crate::former_roots::FormerRoots;
use crate::job::Job;
use crate::network::Network;
use crate::record::{BatchRecord, JobRecord};

const JOB: &str = "job/";
const BATCH: &str = "batch/";
const AUDIT: &str = "audit/";
const ROOT: &str = "root/";
const NETWORK: &str = "network";

pub(crate) fn put_job(ctx: &mut Context<'_>, benchmark_id: &str, record: &JobRecord) -> Result<()> {
    ctx.put(&format!("{JOB}{benchmark_id}"), record)
}

/// `None` takes the batch out.
pub(crate) fn put_batch(
    ctx: &mut Context<'_>,
    benchmark_id: &str,
    index: u64,
    record: Option<&BatchRecord>,
) -> Result<()> {
    put_or_delete(ctx, &part_key(BATCH, benchmark_id, index), record)
}

/// `None` ends the audit.
pub(crate) fn put_audit(
    ctx: &mut Context<'_>,
    benchmark_id: &str,
    index: u64,
    audit: Option<&Audit>,
) -> Result<()> {
    put_or_delete(ctx, &part_key(AUDIT, benchmark_id, index), audit)
}

/// `None` forgets them.
pub(crate) fn put_roots(
    ctx: &mut Context<'_>,
    benchmark_id: &str,
    roots: Option<&FormerRoots>,
) -> Result<()> {
    put_or_delete(ctx, &format!("{ROOT}{benchmark_id}"), roots)
}

/// The former roots of each benchmark that has some.
pub(crate) fn restore_roots(ctx: &mut Context<'_>) -> Result<BTreeMap<String, FormerRoots>> {
    let roots = ctx.scan_sound::<FormerRoots>(ROOT)?.into_iter();
    Ok(roots
        .map(|(key, roots)| (key[ROOT.len()..].to_owned(), roots))
        .collect())
}

pub(crate) fn put_network(ctx: &mut Context<'_>, network: &Network) -> Result<()> {
    ctx.put(NETWORK, network)
}

/// Deletes the job with its batches and audits.
pub(crate) fn delete_job(ctx: &mut Context<'_>, benchmark_id: &str, job: &Job) -> Result<()> {
    for index in job.finished() {
        ctx.delete(&part_key(BATCH, benchmark_id, index))?;
    }
    for index in job.audited() {
        ctx.delete(&part_key(AUDIT, benchmark_id, index))?;
    }
    ctx.delete(&format!("{JOB}{benchmark_id}"))
}

/// All that is stored and readable. The rest is set aside and reported.
pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<(BTreeMap<String, Job>, Network)> {
    let mut jobs = BTreeMap::new();
    for (key, record) in ctx.scan_sound::<JobRecord>(JOB)? {
        let benchmark_id = key[JOB.len()..].to_owned();
        jobs.insert(benchmark_id.clone(), Job::new(benchmark_id, record));
    }
    for (key, record) in ctx.scan_sound::<BatchRecord>(BATCH)? {
        let restored = part(&mut jobs, &key[BATCH.len()..]);
        match restored {
            Ok((job, index)) => job.insert(index, record),
            Err(reason) => ctx.set_aside(&key, reason)?,
        }
    }
    let now_ms = ctx.now_ms();
    for (key, audit) in ctx.scan_sound::<Audit>(AUDIT)? {
        match part(&mut jobs, &key[AUDIT.len()..]) {
            Ok((job, index)) => job.set_audit(index, Some(audit), now_ms),
            Err(reason) => ctx.set_aside(&key, reason)?,
        }
    }
    // If it is damaged, the next block has all of it.
    let network = ctx.get_sound(NETWORK)?.unwrap_or_default();
    Ok((jobs, network))
}

/// Job and index that a key names.
fn part<'a>(
    jobs: &'a mut BTreeMap<String, Job>,
    key: &str,
) -> Result<(&'a mut Job, u64), &'static str> {
    let (benchmark_id, index) = key.rsplit_once('/').ok_or("no index in its key")?;
    let index = index.parse().map_err(|_| "no index in its key")?;
    let job = jobs.get_mut(benchmark_id).ok_or("its job is not stored")?;
    job.batch(index).ok_or("its job has no such batch")?;
    Ok((job, index))
}

fn put_or_delete<T: serde::Serialize>(
    ctx: &mut Context<'_>,
    key: &str,
    value: Option<&T>,
) -> Result<()> {
    match value {
        Some(value) => ctx.put(key, value),
        None => ctx.delete(key),
    }
}

/// With leading zeros, so that keys sort by index.
fn part_key(kind: &str, benchmark_id: &str, index: u64) -> String {
    format!("{kind}{benchmark_id}/{index:010}")
}
