//! Samples are given to job kinds, each once.

use horde_events::{LlmSample, LlmSamplesGiven, LlmSamplesWanted};
use horde_extension::new_uuid;
use horde_s3::Method;
use tig_plugin_api::prelude::*;

use crate::Crossval;
use crate::bucket::Object;
use crate::limits::{ASKS_MAX, COLLECT_MS, URL_SECONDS};
use crate::live::Shortage;
use crate::pool::Sample;
use crate::share::{share, wanted};

impl Crossval {
    /// Samples are wanted. They are given when all that are wanted with them have had time to come.
    pub(crate) fn take_ask(&mut self, ctx: &mut Context<'_>, ask: LlmSamplesWanted) -> Result<()> {
        ctx.mark_fields_changed()?;
        if self.live.asks.len() >= ASKS_MAX {
            let reason = "too many samples are wanted at the same time".to_owned();
            return ctx.emit(&answer(ask, Vec::new(), Some(reason)));
        }
        if self.live.asks.is_empty() {
            self.live.give_ms = ctx.now_ms() + COLLECT_MS;
        }
        self.live.asks.push(ask);
        Ok(())
    }

    /// Gives samples for all that is wanted, if it is time to. Each is deleted by the handler that gives it.
    pub(super) fn give_samples(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if self.live.asks.is_empty() || self.live.give_ms > now_ms {
            return Ok(());
        }
        let asks = std::mem::take(&mut self.live.asks);
        let mut ready = self.ready_samples(now_ms);
        let shares = share(&asks, ready.len(), || ctx.random_u64());
        for (ask, hotkeys) in asks.into_iter().zip(shares) {
            let mut samples = Vec::new();
            for hotkey in hotkeys {
                if let Some((name, sample)) = ready.pop() {
                    samples.push(self.give(ctx, hotkey, &name, sample)?);
                }
            }
            let (given, wanted) = (samples.len(), wanted(&ask));
            let missing = wanted.saturating_sub(given);
            let shortage = (missing > 0).then(|| {
                let why = self.why_short();
                self.note_shortage(ctx, &ask.batch, (missing, wanted), why);
                format!("{missing} of {wanted} executors are not tested: {why}")
            });
            ctx.emit(&answer(ask, samples, shortage))?;
        }
        Ok(())
    }

    /// Adds what an ask lacks to what the others of its batch lack.
    fn note_shortage(
        &mut self,
        ctx: &mut Context<'_>,
        batch: &str,
        (missing, wanted): (usize, usize),
        why: &str,
    ) {
        ctx.count("llm_samples_missing", &[], missing as u64);
        let before = self.live.last_shortage.take();
        let before = before.filter(|before| before.batch == batch);
        let sums = before.map_or((0, 0), |before| (before.missing, before.wanted));
        self.live.last_shortage = Some(Shortage {
            at_ms: ctx.now_ms(),
            batch: batch.to_owned(),
            missing: sums.0 + missing,
            wanted: sums.1 + wanted,
            reason: why.to_owned(),
        });
    }

    /// Number of samples that may be given.
    pub(crate) fn ready_count(&self) -> usize {
        match self.buckets.is_none() || self.is_judge_unreliable() {
            true => 0,
            false => self.pool.samples.len(),
        }
    }

    /// The samples that may be given, the oldest last. After a long stop a sweep does not drop all that have expired at once.
    fn ready_samples(&self, now_ms: u64) -> Vec<(String, Sample)> {
        if self.ready_count() == 0 {
            return Vec::new();
        }
        let samples = self.pool.samples.iter();
        let mut ready: Vec<(String, Sample)> = samples
            .filter(|(_, sample)| !self.is_expired(sample, now_ms))
            .map(|(name, sample)| (name.clone(), sample.clone()))
            .collect();
        ready.sort_by_key(|(_, sample)| std::cmp::Reverse(sample.ready_ms));
        ready
    }

    pub(crate) fn is_judge_unreliable(&self) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.differs)
    }

    fn why_short(&self) -> &'static str {
        if self.buckets.is_none() {
            "no buckets are configured for horde_crossval"
        } else if self.is_judge_unreliable() {
            "the trusted miner is not reliable; see GET /horde/pool"
        } else {
            "the pool has no more samples; see GET /horde/pool"
        }
    }

    fn give(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: String,
        name: &str,
        sample: Sample,
    ) -> Result<LlmSample> {
        let Some(buckets) = &self.buckets else {
            bail!("samples need buckets");
        };
        let file = new_uuid(ctx);
        let answers = Object::answers(&file);
        let given = LlmSample {
            hotkey,
            series_url: buckets.url(&Object::series(&sample.series)),
            seed: sample.seed,
            upload_url: buckets.signer(ctx)?.url(Method::Put, &answers),
            answers_url: buckets.url(&answers),
            control_url: buckets.url(&Object::workload(&sample.workload)),
            prompts: sample.prompts,
            file,
        };
        self.pool.delete_sample(ctx, name)?;
        // The miner may write it until the URL has expired.
        let until_ms = ctx.now_ms() + u64::from(URL_SECONDS) * 1_000;
        self.pool.doom(ctx, answers, until_ms)?;
        Ok(given)
    }
}

fn answer(
    ask: LlmSamplesWanted,
    samples: Vec<LlmSample>,
    shortage: Option<String>,
) -> LlmSamplesGiven {
    LlmSamplesGiven {
        ask: ask.ask,
        batch: ask.batch,
        kind: ask.kind,
        samples,
        shortage,
    }
}
