//! Compares what several slaves say of the same batch, and draws the conclusions.

use std::collections::BTreeMap;

use tig_events::{AuditBatch, SlaveConvicted};
use tig_plugin_api::prelude::*;
use tig_protocol::MerkleHash;

use crate::audit::{Audit, Verdict};
use crate::config::ChallengeConfig;
use crate::job::{Job, OpenAudit};
use crate::record::{Abandoned, BatchRecord};
use crate::rejections::Rejection;
use crate::{JobManager, store};

/// A slave whose last result is at most so old is taken to be there.
const PRESENT_MS: u64 = 600_000;

/// Slaves whose results are remembered.
const SLAVES_MAX: usize = 20_000;

/// Audits handed out by one handler call, those first that have waited longest; the rest is due at the next `update`.
pub(crate) const AUDITS_OUT_MAX: usize = 2_500;

/// A sampled batch that nobody has computed once more after so many retry delays is not waited for any longer. In a
/// reconfirmed job, two slaves that disagree for so long compute the batch again.
const RETRIES_MAX: u64 = 2;

/// Who has delivered a result, and when.
#[derive(Default)]
pub(crate) struct Present(BTreeMap<String, u64>);

impl Present {
    pub(crate) fn saw(&mut self, slave: &str, now_ms: u64) {
        if let Some(last_ms) = self.0.get_mut(slave) {
            *last_ms = now_ms;
            return;
        }
        if self.0.len() >= SLAVES_MAX {
            self.0.clear();
        }
        self.0.insert(slave.to_owned(), now_ms);
    }

    fn forget(&mut self, now_ms: u64) {
        self.0
            .retain(|_, last_ms| now_ms.saturating_sub(*last_ms) <= PRESENT_MS);
    }

    pub(crate) fn count(&self, now_ms: u64) -> u64 {
        let is_present = |last_ms: &&u64| now_ms.saturating_sub(**last_ms) <= PRESENT_MS;
        self.0.values().filter(is_present).count() as u64
    }

    fn has_other_than(&self, slave: &str) -> bool {
        self.0.keys().any(|other| other != slave)
    }

    /// Whether a slave is there that has not spoken in this audit, and may.
    pub(crate) fn has_voice_for(&self, audit: &Audit) -> bool {
        let may_speak = |slave: &String| !audit.slaves().any(|spoken| spoken == slave);
        !audit.is_full() && self.0.keys().any(may_speak)
    }
}

/// What follows from a verdict.
enum Conclusion {
    Wait,
    Confirm,
    Replace(BatchRecord, Vec<SlaveConvicted>),
    Keep(Vec<SlaveConvicted>),
    GiveUp,
}

impl Conclusion {
    /// For programs.
    fn name(&self) -> &'static str {
        match self {
            Self::Wait => "open",
            Self::Confirm => "confirmed",
            Self::Replace(..) => "replaced",
            Self::Keep(_) => "defended",
            Self::GiveUp => "undecided",
        }
    }
}

impl JobManager {
    /// By chance, has a new result computed once more by somebody else.
    pub(crate) fn sample_audit(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
    ) -> Result<()> {
        let unit = ctx.random_unit();
        let Some((job, config)) = self.audited_job(benchmark_id) else {
            return Ok(());
        };
        let Some(record) = job.batches.get(&index) else {
            return Ok(());
        };
        let is_chosen = unit < config.audit_share.get() || job.record().reconfirmed;
        let somebody_else = match &config.verifier {
            Some(verifier) => *verifier != record.slave,
            None => self.present.has_other_than(&record.slave) || job.record().reconfirmed,
        };
        if !is_chosen || job.record().is_committed() || !somebody_else {
            return Ok(());
        }
        let audit = Audit::new(record);
        self.put_audit(ctx, benchmark_id, index, Some(audit))?;
        self.hand_out_audit(ctx, benchmark_id, index)
    }

