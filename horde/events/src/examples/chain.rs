//! The chain, the schedule and the weights.

use tig_plugin_api::testing::EventExample;

use super::{BATCH, BLOCK, CLASS, CYCLE_START, MINER, NOW_MS, OTHER_MINER, address, block_hash};
use crate::{
    Axon, BatchDue, BatchMissed, Block, ChainAnswer, ChainCall, ChainCondition, ChainRequest,
    ChainResult, ChainState, ExecutorCount, LinkState, LinksWanted, MinerLink, Neuron, Neurons,
    NeuronsWanted, Scores, WeightsEnd, WeightsOver,
};

pub(super) fn chain() -> Vec<EventExample> {
    let commit_hash = format!("0x{}", "5c".repeat(32));
    let neuron = Neuron {
        uid: 17,
        hotkey: MINER.to_owned(),
        total_stake: 1_250.5,
        axon: Some(Axon {
            host: "203.0.113.7".to_owned(),
            port: 8_000,
        }),
        last_update: BLOCK - 360,
    };
    vec![
        EventExample::of(&Block {
            number: BLOCK,
            hash: block_hash(),
            seen_ms: NOW_MS,
        }),
        EventExample::of(&ChainState {
            condition: ChainCondition::StandsStill { block: BLOCK },
            since_ms: NOW_MS,
        }),
        EventExample::of(&NeuronsWanted { block: Some(BLOCK) }),
        EventExample::of(&Neurons {
            wanted: Some(BLOCK),
            block: BLOCK,
            hash: block_hash(),
            neurons: vec![neuron],
        }),
        EventExample::of(&ChainCall {
            call: format!("commit-{CYCLE_START}"),
            deadline_ms: NOW_MS + 120_000,
            request: ChainRequest::CommitWeights { commit_hash },
        }),
        EventExample::of(&ChainAnswer {
            call: format!("commit-{CYCLE_START}"),
            result: ChainResult::Done,
        }),
    ]
}

pub(super) fn schedule() -> Vec<EventExample> {
    vec![
        EventExample::of(&BatchDue {
            cycle_start: CYCLE_START,
            block: BLOCK,
            until_ms: NOW_MS + 36_000,
            miners: vec![address()],
        }),
        EventExample::of(&BatchMissed {
            cycle_start: CYCLE_START,
            block: Some(BLOCK),
            code: "overslept".to_owned(),
            reason: "the slot was at block 5680412, and the host came back at block 5680420"
                .to_owned(),
        }),
        EventExample::of(&LinksWanted {
            holder: "horde_batch".to_owned(),
            miners: vec![address()],
            unknown: None,
        }),
        EventExample::of(&MinerLink {
            hotkey: MINER.to_owned(),
            state: LinkState::Up {
                manifest: vec![ExecutorCount {
                    executor_class: CLASS.to_owned(),
                    count: 2,
                }],
            },
        }),
    ]
}

pub(super) fn weights() -> Vec<EventExample> {
    let scores = [(MINER.to_owned(), 12.5), (OTHER_MINER.to_owned(), 7.25)];
    vec![
        EventExample::of(&Scores {
            cycle_start: CYCLE_START,
            batch: BATCH.to_owned(),
            scores: scores.into(),
        }),
        EventExample::of(&WeightsOver {
            cycle_start: CYCLE_START,
            end: WeightsEnd::Revealed { block: BLOCK + 722 },
            attempts: 2,
            at_ms: NOW_MS,
        }),
    ]
}
