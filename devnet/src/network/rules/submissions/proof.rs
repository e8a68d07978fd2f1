//! `submit_proof` (tig-protocol.md section 5.3): the checks in their order.
//!
//! A proof whose nonces are right is accepted whatever it contains; where its content does not hold, the benchmark
//! is a fraud. A proof without such a fault still has to pass re-execution before it is confirmed.

use tig_protocol::MerkleProof;
use tig_protocol::api::SubmitProofRequest;

use crate::network::rules::ProtocolError;
use crate::network::state::{
    Benchmark, DeclaredSolution, Fraud, Key, Network, Precommit, Proof, Record, ReexecutionState,
    SolutionCheck,
};

/// Findings of the checks of an accepted proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofVerdict {
    /// Branches and declared solutions hold.
    Verified,
    /// They do not, for this reason; the benchmark is flagged as a fraud.
    Fraud(ProtocolError),
}

impl Network {
    /// Stores the leaves and branches of the sampled nonces in the mempool, and a fraud where they do not hold.
    ///
    /// # Errors
    /// The first rule that the submission breaks; nothing is stored then.
    pub fn submit_proof(
        &mut self,
        player_id: &str,
        request: SubmitProofRequest,
    ) -> Result<ProofVerdict, ProtocolError> {
        let SubmitProofRequest {
            benchmark_id,
            merkle_proofs,
        } = request;
        let Some(record) = self.records.get_mut(&benchmark_id) else {
            return Err(ProtocolError::InvalidPrecommit { benchmark_id });
        };
        let fault = check_proof(
            &*self.solution_check,
            record,
            &benchmark_id,
            player_id,
            &merkle_proofs,
        )?;
        let reexecution = match fault {
            None => ReexecutionState::Waiting,
            Some(_) => ReexecutionState::Done,
        };
        if fault.is_none() {
            self.index.add_waiting(&benchmark_id, record.sequence);
        }
        record.proof = Some(Proof {
            merkle_proofs,
            reexecution,
            confirmed: None,
        });
        self.changes.touch(Key::Record(benchmark_id));
        let Some(error) = fault else {
            return Ok(ProofVerdict::Verified);
        };
        record.fraud = Some(Fraud::new(&error));
        Ok(ProofVerdict::Fraud(error))
    }
}

/// Refuses the submission, or accepts it with the fault of its content, if it has one.
fn check_proof(
    solution_check: &dyn SolutionCheck,
    record: &Record,
    benchmark_id: &str,
    player_id: &str,
    merkle_proofs: &[MerkleProof],
) -> Result<Option<ProtocolError>, ProtocolError> {
    let Admitted {
        rand_hash,
        benchmark,
    } = admitted(record, benchmark_id, player_id, merkle_proofs)?;
    let precommit = &record.precommit;
    Ok(check_branches(benchmark, precommit, merkle_proofs)
        .and_then(|()| {
            check_solutions(
                solution_check,
                benchmark,
                precommit,
                rand_hash,
                merkle_proofs,
            )
        })
        .err())
}

/// Expectations of the content of a proof.
pub(super) struct Admitted<'a> {
    pub(super) rand_hash: &'a str,
    pub(super) benchmark: &'a Benchmark,
}

/// Refuses the submission unless only its content is to be checked.
pub(super) fn admitted<'a>(
    record: &'a Record,
    benchmark_id: &str,
    player_id: &str,
    merkle_proofs: &[MerkleProof],
) -> Result<Admitted<'a>, ProtocolError> {
    if record.proof.is_some() {
        return Err(ProtocolError::DuplicateProof {
            benchmark_id: benchmark_id.to_owned(),
        });
    }
    let Some(confirmed) = record.confirmed_precommit() else {
        return Err(ProtocolError::InvalidPrecommit {
            benchmark_id: benchmark_id.to_owned(),
        });
    };
    super::check_player(&record.precommit.settings, player_id)?;
    let Some((benchmark, state)) = record.confirmed_benchmark() else {
        return Err(ProtocolError::InvalidBenchmark {
            benchmark_id: benchmark_id.to_owned(),
        });
    };
    let expected: Vec<u64> = state.sampled_nonces.iter().copied().collect();
    let submitted: Vec<u64> = merkle_proofs.iter().map(|proof| proof.leaf.nonce).collect();
    let mut sorted = submitted.clone();
    sorted.sort_unstable();
    if sorted != expected {
        return Err(ProtocolError::InvalidProofNonces {
            expected,
            submitted,
        });
    }
    Ok(Admitted {
        rand_hash: &confirmed.rand_hash,
        benchmark,
    })
}

pub(super) fn check_branches(
    benchmark: &Benchmark,
    precommit: &Precommit,
    merkle_proofs: &[MerkleProof],
) -> Result<(), ProtocolError> {
    let depth_max = branch_depth_max(precommit.num_nonces);
    let holds = |proof: &MerkleProof| {
        let stems = proof.branch.stems();
        stems.len() <= depth_max
            && stems
                .iter()
                .all(|(depth, _)| usize::from(*depth) <= depth_max)
            && proof.branch.root(proof.leaf.leaf_hash(), proof.leaf.nonce)
                == Ok(benchmark.merkle_root)
    };
    match merkle_proofs.iter().find(|proof| !holds(proof)) {
        None => Ok(()),
        Some(proof) => Err(ProtocolError::InvalidMerkleProof {
            nonce: proof.leaf.nonce,
        }),
    }
}

/// Only declared solutions are verified: a sampled nonce without a solution has none to show.
fn check_solutions(
    solution_check: &dyn SolutionCheck,
    benchmark: &Benchmark,
    precommit: &Precommit,
    rand_hash: &str,
    merkle_proofs: &[MerkleProof],
) -> Result<(), ProtocolError> {
    merkle_proofs
        .iter()
        .map(|proof| &proof.leaf)
        .filter(|leaf| benchmark.solution_nonces.contains(&leaf.nonce))
        .find(|leaf| {
            !solution_check.solves(DeclaredSolution {
                settings: &precommit.settings,
                rand_hash,
                nonce: leaf.nonce,
                solution: &leaf.solution,
            })
        })
        .map_or(Ok(()), |leaf| {
            Err(ProtocolError::InvalidSolution { nonce: leaf.nonce })
        })
}

/// Levels of a tree over `num_nonces` leaves. The protocol adds a lax 32; honest branches need none of it.
fn branch_depth_max(num_nonces: u32) -> usize {
    let bits = u32::BITS - num_nonces.saturating_sub(1).leading_zeros();
    bits.max(1) as usize
}
