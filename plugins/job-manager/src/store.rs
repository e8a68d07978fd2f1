//! The stored form: `job/<benchmark id>` and `batch/<benchmark id>/<index>`.

use std::collections::BTreeMap;

use tig_plugin_api::prelude::*;

use crate::{
    job::Job,
    network::Network,
    record::{BatchRecord, JobRecord},
};

const JOB: &str = "job/";
const BATCH: &str = "batch/";
const NETWORK: &str = "network";

pub(crate) fn put_job(ctx: &mut Context<'_>, benchmark_id: &str, record: &JobRecord) -> Result<()> {
    ctx.put(&format!("{JOB}{benchmark_id}"), record)
}

pub(crate) fn put_batch(
    ctx: &mut Context<'_>,
    benchmark_id: &str,
    index: u64,
    record: &BatchRecord,
) -> Result<()> {
    ctx.put(&batch_key(benchmark_id, index), record)
}

pub(crate) fn put_network(ctx: &mut Context<'_>, network: &Network) -> Result<()> {
    ctx.put(NETWORK, network)
}

/// Deletes the job and its batches.
pub(crate) fn delete_job(ctx: &mut Context<'_>, benchmark_id: &str, job: &Job) -> Result<()> {
    for index in job.finished() {
        ctx.delete(&batch_key(benchmark_id, index))?;
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
        if let Err(reason) = restore_batch(&mut jobs, &key, record) {
            ctx.set_aside(&key, reason)?;
        }
    }
    // If it cannot be read, the next block tells it all again.
    let network = ctx.get(NETWORK).ok().flatten().unwrap_or_default();
    Ok((jobs, network))
}

fn restore_batch(
    jobs: &mut BTreeMap<String, Job>,
    key: &str,
    record: BatchRecord,
) -> Result<(), &'static str> {
    let (benchmark_id, index) = key[BATCH.len()..]
        .rsplit_once('/')
        .ok_or("no index in its key")?;
    let index = index.parse().map_err(|_| "no index in its key")?;
    let job = jobs.get_mut(benchmark_id).ok_or("its job is not stored")?;
    job.batch(index).ok_or("its job has no such batch")?;
    job.insert(index, record);
    Ok(())
}

/// With leading zeros, so that keys sort by index.
fn batch_key(benchmark_id: &str, index: u64) -> String {
    format!("{BATCH}{benchmark_id}/{index:010}")
}
