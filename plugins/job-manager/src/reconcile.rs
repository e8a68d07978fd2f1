//! What a job's record must be, given what is stored and what a block shows. Applying the answer twice changes nothing.

use tig_events::is_reconfirmed;
use tig_protocol::MerkleHash;
use tig_protocol::api::{Benchmark, Precommit};

use crate::config::{ChallengeConfig, Config};
use crate::finished::Outcome;
use crate::former_roots::FormerRoots;
use crate::job::{Job, Stage, Unprovable};
use crate::network::Network;
use crate::record::{Abandoned, JobRecord};
use crate::times::Times;

/// What a block shows of one benchmark. That something is missing says nothing: listings can be incomplete.
pub(crate) struct Sighting<'a> {
    pub(crate) precommit: &'a Precommit,
    pub(crate) benchmark: Option<&'a Benchmark>,
    pub(crate) is_proved: bool,
    /// Height of the block that has confirmed the proof, if it is known.
    pub(crate) proof_height: Option<u32>,
}

impl Sighting<'_> {
    /// Whether the network has reconfirmed the precommit since the random hash of the record.
    fn is_reconfirmed(&self, record: &JobRecord) -> bool {
        let state = self.precommit.state.as_ref();
        let listed = state.and_then(|state| state.rand_hash.as_deref());
        is_reconfirmed(Some(&record.rand_hash), listed)
    }
}

/// What is to be done with a job.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    Put(Box<JobRecord>),
    /// The precommit was reconfirmed with another random hash: all results are stale.
    Restart(Box<JobRecord>),
    Drop(Outcome),
}

/// The change of `job`, which is `None` if it is not known, in view of `sighting`, which is `None` if no block shows it.
/// `former_roots` are those of its benchmark before it was dropped or restarted.
pub(crate) fn reconcile(
    (job, former_roots): (Option<&Job>, Option<&FormerRoots>),
    sighting: Option<&Sighting<'_>>,
    config: &Config,
    network: &Network,
    now_ms: u64,
) -> Option<Change> {
    let drop = |outcome| job.map(|_| Change::Drop(outcome));
    if let Some(sighting) = sighting.filter(|sighting| sighting.is_proved) {
        let height = sighting.proof_height;
        return drop(Outcome::Proved { height });
    }
    let is_stale =
        |job: &&Job| sighting.is_some_and(|sighting| sighting.is_reconfirmed(job.record()));
    let (restarted, job) = (job.filter(is_stale), job.filter(|job| !is_stale(job)));
    let mut former_roots = former_roots.cloned().unwrap_or_default();
    if let Some(job) = restarted {
        former_roots.add(job);
    }
    let before = job.map(Job::record);
    let mut record = match (before, sighting) {
        (Some(record), _) => record.clone(),
        (None, Some(sighting)) => new_record(sighting.precommit, now_ms)?,
        (None, None) => return None,
    };
    if network.window.is_expired(record.block_started) {
        return drop(Outcome::Expired);
    }
    if record.terms.is_none() {
        record.terms = network.terms(config, &record.settings).ok();
    }
    let benchmark = sighting.and_then(|sighting| sighting.benchmark);
    if let Some(benchmark) = benchmark {
        observe_benchmark(&mut record, benchmark, &former_roots, now_ms);
    }
    if let Some(state) = sighting.and_then(|sighting| sighting.precommit.state.as_ref()) {
        let before = record.times.precommit_height;
        record.times.precommit_height = state.block_confirmed.or(before);
    }
    let is_too_late = network.is_too_late(&record);
    if record.abandoned == Some(Abandoned::TooLate) && !is_too_late {
        // This host restarted at an earlier block, or the network has lengthened the lifespan.
        record.resume();
    }
    if let (Some(committed), None) = (stale_root(&record, &former_roots), &record.abandoned) {
        record.abandon(Abandoned::StaleRoot { committed }, now_ms);
    }
    let other_root = job.and_then(|job| other_root(job, &record));
    if let (Some(job), Some(reason), None) = (job, &other_root, &record.abandoned) {
        let challenge_id = &record.settings.challenge_id;
        let challenge = network.challenge_config(config, challenge_id);
        if !may_reach_root(job, &record, challenge) {
            record.abandon(reason.clone(), now_ms);
        }
    }
    if is_too_late && record.abandoned.is_none() && has_work_left(job, &record) {
        // More slaves would not have helped a job whose benchmark may be that of another master.
        let reason = other_root.unwrap_or(Abandoned::TooLate);
        record.abandon(reason, now_ms);
    }
    if Some(&record) == before {
        return None;
    }
    if restarted.is_some() {
        record.reconfirmed = true;
        return Some(Change::Restart(Box::new(record)));
    }
    Some(Change::Put(Box::new(record)))
}