    /// Takes what another slave says of a batch.
    pub(crate) fn hear(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
        claim: &BatchRecord,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        self.present.saw(&claim.slave, now_ms);
        self.silent_since_ms = None;
        let Some((job, config)) = self.audited_job(benchmark_id) else {
            return Ok(());
        };
        let Some(stored) = job.batches.get(&index) else {
            return Ok(());
        };
        let open = job.audits().get(&index).map(|open| open.audit.clone());
        let is_authority = config.verifier.as_ref() == Some(&claim.slave);
        let start_nonce = job.batch(index).map_or(0, |batch| batch.start_nonce);
        let is_settled = stored.is_confirmed && open.is_none() && !is_authority;
        if is_dissent(job, stored, claim, is_settled) {
            let agreed = stored.merkle_root;
            return self.refuse_dissent(ctx, benchmark_id, start_nonce, claim, agreed);
        }
        let mut audit = open.unwrap_or_else(|| Audit::new(stored));
        if !audit.add(claim) {
            return self.hand_out_again(ctx, benchmark_id, start_nonce);
        }
        let verdict = audit.verdict(config.verifier.as_deref());
        let conclusion = conclude(&verdict, stored, job, start_nonce);
        if !claim.agrees(stored) {
            ctx.warn_with(
                "two slaves state different roots",
                &[
                    ("benchmark_id", &benchmark_id),
                    ("start_nonce", &start_nonce),
                    ("slave", &claim.slave),
                    ("merkle_root", &claim.merkle_root),
                    ("other_slave", &stored.slave),
                    ("other_merkle_root", &stored.merkle_root),
                ],
            );
        }
        // Before the voices are counted: the root of the benchmark decides at once, whoever else might come.
        if claim.merkle_root != stored.merkle_root && job.has_wrong_root() {
            self.put_audit(ctx, benchmark_id, index, Some(audit.clone()))?;
            if self.try_claims(ctx, benchmark_id, index, &claim.slave)? {
                ctx.count("comparisons", &[("outcome", "replaced")], 1);
                return Ok(());
            }
        }
        ctx.count("comparisons", &[("outcome", conclusion.name())], 1);
        match conclusion {
            Conclusion::Wait => {
                self.put_audit(ctx, benchmark_id, index, Some(audit))?;
                self.hand_out_audit(ctx, benchmark_id, index)?;
            }
            Conclusion::GiveUp => {
                self.put_audit(ctx, benchmark_id, index, Some(audit))?;
                ctx.error_with(
                    "no two slaves agree; is the algorithm deterministic?",
                    &[
                        ("benchmark_id", &benchmark_id),
                        ("start_nonce", &start_nonce),
                    ],
                );
            }
            Conclusion::Confirm => self.confirm(ctx, benchmark_id, index)?,
            Conclusion::Keep(convicted) => {
                self.convict(ctx, &convicted)?;
                self.confirm(ctx, benchmark_id, index)?;
            }
            Conclusion::Replace(record, convicted) => {
                self.convict(ctx, &convicted)?;
                self.replace(ctx, benchmark_id, index, start_nonce, record)?;
            }
        }
        // Its proofs, if they were asked for, are still missing.
        self.hand_out_again(ctx, benchmark_id, start_nonce)
    }

    /// One slave contradicts the root that two have `agreed` on, or that leads to that of the benchmark: its result is a bad one,
    /// and its batch is due again.
    pub(crate) fn refuse_dissent(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        start_nonce: u64,
        claim: &BatchRecord,
        agreed: MerkleHash,
    ) -> Result<()> {
        let job = self.jobs.get(benchmark_id);
        let stated = claim.merkle_root;
        let reason = match job.is_some_and(Job::is_proved_right) {
            true => format!(
                "merkle root {stated} differs from {agreed}, which leads to the root of the confirmed benchmark"
            ),
            false => format!(
                "merkle root {stated} and its solutions differ from {agreed}, which two slaves have found"
            ),
        };
        if job.is_some_and(|job| job.record().reconfirmed) {
            // It may be a result for the block that the network rolled back: no fault of its slave.
            ctx.warn_with(
                "result ignored",
                &[
                    ("benchmark_id", &benchmark_id),
                    ("start_nonce", &start_nonce),
                    ("slave", &claim.slave),
                    ("reason", &reason),
                ],
            );
            return self.hand_out_again(ctx, benchmark_id, start_nonce);
        }
        let rejection = Rejection {
            start_nonce,
            slave: claim.slave.clone(),
            reason,
            at_ms: ctx.now_ms(),
            contradicts: true,
        };
        self.reject(ctx, benchmark_id, rejection)
    }

