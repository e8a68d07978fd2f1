//! Proofs: each rule of tig-protocol.md section 5.3, re-execution (5.4), confirmation (6) and activity (8).

use std::time::{Duration, Instant};

use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};
use tig_devnet::{
    Api, Devnet, Faults, PlayerType, ProofVerdict, ProtocolError, PublishedAlgorithm, Stage,
    Verdict,
};
use tig_protocol::api::SubmitProofRequest;

use crate::pretend;
use crate::process::DEADLINE;
use crate::support::{self, PLAYER_ID};

const POLL: Duration = Duration::from_millis(5);

#[test]
fn an_honest_proof_waits_for_its_reexecution() {
    for kind in [Satisfiability, Knapsack] {
        let mut network = support::network(3);
        let sampled = support::sampled(&mut network, kind, |_| ());
        let id = &sampled.benchmark_id;
        assert_eq!(
            support::submit_proof(&mut network, sampled.proof),
            Ok(ProofVerdict::Verified)
        );
        network.produce_block();
        network.produce_block();
        assert_eq!(support::stage(&network, id), Stage::ProofPending);

        assert_eq!(support::reexecute(&mut network), [Verdict::Agrees]);
        let block_id = network.produce_block().to_owned();
        assert_eq!(support::stage(&network, id), Stage::Proof);
        let listed = network.get_benchmarks(&block_id, PLAYER_ID).unwrap();
        assert_eq!(
            listed.proofs[0].state.as_ref().unwrap().submission_delay,
            Some(5)
        );
        assert!(listed.frauds.is_empty());
    }
}

#[test]
fn rules_of_a_proof_are_checked_in_order() {
    let mut network = support::network(3);
    let sampled = support::sampled(&mut network, Satisfiability, |_| ());
    let second = support::settings(&network, Satisfiability);
    let second = support::submit_precommit(&mut network, second).unwrap();
    let proof_of = |benchmark_id: &str| SubmitProofRequest {
        benchmark_id: benchmark_id.to_owned(),
        merkle_proofs: Vec::new(),
    };

    for id in ["unknown", &second] {
        let error = network.submit_proof("0x33", proof_of(id)).unwrap_err();
        assert!(
            matches!(error, ProtocolError::InvalidPrecommit { .. }),
            "{error:?}"
        );
    }
    network.produce_block();
    let error = network.submit_proof("0x33", proof_of(&second)).unwrap_err();
    assert!(
        matches!(error, ProtocolError::InvalidSubmittingPlayer { .. }),
        "{error:?}"
    );
    let error = support::submit_proof(&mut network, proof_of(&second)).unwrap_err();
    assert!(
        matches!(error, ProtocolError::InvalidBenchmark { .. }),
        "{error:?}"
    );

    support::submit_proof(&mut network, sampled.proof).unwrap();
    let error = network
        .submit_proof("0x33", proof_of(&sampled.benchmark_id))
        .unwrap_err();
    assert!(
        matches!(error, ProtocolError::DuplicateProof { .. }),
        "{error:?}"
    );
}

#[test]
fn a_proof_needs_exactly_the_sampled_nonces() {
    let mut network = support::network(3);
    let sampled = support::sampled(&mut network, Satisfiability, |_| ());
    let honest = sampled.proof.merkle_proofs;
    let mut missing = honest.clone();
    missing.pop();
    let mut repeated = honest.clone();
    repeated.push(honest[0].clone());
    let mut replaced = honest.clone();
    replaced[0] = honest[1].clone();
    let mut other = honest.clone();
    other[0].leaf.nonce = (0..)
        .find(|nonce| !sampled.sampled_nonces.contains(nonce))
        .unwrap();
    for merkle_proofs in [missing, repeated, replaced, other, Vec::new()] {
        let request = SubmitProofRequest {
            benchmark_id: sampled.benchmark_id.clone(),
            merkle_proofs,
        };
        let error = support::submit_proof(&mut network, request).unwrap_err();
        assert!(
            matches!(error, ProtocolError::InvalidProofNonces { .. }),
            "{error:?}"
        );
    }
    assert_eq!(
        support::stage(&network, &sampled.benchmark_id),
        Stage::Benchmark,
        "refused proofs leave no trace"
    );

    let mut reversed = honest;
    reversed.reverse();
    let request = SubmitProofRequest {
        benchmark_id: sampled.benchmark_id,
        merkle_proofs: reversed,
    };
    assert_eq!(
        support::submit_proof(&mut network, request),
        Ok(ProofVerdict::Verified),
        "any order will do"
    );
}

