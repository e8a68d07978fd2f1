//! The slow part of `submit_proof`, to be done before the submission itself and away from the network.

use std::sync::Arc;

use tig_protocol::api::SubmitProofRequest;
use tig_protocol::{BenchmarkSettings, OutputData};

use super::proof::{admitted, check_branches};
use crate::network::state::{DeclaredSolution, Network, SolutionCheck};

/// The declared solutions of a proof that would be accepted.
#[derive(Debug)]
pub struct ProofChecks {
    check: Arc<dyn SolutionCheck>,
    settings: BenchmarkSettings,
    rand_hash: String,
    leaves: Vec<OutputData>,
}

impl ProofChecks {
    /// Finds out about each of them; slow.
    pub fn prepare(&self) {
        for leaf in &self.leaves {
            self.check.prepare(DeclaredSolution {
                settings: &self.settings,
                rand_hash: &self.rand_hash,
                nonce: leaf.nonce,
                solution: &leaf.solution,
            });
        }
    }
}

impl Network {
    /// What [`Network::submit_proof`] would have to find out; `None` if it would refuse the proof, or knows its fault.
    pub fn proof_checks(
        &self,
        player_id: &str,
        request: SubmitProofRequest,
    ) -> Option<ProofChecks> {
        let SubmitProofRequest {
            benchmark_id,
            merkle_proofs,
        } = request;
        let record = self.records.get(&benchmark_id)?;
        let admitted = admitted(record, &benchmark_id, player_id, &merkle_proofs).ok()?;
        check_branches(admitted.benchmark, &record.precommit, &merkle_proofs).ok()?;
        Some(ProofChecks {
            check: Arc::clone(&self.solution_check),
            settings: record.precommit.settings.clone(),
            rand_hash: admitted.rand_hash.to_owned(),
            leaves: merkle_proofs
                .into_iter()
                .map(|proof| proof.leaf)
                .filter(|leaf| admitted.benchmark.solution_nonces.contains(&leaf.nonce))
                .collect(),
        })
    }
}