    /// Hands audits out again that nobody has answered, and gives up waiting for those that nobody takes, unless the job has no
    /// right root without them. In a reconfirmed job a dispute that no third slave decides begins again: one of the two may
    /// have sent its result for the block that was rolled back, and its next one is not. An abandoned job waits for nobody.
    pub(crate) fn advance_audits(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        self.present.forget(now_ms);
        let (mut due, mut over, mut stale) = (Vec::new(), Vec::new(), Vec::new());
        for (benchmark_id, job) in self.jobs.iter().filter(|(_, job)| job.is_active()) {
            let delay_ms = job.retry_delay_ms();
            let config = self.audited_job(benchmark_id).map(|(_, config)| config);
            let may_be_stale = job.record().reconfirmed && !job.is_fixed();
            let may_go_unaudited = !job.lacks_right_root();
            for (&index, open) in job.audits() {
                let is_due = open
                    .handed_out_ms
                    .is_none_or(|then_ms| now_ms.saturating_sub(then_ms) >= delay_ms);
                let is_overdue = is_overdue(job, open, now_ms);
                let is_dispute = open.audit.is_dispute();
                if is_overdue && !is_dispute && may_go_unaudited {
                    over.push((benchmark_id.clone(), index));
                } else if is_overdue && is_dispute && may_be_stale {
                    stale.push((benchmark_id.clone(), index));
                } else if is_due && config.is_some_and(|config| wants_voices(config, open)) {
                    due.push((open.handed_out_ms, benchmark_id.clone(), index));
                }
            }
        }
        for (benchmark_id, index) in over {
            self.unclaimed.add(now_ms);
            ctx.count("audits_unclaimed", &[], 1);
            ctx.info_with(
                "audit timed out unclaimed",
                &[("benchmark_id", &benchmark_id), ("batch_index", &index)],
            );
            self.put_audit(ctx, &benchmark_id, index, None)?;
        }
        for (benchmark_id, index) in stale {
            ctx.warn_with(
                "dispute undecided, the batch is computed again",
                &[("benchmark_id", &benchmark_id), ("batch_index", &index)],
            );
            if let Some(job) = self.jobs.get_mut(&benchmark_id) {
                discard(ctx, job, index)?;
            }
        }
        // A stable sort, so that of those that were never handed out the first go first.
        due.sort_by_key(|(handed_out_ms, ..)| *handed_out_ms);
        for (_, benchmark_id, index) in due.into_iter().take(AUDITS_OUT_MAX) {
            self.hand_out_audit(ctx, &benchmark_id, index)?;
        }
        Ok(())
    }