#[test]
fn a_wrong_branch_or_leaf_is_a_fraud_at_once() {
    let tamper: [fn(&mut SubmitProofRequest); 3] = [
        |proof| proof.merkle_proofs[0].branch = proof.merkle_proofs[1].branch.clone(),
        |proof| proof.merkle_proofs[0].branch = "".parse().unwrap(),
        |proof| proof.merkle_proofs[0].leaf.runtime_signature ^= 1,
    ];
    for tamper in tamper {
        let mut network = support::network(3);
        let mut sampled = support::sampled(&mut network, Satisfiability, |_| ());
        tamper(&mut sampled.proof);
        let nonce = sampled.proof.merkle_proofs[0].leaf.nonce;
        let verdict = support::submit_proof(&mut network, sampled.proof).unwrap();
        assert_eq!(
            verdict,
            ProofVerdict::Fraud(ProtocolError::InvalidMerkleProof { nonce })
        );
        assert!(
            support::reexecute(&mut network).is_empty(),
            "there is nothing left to find out"
        );
        let block_id = network.produce_block().to_owned();
        assert_eq!(
            support::stage(&network, &sampled.benchmark_id),
            Stage::Fraud
        );
        let listed = network.get_benchmarks(&block_id, PLAYER_ID).unwrap();
        assert_eq!((listed.proofs.len(), listed.frauds.len()), (1, 1));
        assert_eq!(listed.frauds[0].allegation, None);
    }
}

#[test]
fn a_declared_solution_that_is_none_is_a_fraud() {
    let mut network = support::network(3);
    let sampled = support::sampled(&mut network, Satisfiability, |claim| {
        claim
            .leaves
            .iter_mut()
            .for_each(|leaf| leaf.solution.clear());
    });
    let verdict = support::submit_proof(&mut network, sampled.proof).unwrap();
    assert!(
        matches!(
            verdict,
            ProofVerdict::Fraud(ProtocolError::InvalidSolution { .. })
        ),
        "{verdict:?}"
    );
    network.produce_block();
    assert_eq!(
        support::stage(&network, &sampled.benchmark_id),
        Stage::Fraud
    );
}

#[test]
fn an_undeclared_sampled_nonce_needs_no_solution() {
    let mut network = support::network(3);
    let sampled = support::sampled(&mut network, Satisfiability, |claim| {
        claim.solution_nonces.truncate(1)
    });
    assert_eq!(
        sampled.sampled_nonces.len(),
        4,
        "the one solution and three others"
    );
    assert_eq!(
        support::submit_proof(&mut network, sampled.proof),
        Ok(ProofVerdict::Verified)
    );
    assert_eq!(support::reexecute(&mut network), [Verdict::Agrees]);
}

#[test]
fn a_leaf_that_reexecution_does_not_give_is_a_fraud() {
    let tamper: [fn(&mut support::Claim); 3] = [
        |claim| {
            claim
                .leaves
                .iter_mut()
                .for_each(|leaf| leaf.runtime_signature ^= 1)
        },
        |claim| {
            claim
                .leaves
                .iter_mut()
                .for_each(|leaf| leaf.fuel_consumed += 1)
        },
        |claim| {
            // Hiding solutions does not help either.
            claim.solution_nonces.clear();
            claim
                .leaves
                .iter_mut()
                .for_each(|leaf| leaf.solution.clear());
        },
    ];
    for tamper in tamper {
        let mut network = support::network(3);
        let sampled = support::sampled(&mut network, Satisfiability, tamper);
        // The tree is consistent, so that the submission itself looks good.
        assert_eq!(
            support::submit_proof(&mut network, sampled.proof),
            Ok(ProofVerdict::Verified)
        );
        let verdicts = support::reexecute(&mut network);
        assert!(
            matches!(
                verdicts[..],
                [Verdict::Differs(ProtocolError::InvalidSolutionData { .. })]
            ),
            "{verdicts:?}"
        );
        assert_eq!(
            support::stage(&network, &sampled.benchmark_id),
            Stage::ProofPending
        );
        network.produce_block();
        assert_eq!(
            support::stage(&network, &sampled.benchmark_id),
            Stage::Fraud
        );
        let data = network.get_benchmark_data(&sampled.benchmark_id).unwrap();
        assert!(
            data.fraud
                .unwrap()
                .allegation
                .unwrap()
                .contains("c001_a001")
        );
    }
}