/// Root of the confirmed benchmark, if it is one for another random hash: no result for the present one can lead there.
fn stale_root(record: &JobRecord, former_roots: &FormerRoots) -> Option<MerkleHash> {
    let committed = record.committed_root?;
    let is_own = record.announced_root == Some(committed);
    (!is_own && former_roots.is_stale(committed, &record.rand_hash)).then_some(committed)
}

/// Whether the batches of `job`, which lead to another root than that of the benchmark, may still lead there. What nobody has
/// confirmed is audited first (`recheck`): one of our slaves may be wrong, and the fee is paid. While no block has shown the
/// challenge, the verifier is not known, and time alone ends the job.
fn may_reach_root(job: &Job, record: &JobRecord, challenge: Option<&ChallengeConfig>) -> bool {
    let committed = record.committed_root;
    let may_be_ours = committed.is_some_and(|root| record.may_have_root(root));
    let is_unchecked = |challenge: &ChallengeConfig| {
        let mut unchecked = job.unchecked(challenge.verifier.as_deref());
        unchecked.next().is_some()
    };
    may_be_ours && challenge.is_none_or(is_unchecked)
}

/// Set if the batches of `job` lead to another root than that of the benchmark in `record`, the next one of `job`.
fn other_root(job: &Job, record: &JobRecord) -> Option<Abandoned> {
    match job.check_root(record.committed_root?) {
        Err(Unprovable::Useless(reason)) => Some(reason),
        _ => None,
    }
}

/// Whether slaves still have to compute something for `record`, the next one of `job`. What is ready costs nothing any more,
/// unless nonces have been sampled since.
fn has_work_left(job: Option<&Job>, record: &JobRecord) -> bool {
    job.is_none_or(|job| {
        let is_ready = matches!(job.stage(), Stage::BenchmarkReady | Stage::ProofReady);
        !is_ready || record.sampled_nonces != job.record().sampled_nonces
    })
}

/// `None` as long as the precommit is not confirmed.
fn new_record(precommit: &Precommit, now_ms: u64) -> Option<JobRecord> {
    Some(JobRecord {
        settings: precommit.settings.clone(),
        num_nonces: precommit
            .details
            .num_nonces
            .filter(|&num_nonces| num_nonces > 0)?
            .into(),
        rand_hash: precommit.state.as_ref()?.rand_hash.clone()?,
        block_started: precommit.details.block_started,
        terms: None,
        announced_root: None,
        sampled_nonces: None,
        committed_root: None,
        abandoned: None,
        reconfirmed: false,
        times: Times {
            created_ms: Some(now_ms),
            ..Times::default()
        },
    })
}

fn observe_benchmark(
    record: &mut JobRecord,
    benchmark: &Benchmark,
    former_roots: &FormerRoots,
    now_ms: u64,
) {
    let state = benchmark.state.as_ref();
    let height = state.and_then(|state| state.block_confirmed);
    if let Some(nonces) = state.and_then(|state| state.sampled_nonces.clone()) {
        let mut nonces = nonces;
        // A set: its order differs from answer to answer.
        nonces.sort_unstable();
        nonces.dedup();
        if record.sampled_nonces.is_none() {
            record.times.benchmark_ms = Some(now_ms);
        }
        record.times.benchmark_height = height.or(record.times.benchmark_height);
        record.sampled_nonces = Some(nonces);
        let former = former_roots.root_for(&record.rand_hash);
        record.committed_root = benchmark.details.merkle_root.or(record.committed_root);
        if record.announced_root.is_none() {
            // Nothing was handed on for this random hash, so a root that the listing lacks is the former one, or one for another hash.
            let unlisted = former.or(former_roots.newest());
            record.committed_root = record.committed_root.or(unlisted);
        }
        if former.is_some() && record.committed_root == former && record.announced_root != former {
            // It is the former benchmark, and the network takes one only: what was handed on since is void.
            record.announced_root = None;
        }
    }
}
