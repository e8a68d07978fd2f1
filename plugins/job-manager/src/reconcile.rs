//! What a job's record must be, given what is stored and what a block shows. Applying the answer twice changes nothing.

use tig_events::is_reconfirmed;
use tig_protocol::api::{Benchmark, Precommit};

use crate::config::Config;
use crate::job::{Job, Unprovable};
use crate::network::Network;
use crate::record::{Abandoned, JobRecord};

/// What a block shows of one benchmark. That something is missing says nothing: listings can be incomplete.
pub(crate) struct Sighting<'a> {
    pub(crate) precommit: &'a Precommit,
    pub(crate) benchmark: Option<&'a Benchmark>,
    pub(crate) is_proved: bool,
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
    Drop {
        reason: &'static str,
    },
}

/// The change of `job`, which is `None` if it is not known, in view of `sighting`, which is `None` if no block shows it.
pub(crate) fn reconcile(
    job: Option<&Job>,
    sighting: Option<&Sighting<'_>>,
    config: &Config,
    network: &Network,
) -> Option<Change> {
    let drop = |reason| job.map(|_| Change::Drop { reason });
    if sighting.is_some_and(|sighting| sighting.is_proved) {
        return drop("proof confirmed");
    }
    let is_stale =
        |job: &&Job| sighting.is_some_and(|sighting| sighting.is_reconfirmed(job.record()));
    let (restarted, job) = (job.filter(is_stale), job.filter(|job| !is_stale(job)));
    let before = job.map(Job::record);
    let mut record = match (before, sighting) {
        (Some(record), _) => record.clone(),
        (None, Some(sighting)) => new_record(sighting.precommit)?,
        (None, None) => return None,
    };
    if network.window.is_expired(record.block_started) {
        return drop("its lifespan is over");
    }
    if record.terms.is_none() {
        record.terms = network.terms(config, &record.settings).ok();
    }
    let benchmark = sighting.and_then(|sighting| sighting.benchmark);
    if let Some(benchmark) = benchmark {
        observe_benchmark(&mut record, benchmark);
    }
    if job.is_none() && benchmark.is_none() && network.window.is_too_late(record.block_started) {
        record.abandoned = Some(Abandoned::TooLate);
    }
    if let (Some(job), Some(root), None) = (job, record.committed_root, &record.abandoned)
        && let Err(Unprovable::Useless(reason)) = job.check_root(root)
    {
        record.abandoned = Some(reason);
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

/// `None` as long as the precommit is not confirmed.
fn new_record(precommit: &Precommit) -> Option<JobRecord> {
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
    })
}

fn observe_benchmark(record: &mut JobRecord, benchmark: &Benchmark) {
    let state = benchmark.state.as_ref();
    if let Some(nonces) = state.and_then(|state| state.sampled_nonces.clone()) {
        let mut nonces = nonces;
        // A set: its order differs from answer to answer.
        nonces.sort_unstable();
        nonces.dedup();
        record.sampled_nonces = Some(nonces);
        record.committed_root = benchmark.details.merkle_root.or(record.committed_root);
    }
}