#[test]
fn a_reexecution_without_conclusion_is_due_again() {
    let mut network = support::network(3);
    let sampled = support::sampled(&mut network, Satisfiability, |_| ());
    support::submit_proof(&mut network, sampled.proof).unwrap();
    let id = network
        .next_reexecution()
        .unwrap()
        .benchmark_id()
        .to_owned();
    assert!(
        network.next_reexecution().is_none(),
        "a running one is not handed out twice"
    );
    network.record_reexecution(&id, &Verdict::Inconclusive("out of memory".to_owned()));
    network.produce_block();
    assert_eq!(support::stage(&network, &id), Stage::ProofPending);
    assert_eq!(support::reexecute(&mut network), [Verdict::Agrees]);
}

#[test]
fn solutions_are_active_from_penalty_to_lifespan_end() {
    let mut network = support::network(3);
    let sampled = support::sampled(&mut network, Satisfiability, |_| ());
    support::submit_proof(&mut network, sampled.proof).unwrap();
    support::reexecute(&mut network);
    network.produce_block();
    // Started at height 1, confirmed at 4: the delay of 3 blocks costs 9 more.
    let mut active_at = Vec::new();
    while network.status().height < 130 {
        let block_id = network.produce_block().to_owned();
        let players = network
            .get_players(&block_id, PlayerType::Benchmarker)
            .unwrap();
        let is_active = players.block_details.num_active_benchmarks == Some(1);
        if is_active {
            active_at.push(players.block_details.height);
        }
        // Whoever was active is listed until the round ends, without influence where nothing is active any more.
        let listed: Vec<(&str, bool)> = players
            .players
            .iter()
            .map(|player| {
                let block_data = player.block_data.as_ref().unwrap();
                (player.id.as_str(), block_data.influence.is_some())
            })
            .collect();
        if network.status().height >= 13 {
            assert_eq!(listed, [(PLAYER_ID, is_active)]);
        } else {
            assert_eq!(listed, []);
        }
    }
    assert_eq!(active_at, (13..=121).collect::<Vec<_>>());
    assert!(
        network.status().benchmarks.is_empty(),
        "what left the window is forgotten"
    );
}

#[tokio::test]
async fn a_proof_that_cannot_be_verified_holds_up_no_other() {
    let mut network = support::network(3);
    let pretended = PublishedAlgorithm::pretended(Knapsack, 2, "none");
    network.add_algorithm(pretended).unwrap();
    network.produce_block();
    let mut settings = support::settings(&network, Knapsack);
    settings.algorithm_id = "c003_a002".to_owned();
    let first = support::submit_precommit(&mut network, settings).unwrap();
    network.produce_block();
    let claim = pretend::claim(0);
    network
        .submit_benchmark(PLAYER_ID, claim.benchmark(&first))
        .unwrap();
    let second = support::sampled(&mut network, Satisfiability, |_| ());
    let data = network.get_benchmark_data(&first).unwrap();
    let sampled = data.benchmark.unwrap().state.unwrap().sampled_nonces;
    support::submit_proof(&mut network, claim.proof(&first, &sampled.unwrap())).unwrap();
    support::submit_proof(&mut network, second.proof).unwrap();

    let devnet = Devnet::new(Api::new(network, support::keys()), Faults::none());
    tokio::spawn(devnet.clone().reexecute_proofs());
    let start = Instant::now();
    while devnet.num_reexecutions() > 1 {
        assert!(start.elapsed() < DEADLINE, "the second proof still waits");
        tokio::time::sleep(POLL).await;
    }
    devnet.produce_block();
    assert_eq!(devnet.num_reexecutions(), 1, "the first one waits");
}
