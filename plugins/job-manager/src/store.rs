//! The stored form: `job/<benchmark id>` and `batch/<benchmark id>/<index>`, and what to do with records that do not decode.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tig_plugin_api::prelude::*;

use crate::{
    job::Job,
    network::Network,
    record::{BatchRecord, JobRecord},
};

const JOB: &str = "job/";
const BATCH: &str = "batch/";
const NETWORK: &str = "network";
/// Unreadable records are moved here under their own key, for a person to look at.
const DAMAGED: &str = "damaged/";

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
    for (key, value) in ctx.scan::<Value>(JOB)? {
        let benchmark_id = key[JOB.len()..].to_owned();
        match JobRecord::deserialize(&value) {
            Ok(record) => drop(jobs.insert(benchmark_id.clone(), Job::new(benchmark_id, record))),
            Err(error) => set_aside(ctx, &key, &value, &error.to_string())?,
        }
    }
    for (key, value) in ctx.scan::<Value>(BATCH)? {
        if let Err(reason) = restore_batch(&mut jobs, &key, &value) {
            set_aside(ctx, &key, &value, &reason)?;
        }
    }
    let network = match ctx.get::<Value>(NETWORK)?.map(Network::deserialize) {
        Some(Ok(network)) => network,
        // The next block tells it all again.
        Some(Err(_)) | None => Network::default(),
    };
    Ok((jobs, network))
}

fn restore_batch(jobs: &mut BTreeMap<String, Job>, key: &str, value: &Value) -> Result<(), String> {
    let (benchmark_id, index) = key[BATCH.len()..]
        .rsplit_once('/')
        .ok_or("no index in its key")?;
    let index = index.parse().map_err(|_| "no index in its key")?;
    let job = jobs.get_mut(benchmark_id).ok_or("its job is not stored")?;
    job.batch(index).ok_or("its job has no such batch")?;
    let record = BatchRecord::deserialize(value).map_err(|error| error.to_string())?;
    job.insert(index, record);
    Ok(())
}

fn set_aside(ctx: &mut Context<'_>, key: &str, value: &Value, reason: &str) -> Result<()> {
    let aside = format!("{DAMAGED}{key}");
    ctx.error(&format!(
        "stored record `{key}` is unreadable, moved to `{aside}`: {reason}"
    ));
    ctx.put(&aside, value)?;
    ctx.delete(key)
}

/// With leading zeros, so that keys sort by index.
fn batch_key(benchmark_id: &str, index: u64) -> String {
    format!("{BATCH}{benchmark_id}/{index:010}")
}