    /// Takes out what a slave in quarantine has delivered, as far as it is not committed and nobody has confirmed it, and its
    /// voice in open audits.
    pub(crate) fn discard_results_of(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<()> {
        self.silence(ctx, slave)?;
        for (benchmark_id, job) in &mut self.jobs {
            let of_slave = job
                .batches
                .iter()
                .filter(|(_, batch)| batch.slave == slave && !batch.is_confirmed);
            let indexes: Vec<u64> = of_slave.map(|(index, _)| *index).collect();
            if indexes.is_empty() {
                continue;
            }
            let count = indexes.len();
            if job.is_fixed() {
                ctx.warn_with(
                    "results of a quarantined slave are part of a submitted benchmark",
                    &[
                        ("benchmark_id", benchmark_id),
                        ("slave", &slave),
                        ("count", &count),
                    ],
                );
                continue;
            }
            for index in indexes {
                discard(ctx, job, index)?;
            }
            ctx.warn_with(
                "results of a quarantined slave discarded",
                &[
                    ("benchmark_id", benchmark_id),
                    ("slave", &slave),
                    ("count", &count),
                ],
            );
        }
        Ok(())
    }

    /// Takes a slave's voice out of open audits. An audit with one voice left is not a dispute any more: `advance_audits`
    /// hands it out again, and ends it once it is overdue. Its time begins now, or an old dispute would be overdue at
    /// once, and nobody would check the voice that is left.
    fn silence(&mut self, ctx: &mut Context<'_>, slave: &str) -> Result<()> {
        let mut changed = Vec::new();
        for (benchmark_id, job) in &self.jobs {
            for (&index, open) in job.audits() {
                let audit = open.audit.without(slave);
                changed.extend(audit.map(|audit| (benchmark_id.clone(), index, audit)));
            }
        }
        let now_ms = ctx.now_ms();
        for (benchmark_id, index, audit) in changed {
            let is_dispute = audit.is_dispute();
            self.put_audit(ctx, &benchmark_id, index, Some(audit))?;
            let job = self.jobs.get_mut(&benchmark_id);
            if let Some(job) = job.filter(|_| !is_dispute) {
                job.restart_audit(index, now_ms);
            }
        }
        Ok(())
    }

    pub(crate) fn audited_job(&self, benchmark_id: &str) -> Option<(&Job, &ChallengeConfig)> {
        let job = self.jobs.get(benchmark_id).filter(|job| job.is_active())?;
        let challenge_id = &job.record().settings.challenge_id;
        let config = self.network.challenge_config(&self.config, challenge_id)?;
        Some((job, config))
    }

    pub(crate) fn put_audit(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
        audit: Option<Audit>,
    ) -> Result<()> {
        store::put_audit(ctx, benchmark_id, index, audit.as_ref())?;
        let now_ms = ctx.now_ms();
        if let Some(job) = self.jobs.get_mut(benchmark_id) {
            job.set_audit(index, audit, now_ms);
        }
        Ok(())
    }

    fn hand_out_audit(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let event = self.audited_job(benchmark_id).and_then(|(job, config)| {
            let mut batch = job.batch(index)?;
            batch.sampled_nonces.clear();
            let open = job.audits().get(&index)?;
            // Such a job waits for its audits as long as it can earn, and its verifier may be gone.
            let is_for_all =
                job.lacks_right_root() && is_overdue(job, open, now_ms) && !open.audit.is_full();
            Some(AuditBatch {
                batch,
                not_for: open.audit.slaves().map(str::to_owned).collect(),
                only_for: config.verifier.clone().filter(|_| !is_for_all),
            })
        });
        if let (Some(event), Some(job)) = (event, self.jobs.get_mut(benchmark_id)) {
            ctx.emit(&event)?;
            job.audit_handed_out(index, now_ms);
        }
        Ok(())
    }

    fn convict(&self, ctx: &mut Context<'_>, convicted: &[SlaveConvicted]) -> Result<()> {
        for event in convicted {
            ctx.emit(event)?;
            ctx.error_with(
                "slave convicted of a wrong result",
                &[
                    ("benchmark_id", &event.benchmark_id),
                    ("start_nonce", &event.start_nonce),
                    ("slave", &event.slave),
                    ("witnesses", &event.witnesses.join(", ")),
                ],
            );
        }
        Ok(())
    }

    /// Others have found what is stored.
    fn confirm(&mut self, ctx: &mut Context<'_>, benchmark_id: &str, index: u64) -> Result<()> {
        self.put_audit(ctx, benchmark_id, index, None)?;
        let job = self.jobs.get_mut(benchmark_id);
        if let Some(record) = job.and_then(|job| job.batches.get_mut(&index)) {
            record.is_confirmed = true;
            store::put_batch(ctx, benchmark_id, index, Some(record))?;
        }
        Ok(())
    }

    /// What is stored is wrong: it gives way, unless the benchmark already builds on it.
    fn replace(
        &mut self,
        ctx: &mut Context<'_>,
        benchmark_id: &str,
        index: u64,
        start_nonce: u64,
        record: BatchRecord,
    ) -> Result<()> {
        self.put_audit(ctx, benchmark_id, index, None)?;
        let Some(job) = self.jobs.get_mut(benchmark_id) else {
            return Ok(());
        };
        if !job.is_fixed() {
            store::put_batch(ctx, benchmark_id, index, Some(&record))?;
            job.insert(index, record);
            return Ok(());
        }
        self.abandon(ctx, benchmark_id, Abandoned::Disproved { start_nonce })
    }
}

/// Whether a claim contradicts what is known to be right.
fn is_dissent(job: &Job, stored: &BatchRecord, claim: &BatchRecord, is_settled: bool) -> bool {
    match job.is_proved_right() {
        // A block can just have shown the root, with audits that end at the next update: who agrees is not wrong.
        true => claim.merkle_root != stored.merkle_root,
        false => is_settled && !claim.agrees(stored),
    }
}

/// Whether an audit has waited for so long that it need not be waited for.
pub(crate) fn is_overdue(job: &Job, open: &OpenAudit, now_ms: u64) -> bool {
    let waited_ms = now_ms.saturating_sub(open.since_ms);
    waited_ms >= job.retry_delay_ms().saturating_mul(RETRIES_MAX)
}

/// Whether another slave may decide an audit; only the verifier, once too many have spoken.
fn wants_voices(config: &ChallengeConfig, open: &OpenAudit) -> bool {
    config.verifier.is_some() || !open.audit.is_full()
}

/// Takes a result and its audit out.
fn discard(ctx: &mut Context<'_>, job: &mut Job, index: u64) -> Result<()> {
    store::put_batch(ctx, &job.benchmark_id, index, None)?;
    store::put_audit(ctx, &job.benchmark_id, index, None)?;
    job.discard(index);
    Ok(())
}

fn conclude(
    verdict: &Verdict<'_>,
    stored: &BatchRecord,
    job: &Job,
    start_nonce: u64,
) -> Conclusion {
    match verdict {
        Verdict::Open => Conclusion::Wait,
        Verdict::Agreed => Conclusion::Confirm,
        Verdict::Undecided => Conclusion::GiveUp,
        Verdict::Decided {
            right,
            witnesses,
            wrong,
        } => {
            // In a reconfirmed job a wrong result may be one for the block that the network rolled back.
            let guilty = wrong.iter().filter(|_| !job.record().reconfirmed);
            let convicted = guilty.map(|claim| SlaveConvicted {
                slave: claim.slave.clone(),
                benchmark_id: job.benchmark_id.clone(),
                start_nonce,
                stated: claim.merkle_root,
                agreed: right.merkle_root,
                witnesses: witnesses.iter().map(|&slave| slave.to_owned()).collect(),
            });
            let convicted = convicted.collect();
            if right.agrees(stored) {
                return Conclusion::Keep(convicted);
            }
            let record = BatchRecord {
                is_confirmed: true,
                ..(*right).clone()
            };
            Conclusion::Replace(record, convicted)
        }
    }
}
