//! Jobs whose roots lead elsewhere than to the root of the confirmed benchmark, which may be ours.
//!
//! A proof is confirmed, so its job is dropped; then the network rolls the block back, and all batches are computed again. There is
//! no root to compare a result with until all are there, and then one of them is wrong. Other slaves compute what nobody has
//! confirmed, as audits, and one other voice is enough where the root that it states leads to that of the benchmark. Each batch is
//! audited once, so the job ends: proved, abandoned when all batches are confirmed and the root is still another, or too late.
//!
//! Nobody is convicted by the root of the benchmark: a slave may have been wrong when it was first computed, and a lie that
//! was not sampled is then part of it. A result that differs is a bad one, as one that two others contradict.

use tig_plugin_api::prelude::*;
use tig_protocol::MerkleHash;

use crate::audit::Audit;
use crate::job::{Job, OpenAudit};
use crate::judge::{AUDITS_OUT_MAX, is_overdue};
use crate::{JobManager, store};

/// Roots that are put into the tree together, to see whether they lead to that of the benchmark. With more lies than that, a
/// third slave decides about some first.
const ROOTS_TRIED_COUNT_MAX: usize = 1_000;

/// Results reported as bad when the audits of a job end. Five of one slave within a day are enough for its quarantine.
const DISSENTS_COUNT_MAX: usize = 500;

impl JobManager {
    /// Opens the audits that such jobs lack; `advance_audits` hands them out. Ends those that a root has made needless.
    pub(crate) fn recheck_roots(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let audited = self.jobs.iter().filter(|(_, job)| !job.audits().is_empty());
        let audited: Vec<String> = audited.map(|(id, _)| id.clone()).collect();
        for benchmark_id in audited {
            self.end_proved_audits(ctx, &benchmark_id)?;
        }
        let mut missing = Vec::new();
        for (benchmark_id, job) in self.jobs.iter().filter(|(_, job)| job.has_wrong_root()) {
            let Some((_, config)) = self.audited_job(benchmark_id) else {
                continue;
            };
            let unaudited = job
                .unchecked(config.verifier.as_deref())
                .filter(|(index, _)| !job.audits().contains_key(index));
            let room = AUDITS_OUT_MAX - missing.len();
            let before = missing.len();
            missing.extend(
                unaudited
                    .take(room)
                    .map(|(index, record)| (benchmark_id.clone(), index, Audit::new(record))),
            );
            let count = missing.len() - before;
            if count > 0 {
                ctx.warn_with(
                    "the roots of the batches do not lead to that of the confirmed benchmark: other slaves compute them once more",
                    &[("benchmark_id", benchmark_id), ("count", &count)],
                );
            }
        }
        for (benchmark_id, index, audit) in missing {
            self.put_audit(ctx, &benchmark_id, index, Some(audit))?;
        }
        Ok(())
    }

    /// Nonces of a job that are computed once more because it has a wrong root, as far as a slave is there for them. Audits by
    /// sample are not among them: they are few, and given up soon. Nor are overdue ones, which perhaps nobody will ever take.
    pub(crate) fn rechecked_nonces(&self, job: &Job, now_ms: u64) -> u64 {
        if !job.is_active() || !job.has_wrong_root() {
            return 0;
        }
        let audits = job.audits().iter();
        let taken = audits.filter(|(_, open)| {
            !is_overdue(job, open, now_ms) && self.present.has_voice_for(&open.audit)
        });
        let batches = taken.filter_map(|(&index, _)| job.batch(index));
        batches.map(|batch| batch.num_nonces).sum()
    }

    /// Replaces results by what other slaves claim, if that leads to the root of the confirmed benchmark: the job's audits are to
    /// be ended then. To be called with each new result of `slave` for batch `index`. Returns whether it has.
    pub(crate) fn try_claims(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
        slave: &str,
    ) -> Result<bool> {
        let Some(job) = self.jobs.get_mut(benchmark_id) else {
            return Ok(false);
        };
        let Some(roots) = job.find_right_roots(index, slave) else {
            return Ok(false);
        };
        ctx.warn_with(
            "results replaced: those of other slaves lead to the root of the confirmed benchmark",
            &[("benchmark_id", &benchmark_id), ("count", &roots.len())],
        );
        for (index, root) in roots {
            let open = job.audits().get(&index);
            if let Some(record) = open.and_then(|open| open.audit.confirmed(root)) {
                store::put_batch(ctx, benchmark_id, index, Some(&record))?;
                job.insert(index, record);
            }
        }
        Ok(true)
    }

    /// Ends the audits of a job whose roots lead to that of its confirmed benchmark: no slave need compute them once more.
    pub(crate) fn end_proved_audits(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
    ) -> Result<()> {
        let job = self.jobs.get(benchmark_id);
        let is_over = |job: &&Job| job.is_proved_right() && !job.audits().is_empty();
        let Some(job) = job.filter(is_over) else {
            return Ok(());
        };
        let mut dissents = Vec::new();
        for (&index, open) in job.audits() {
            if let (Some(stored), Some(batch)) = (job.batches.get(&index), job.batch(index)) {
                let root = stored.merkle_root;
                let claims = open.audit.contradicting(root).cloned();
                dissents.extend(claims.map(|claim| (batch.start_nonce, claim, root)));
            }
        }
        let audited: Vec<u64> = job.audited().collect();
        self.withdraw_batches(ctx, benchmark_id, true)?;
        for index in audited {
            self.put_audit(ctx, benchmark_id, index, None)?;
        }
        for (start_nonce, claim, root) in dissents.into_iter().take(DISSENTS_COUNT_MAX) {
            self.refuse_dissent(ctx, benchmark_id, start_nonce, &claim, root)?;
        }
        Ok(())
    }
}

impl Job {
    /// Roots of batches that, in place of the stored ones, lead to that of the confirmed benchmark: what `slave` says of batch
    /// `index`, or all that it says, for it may be the only honest one, or what all say who contradict what is stored.
    fn find_right_roots(&mut self, index: u64, slave: &str) -> Option<Vec<(u64, MerkleHash)>> {
        if !self.has_wrong_root() {
            return None;
        }
        let of_slave = self.contradictions(Some(slave));
        let of_batch = of_slave.iter().copied().filter(|(at, _)| *at == index);
        let candidates = [of_batch.collect(), of_slave, self.contradictions(None)];
        let mut candidates = candidates.into_iter();
        candidates.find(|roots| self.is_right_with(roots))
    }

    /// The last root that `slave`, or any slave, states of each batch in place of the stored one.
    fn contradictions(&self, slave: Option<&str>) -> Vec<(u64, MerkleHash)> {
        let of_batch = |(&index, open): (&u64, &OpenAudit)| {
            let stored = self.batches.get(&index)?.merkle_root;
            let claims = open.audit.contradicting(stored);
            let mut claims = claims.filter(|claim| slave.is_none_or(|slave| claim.slave == slave));
            Some((index, claims.next_back()?.merkle_root))
        };
        let contradictions = self.audits().iter().filter_map(of_batch);
        contradictions.take(ROOTS_TRIED_COUNT_MAX).collect()
    }

    /// Whether these roots of batches, in place of the stored ones, lead to that of the confirmed benchmark.
    fn is_right_with(&mut self, roots: &[(u64, MerkleHash)]) -> bool {
        for (index, root) in roots {
            self.tree.set(*index, Some(*root));
        }
        let is_right = !self.lacks_right_root();
        for (index, _) in roots {
            let stored = self.batches.get(index).map(|batch| batch.merkle_root);
            self.tree.set(*index, stored);
        }
        is_right
    }
}
