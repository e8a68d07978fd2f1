//! Whether the trusted miner itself is reliable: once a day it answers a workload of another day again.

use horde_calc::llm::{Answers, check_answers};
use horde_events::SolvedPrompt;
use tig_plugin_api::prelude::*;

use crate::limits::{CHECK_MS, PROBE_AGE_MS_MAX, RECHECK_MS};
use crate::station::StationName;
use crate::trusted::Probe;
use crate::{Crossval, store};

impl Crossval {
    /// Keeps the answers to a workload for later checks, if those that are kept are old.
    pub(super) fn take_probe(
        &mut self,
        ctx: &mut Context<'_>,
        workload: &str,
        seed: u32,
        prompts: Vec<SolvedPrompt>,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let is_kept = |probe: &Probe| {
            probe.differs || now_ms.saturating_sub(probe.made_ms) < PROBE_AGE_MS_MAX
        };
        if self.probe.as_ref().is_some_and(is_kept) {
            return Ok(());
        }
        let probe = Probe {
            workload: workload.to_owned(),
            seed,
            made_ms: now_ms,
            checked_ms: now_ms,
            differs: false,
            prompts,
        };
        self.put_probe(ctx, probe)
    }

    fn put_probe(&mut self, ctx: &mut Context<'_>, probe: Probe) -> Result<()> {
        ctx.put(store::PROBE, &probe)?;
        self.probe = Some(probe);
        Ok(())
    }

    /// The trusted miner has answered a workload again.
    pub(super) fn judge_check(&mut self, ctx: &mut Context<'_>, body: &[u8]) -> Result<()> {
        let Some(mut probe) = self.probe.clone() else {
            return self.end_job(ctx);
        };
        let prompts = || probe.prompts.iter().map(|solved| solved.prompt.as_str());
        let answers = match Answers::read(body, prompts()) {
            Ok(answers) => answers,
            Err(fault) => return self.fail_job(ctx, &fault.to_string(), true),
        };
        let expected = probe.prompts.iter();
        let expected = expected.map(|solved| (solved.prompt.as_str(), solved.answer.as_str()));
        let difference = check_answers(expected, &answers).err();
        self.end_job(ctx)?;
        probe.checked_ms = ctx.now_ms();
        let Some(difference) = difference else {
            probe.differs = false;
            self.put_probe(ctx, probe)?;
            let result = "the trusted miner gives the same answers as before";
            return self.succeed_station(ctx, StationName::Answering, result);
        };
        let reason = format!(
            "the trusted miner is not reliable, it has other answers to the same prompts and seed than before: {difference}"
        );
        ctx.error_with(
            "the trusted miner is not reliable: its samples are set aside until it gives the same answers twice; look at its GPU and its image",
            &[("reason", &reason), ("samples", &self.pool.samples.len())],
        );
        // The next check is against what it says now.
        for (index, solved) in probe.prompts.iter_mut().enumerate() {
            if let Ok(answer) = answers.answer(index, &solved.prompt) {
                solved.answer = answer.to_owned();
            }
        }
        probe.differs = true;
        self.put_probe(ctx, probe)?;
        self.drop_samples(ctx)?;
        self.fail_station(ctx, StationName::Answering, &reason)
    }

    /// Drops all samples that are ready: what they expect may be wrong.
    fn drop_samples(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let samples: Vec<(String, String)> = self
            .pool
            .samples
            .iter()
            .map(|(name, sample)| (name.clone(), sample.series.clone()))
            .collect();
        for (name, series) in samples {
            self.pool.delete_sample(ctx, &name)?;
            self.give_use_back(ctx, &series)?;
        }
        Ok(())
    }

    /// A check has brought nothing. It is tried again later; if it was run, by another workload.
    pub(super) fn fail_check(&mut self, ctx: &mut Context<'_>, is_of_task: bool) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(mut probe) = self.probe.clone() else {
            return Ok(());
        };
        let is_old = now_ms.saturating_sub(probe.made_ms) >= PROBE_AGE_MS_MAX;
        if is_of_task && (!probe.differs || is_old) {
            self.probe = None;
            return ctx.delete(store::PROBE);
        }
        let interval_ms = if probe.differs { RECHECK_MS } else { CHECK_MS };
        probe.checked_ms = (now_ms + RECHECK_MS).saturating_sub(interval_ms);
        self.put_probe(ctx, probe)
    }
}
