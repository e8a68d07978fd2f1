//! Running an algorithm again on the sampled nonces (tig-protocol.md section 5.4).
//!
//! Invariant: a proof without fault is confirmed only after its re-execution. The wait is bounded: a proof has at
//! most `2 * max_samples` leaves, and fuel bounds the work on each.

use tig_protocol::{BenchmarkSettings, OutputData};
use tig_worker::{Algorithm, JobError, Limits, compute_nonce};

use super::ProtocolError;
use crate::network::state::{Fraud, Key, Network, ReexecutionState};

/// One proof's leaves and all that is needed to compute them again, away from the network's lock.
#[derive(Debug)]
pub struct Reexecution {
    benchmark_id: String,
    settings: BenchmarkSettings,
    rand_hash: String,
    algorithm: Option<Algorithm>,
    limits: Limits,
    leaves: Vec<OutputData>,
}

/// Findings of a re-execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every leaf is as claimed.
    Agrees,
    /// A leaf differs: the benchmark is a fraud for this reason.
    Differs(ProtocolError),
    /// This machine could not run the algorithm. That says nothing about the proof, which is due again.
    Inconclusive(String),
}

impl Reexecution {
    /// The benchmark whose proof is run again.
    pub fn benchmark_id(&self) -> &str {
        &self.benchmark_id
    }

    /// Computes every leaf again; slow, and without access to the network's state.
    pub fn run(&self) -> Verdict {
        let Some(algorithm) = &self.algorithm else {
            let text = format!("algorithm {} is only pretended", self.settings.algorithm_id);
            return Verdict::Inconclusive(text);
        };
        self.compare(|settings, rand_hash, nonce| {
            let computed = compute_nonce(algorithm, settings, rand_hash, nonce, &self.limits);
            computed.map(|computed| computed.output)
        })
    }

    /// Compares every leaf with what `compute` makes of the settings, the random hash and the nonce.
    pub fn compare(
        &self,
        compute: impl Fn(&BenchmarkSettings, &str, u64) -> Result<OutputData, JobError>,
    ) -> Verdict {
        for leaf in &self.leaves {
            match compute(&self.settings, &self.rand_hash, leaf.nonce) {
                Ok(output) if output == *leaf => (),
                Ok(_) => {
                    let algorithm_id = self.settings.algorithm_id.clone();
                    return Verdict::Differs(ProtocolError::InvalidSolutionData {
                        algorithm_id,
                        nonce: leaf.nonce,
                    });
                }
                Err(error) => return Verdict::Inconclusive(error.to_string()),
            }
        }
        Verdict::Agrees
    }
}

impl Network {
    /// Number of proofs that wait for their re-execution or are in it.
    pub fn num_reexecutions(&self) -> usize {
        self.index.num_reexecutions()
    }

    /// Takes the waiting proof of the oldest precommit; its verdict must come back through
    /// [`Network::record_reexecution`].
    pub fn next_reexecution(&mut self) -> Option<Reexecution> {
        let benchmark_id = self.index.first_waiting()?.to_owned();
        let record = self.records.get_mut(&benchmark_id)?;
        let settings = &record.precommit.settings;
        let rand_hash = record.precommit.confirmed.as_ref()?.rand_hash.clone();
        let algorithm = self
            .algorithms
            .get(&settings.algorithm_id)?
            .published
            .compiled
            .clone();
        let wasm_vm = &self.chain.by_id(&settings.block_id)?.config.wasm_vm;
        let proof = record.proof.as_mut()?;
        proof.reexecution = ReexecutionState::Running;
        self.index.start(record.sequence);
        Some(Reexecution {
            benchmark_id,
            settings: settings.clone(),
            rand_hash,
            algorithm,
            limits: Limits {
                max_fuel: wasm_vm.max_fuel,
                max_memory: wasm_vm.max_memory,
            },
            leaves: proof
                .merkle_proofs
                .iter()
                .map(|proof| proof.leaf.clone())
                .collect(),
        })
    }

    /// Lets the next block confirm the proof, as a fraud where its leaves do not hold; without a conclusion the proof
    /// waits again.
    pub fn record_reexecution(&mut self, benchmark_id: &str, verdict: &Verdict) {
        // The record may have left the window in the meantime.
        let Some(record) = self.records.get_mut(benchmark_id) else {
            return;
        };
        let Some(proof) = record
            .proof
            .as_mut()
            .filter(|proof| proof.reexecution == ReexecutionState::Running)
        else {
            return;
        };
        proof.reexecution = match verdict {
            Verdict::Agrees | Verdict::Differs(_) => ReexecutionState::Done,
            Verdict::Inconclusive(_) => ReexecutionState::Waiting,
        };
        self.index.end();
        if proof.reexecution == ReexecutionState::Waiting {
            self.index.add_waiting(benchmark_id, record.sequence);
        }
        if let Verdict::Differs(error) = verdict {
            record.fraud = Some(Fraud::new(error));
        }
        self.changes.touch(Key::Record(benchmark_id.to_owned()));
    }
}
