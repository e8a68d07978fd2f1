//! Sampling: series are downloaded, and prompts are drawn from each.

use horde_calc::llm::{SeriesFault, draw_indices, read_series};
use horde_extension::new_uuid;
use horde_s3::{Method, ObjectFaultKind};
use tig_plugin_api::prelude::*;

use super::{SERIES, request};
use crate::Crossval;
use crate::bucket::{Object, ReadFault};
use crate::limits::{DOWNLOADS_MAX, SERIES_BYTES_MAX, SERIES_WAIT_MS};
use crate::live::Run;
use crate::pool::{Drawn, Workload};
use crate::station::StationName;

/// Workloads of which a run has not stored the prompts yet: what is drawn for them is lost with a kill, and not used then.
const STATION: StationName = StationName::Sampling;

impl Crossval {
    /// Begins a run if samples are missing and there are series to draw them from.
    pub(super) fn start_sampling(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if self.live.run.is_some()
            || self.is_paused(STATION, now_ms)
            || !self.has_enough_series(now_ms)
        {
            return Ok(());
        }
        self.start_run(ctx)
    }

    /// Whether a run is worth while: there are enough series for a whole workload, or for all that is missing, or none has come for
    /// a while.
    pub(crate) fn has_enough_series(&self, now_ms: u64) -> bool {
        let target = self.target();
        let missing = self.pool.missing(&target);
        let usable = self.pool.usable(&target).len();
        if missing == 0 || usable == 0 {
            return false;
        }
        let newest_ms = self.pool.series.values().map(|series| series.made_ms).max();
        let is_idle = newest_ms.is_none_or(|at_ms| now_ms.abs_diff(at_ms) >= SERIES_WAIT_MS);
        usable >= missing.min(target.per_workload) || is_idle
    }

    pub(crate) fn start_run(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let target = self.target();
        let usable = self.pool.usable(&target);
        let mut queue: Vec<(u32, u64, String)> = usable
            .into_iter()
            .map(|(uuid, series)| (series.uses, ctx.random_u64(), uuid.to_owned()))
            .collect();
        // Those that were used least come first, in a drawn order; the last of the queue is next.
        queue.sort_by(|one, other| other.cmp(one));
        self.live.run = Some(Run {
            missing: self.pool.missing(&target),
            queue: queue.into_iter().map(|(_, _, uuid)| uuid).collect(),
            ..Run::default()
        });
        self.advance_run(ctx)
    }

    /// Asks for further series, as many as are needed.
    fn advance_run(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let (Some(run), Some(buckets)) = (&mut self.live.run, &self.buckets) else {
            return Ok(());
        };
        let mut room = DOWNLOADS_MAX.min(run.missing.saturating_sub(run.drawn.len()));
        room = room.saturating_sub(run.open.len());
        for _ in 0..room {
            let Some(uuid) = run.queue.pop() else {
                break;
            };
            let url = buckets.url(&Object::series(&uuid));
            let tag = [SERIES, &uuid].concat();
            ctx.http(&request(tag, Method::Get, url, SERIES_BYTES_MAX))?;
            run.open.insert(uuid);
        }
        if run.open.is_empty() {
            self.end_run(ctx)
        } else {
            Ok(())
        }
    }

