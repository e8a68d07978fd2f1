//! The stored form.
//!
//! | key | value |
//! |---|---|
//! | `series/<uuid>` | a series in the bucket |
//! | `workload/<uuid>` | samples without answers |
//! | `sample/<workload>/<number>` | a sample with answers |
//! | `doomed/<bucket>/<object>` | an object that is to be deleted, or may be written yet |
//! | `job` | the job of the trusted miner |
//! | `probe` | what it has said to a workload once |
//! | `stations` | how stations fare |
//! | `call` | the command that waits for a station |
//! | `buckets` | the addresses of both buckets that all of it is about, without a secret |
//!
//! Each object in the buckets is named by a record before anybody can write it.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use tig_plugin_api::prelude::*;

use crate::bucket::{Bucket, Buckets, Object};
use crate::pool::{Doomed, Pool, Sample, Series, Workload};

const SERIES: &str = "series/";
const WORKLOAD: &str = "workload/";
const SAMPLE: &str = "sample/";
const DOOMED: &str = "doomed/";
pub(crate) const JOB: &str = "job";
pub(crate) const PROBE: &str = "probe";
pub(crate) const STATIONS: &str = "stations";
pub(crate) const CALL: &str = "call";
const BUCKETS: &str = "buckets";

/// Forgets all that is stored of other buckets than these: their objects are not there, and a miner that is given a sample would fail.
/// Records without addresses are of an earlier version, and are taken as of these.
pub(crate) fn forget_other_buckets(ctx: &mut Context<'_>, buckets: &Buckets) -> Result<()> {
    let present = Bucket::ALL.map(|bucket| (bucket, buckets.endpoint(bucket).to_string()));
    let present = BTreeMap::from(present);
    let stored: Option<BTreeMap<Bucket, String>> = ctx.get_sound(BUCKETS)?;
    if stored.as_ref() == Some(&present) {
        return Ok(());
    }
    if let Some(stored) = stored {
        let mut keys = [JOB, PROBE, STATIONS].map(str::to_owned).to_vec();
        for prefix in [SERIES, WORKLOAD, SAMPLE, DOOMED] {
            let records = ctx.scan_sound::<IgnoredAny>(prefix)?;
            keys.extend(records.into_iter().map(|(key, _)| key));
        }
        for key in &keys {
            ctx.delete(key)?;
        }
        let addresses = |buckets: &BTreeMap<Bucket, String>| {
            let addresses: Vec<&str> = buckets.values().map(String::as_str).collect();
            addresses.join(" and ")
        };
        ctx.warn_with(
            "the buckets have changed: the pool of prompts is made again, and what is in the buckets before is left to their lifecycle rules",
            &[("before", &addresses(&stored)), ("now", &addresses(&present))],
        );
    }
    ctx.put(BUCKETS, &present)
}

impl Pool {
    /// What is stored. Damaged records are set aside.
    pub(crate) fn stored(ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self {
            series: by_name(ctx, SERIES)?,
            workloads: by_name(ctx, WORKLOAD)?,
            samples: by_name(ctx, SAMPLE)?,
            doomed: by_name(ctx, DOOMED)?,
        })
    }

    pub(crate) fn put_series(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        series: Series,
    ) -> Result<()> {
        ctx.put(&[SERIES, uuid].concat(), &series)?;
        self.series.insert(uuid.to_owned(), series);
        Ok(())
    }

    pub(crate) fn delete_series(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        ctx.delete(&[SERIES, uuid].concat())?;
        self.series.remove(uuid);
        Ok(())
    }

    pub(crate) fn put_workload(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        workload: Workload,
    ) -> Result<()> {
        ctx.put(&[WORKLOAD, uuid].concat(), &workload)?;
        self.workloads.insert(uuid.to_owned(), workload);
        Ok(())
    }

    pub(crate) fn delete_workload(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        ctx.delete(&[WORKLOAD, uuid].concat())?;
        self.workloads.remove(uuid);
        Ok(())
    }

    pub(crate) fn put_sample(
        &mut self,
        ctx: &mut Context<'_>,
        number: usize,
        sample: Sample,
    ) -> Result<()> {
        let name = format!("{}/{number:04}", sample.workload);
        ctx.put(&[SAMPLE, &name].concat(), &sample)?;
        self.samples.insert(name, sample);
        Ok(())
    }

    pub(crate) fn delete_sample(&mut self, ctx: &mut Context<'_>, name: &str) -> Result<()> {
        ctx.delete(&[SAMPLE, name].concat())?;
        self.samples.remove(name);
        Ok(())
    }

    /// An object is to be deleted from then on.
    pub(crate) fn doom(
        &mut self,
        ctx: &mut Context<'_>,
        object: Object,
        from_ms: u64,
    ) -> Result<()> {
        let doomed = Doomed {
            object,
            from_ms,
            failures: 0,
        };
        self.put_doomed(ctx, doomed)
    }

    pub(crate) fn put_doomed(&mut self, ctx: &mut Context<'_>, doomed: Doomed) -> Result<()> {
        let name = doomed.object.name();
        ctx.put(&[DOOMED, &name].concat(), &doomed)?;
        self.doomed.insert(name, doomed);
        Ok(())
    }

    pub(crate) fn delete_doomed(&mut self, ctx: &mut Context<'_>, name: &str) -> Result<()> {
        ctx.delete(&[DOOMED, name].concat())?;
        self.doomed.remove(name);
        Ok(())
    }
}

fn by_name<T: DeserializeOwned>(
    ctx: &mut Context<'_>,
    prefix: &str,
) -> Result<BTreeMap<String, T>> {
    let records = ctx.scan_sound::<T>(prefix)?.into_iter();
    let named = records.filter_map(|(key, value)| {
        let name = key.strip_prefix(prefix)?;
        Some((name.to_owned(), value))
    });
    Ok(named.collect())
}
