//! `GET /devnet/state`: what the page is made of.

use serde_json::json;
use tig_challenges::ChallengeKind::Satisfiability;
use tig_devnet::{Api, Network, Request, Stage, View};

use crate::support::{self, API_KEY, PLAYER_ID};

fn prove(network: &mut Network) -> String {
    let sampled = support::sampled(network, Satisfiability, |_| ());
    support::submit_proof(network, sampled.proof).unwrap();
    support::reexecute(network);
    sampled.benchmark_id
}

fn num_at(view: &View, stage: Stage) -> usize {
    view.stages[&stage]
}

#[test]
fn a_benchmark_shows_at_each_step_counts_when_active() {
    let mut network = support::network(7);
    let id = prove(&mut network);
    let view = network.view();
    assert_eq!(num_at(&view, Stage::ProofPending), 1);
    assert_eq!(view.stages.len(), Stage::ALL.len());

    network.produce_block();
    let view = network.view();
    let row = &view.benchmarks[0];
    assert_eq!((row.id.as_str(), row.stage), (id.as_str(), Stage::Proof));
    assert_eq!(
        (row.block_started, row.precommit, row.benchmark, row.proof),
        (1, Some(2), Some(3), Some(4))
    );
    assert!(!row.active && view.challenges[0].active.is_empty());
    assert_eq!((view.blocks[0].height, view.blocks[0].num_proofs), (4, 1));

    // The submission delay of three blocks costs three times as many.
    while !network.view().benchmarks[0].active {
        assert!(network.height() < 20, "the benchmark never counts");
        network.produce_block();
    }
    let view = network.view();
    let challenge = &view.challenges[0];
    assert_eq!(challenge.active.len(), 1);
    assert_eq!(challenge.active[0].difficulty, vec![50, 300]);
    assert_eq!(
        Some(challenge.active[0].num_solutions),
        view.benchmarks[0].num_solutions
    );
    assert_eq!(challenge.qualifier_difficulties, vec![vec![50, 300]]);
    assert_eq!(
        (view.players[0].num_benchmarks, view.players[0].num_active),
        (1, 1)
    );
}

#[test]
fn a_benchmark_without_proof_expires() {
    let mut network = support::network(7);
    let settings = support::settings(&network, Satisfiability);
    support::submit_precommit(&mut network, settings).unwrap();
    network.produce_block();
    let proved = prove(&mut network);
    for _ in 0..200 {
        network.produce_block();
    }
    let view = network.view();
    assert!(view.benchmarks.is_empty(), "{proved} has left the window");
    assert_eq!(view.num_expired, 1);
}

#[test]
fn lists_are_bounded_and_newest_first() {
    let mut network = support::network(7);
    for index in 0..70 {
        let mut settings = support::settings(&network, Satisfiability);
        settings.difficulty = vec![50 + index % 3, 300];
        support::submit_precommit(&mut network, settings).unwrap();
        network.produce_block();
    }
    let view = network.view();
    assert_eq!((view.benchmarks.len(), view.blocks.len()), (50, 60));
    let started: Vec<u32> = view.benchmarks.iter().map(|it| it.block_started).collect();
    assert_eq!(started, (21..=70).rev().collect::<Vec<_>>());
    assert_eq!(view.blocks[0].height, network.height());
    assert_eq!(num_at(&view, Stage::Precommit), 70);
}

#[test]
fn the_answer_holds_no_key() {
    let mut network = support::network(7);
    let signature = format!("0x{}", "0".repeat(130));
    let handed_out = network.request_api_key(PLAYER_ID, &signature).unwrap();
    let mut api = Api::new(network, support::keys());
    let response = api.answer(&Request::get("/devnet/state"));
    let text = String::from_utf8(response.body).unwrap();
    assert!(!text.contains(API_KEY) && !text.contains(&handed_out));
    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(state["seed"], 7);
    assert_eq!(state["stages"]["precommit_pending"], 0);
    assert_eq!(
        state["players"][0]["available_fee_balance"],
        json!("1000000000000000000000000")
    );
    assert_eq!(
        state["challenges"][2]["parameters"][0]["name"],
        json!("num_items")
    );
}