    pub(super) fn take_series(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        result: Result<Vec<u8>, ReadFault>,
    ) -> Result<()> {
        let target = self.target();
        let Some(run) = &mut self.live.run else {
            return Ok(());
        };
        if !run.open.remove(uuid) {
            return Ok(());
        }
        match result {
            Ok(body) => {
                run.read += 1;
                match read_series(&body, target.per_series) {
                    Ok(lines) => {
                        let drawn =
                            draw_indices(lines.len(), target.per_series, || ctx.random_u64());
                        let prompts = drawn.into_iter().filter_map(|index| lines.get(index));
                        run.drawn.push(Drawn {
                            series: uuid.to_owned(),
                            prompts: prompts.map(|line| (*line).to_owned()).collect(),
                        });
                    }
                    // It may be the page of a proxy, which is not there the next time.
                    Err(fault @ SeriesFault::Page) => {
                        self.blame_series(ctx, uuid, &fault.to_string())?
                    }
                    Err(fault) => self.retire_series(ctx, uuid, &fault.to_string())?,
                }
            }
            Err(ReadFault::TooLarge) => {
                run.read += 1;
                let reason = format!("it is longer than {} MiB", SERIES_BYTES_MAX >> 20);
                self.retire_series(ctx, uuid, &reason)?;
            }
            Err(ReadFault::Object(fault)) if fault.kind == ObjectFaultKind::Service => {
                // The others would fail, too.
                run.queue.clear();
                run.failure = Some(fault.text);
            }
            Err(fault) => {
                run.absent.insert(uuid.to_owned(), fault.text());
            }
        }
        self.make_workload(ctx, target.per_workload)?;
        self.advance_run(ctx)
    }

    /// Makes a workload of what was drawn, if it is whole.
    fn make_workload(&mut self, ctx: &mut Context<'_>, samples: usize) -> Result<()> {
        let Some(run) = &mut self.live.run else {
            return Ok(());
        };
        if run.drawn.len() < samples.min(run.missing).max(1) {
            return Ok(());
        }
        let drawn: Vec<Drawn> = std::mem::take(&mut run.drawn);
        run.missing = run.missing.saturating_sub(drawn.len());
        run.made += 1;
        // The series may have been dropped since.
        let drawn = drawn
            .into_iter()
            .filter(|drawn| self.pool.series.contains_key(&drawn.series));
        let samples: Vec<Drawn> = drawn.collect();
        if samples.is_empty() {
            return Ok(());
        }
        for drawn in &samples {
            let mut series = self
                .pool
                .series
                .get(&drawn.series)
                .cloned()
                .unwrap_or_default();
            series.uses += 1;
            self.pool.put_series(ctx, &drawn.series, series)?;
        }
        let uuid = new_uuid(ctx);
        let workload = Workload {
            // 32 of the bits, so that no two workloads are likely to share a seed.
            seed: (ctx.random_u64() >> 32) as u32,
            made_ms: ctx.now_ms(),
            is_uploaded: false,
            failures: 0,
            samples,
        };
        self.pool.put_workload(ctx, &uuid, workload)
    }

    /// Nothing more is on its way: what was drawn is the last workload, which may be short.
    fn end_run(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.make_workload(ctx, 1)?;
        let Some(run) = self.live.run.take() else {
            return Ok(());
        };
        // Series that are not there while others are.
        let absent = run.absent.iter().filter(|_| run.read > 0);
        for (uuid, reason) in absent {
            self.blame_series(ctx, uuid, reason)?;
        }
        let reason = run.failure.or_else(|| run.absent.values().next().cloned());
        match reason {
            Some(reason) if run.made == 0 => {
                let reason = format!("series of prompts cannot be read: {reason}");
                self.fail_station(ctx, STATION, &reason)
            }
            _ if run.made == 0 => {
                self.fail_station(ctx, STATION, "no series had prompts that can be sampled")
            }
            _ => {
                let result = format!("{} workloads were made", run.made);
                self.succeed_station(ctx, STATION, &result)
            }
        }
    }

    /// A series that can never be sampled.
    fn retire_series(&mut self, ctx: &mut Context<'_>, uuid: &str, reason: &str) -> Result<()> {
        let Some(mut record) = self.pool.series.get(uuid).cloned() else {
            return Ok(());
        };
        record.is_retired = true;
        ctx.warn_with(
            "series of prompts cannot be sampled and is dropped",
            &[("series", &uuid), ("reason", &reason)],
        );
        self.pool.put_series(ctx, uuid, record)
    }
}
