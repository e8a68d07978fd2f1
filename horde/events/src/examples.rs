//! An example of each event, for documents and for tests of extensions.

use serde_json::json;
use serde_json::value::RawValue;
use tig_plugin_api::testing::EventExample;

use crate::{
    AnswerGiven, Axon, BatchDue, BatchMissed, BatchOver, Block, ChainAnswer, ChainCall,
    ChainCondition, ChainRequest, ChainResult, ChainState, ExecutorCount, ExecutorsOf, GroupWanted,
    JobOver, JobRequested, JobResult, JobStatusGiven, JobStep, JobTimes, JobsScored, JobsWanted,
    LinkState, LinksWanted, LlmSample, LlmSamplesGiven, LlmSamplesWanted, MadeJob, MinerAddress,
    MinerCandidate, MinerChosen, MinerLink, MinerWanted, Neuron, Neurons, NeuronsWanted, Outcome,
    PlannedJob, ReceiptsSigned, ScoredJob, Scores, SignedReceipt, SolvedPrompt, Step, Verdict,
    WeightsEnd, WeightsOver,
};

/// Hotkeys of two miners.
const MINER: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const OTHER_MINER: &str = "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y";
const BATCH: &str = "c4f0a3a2-6b0e-4d0c-9d1e-6a5f3c2b1a09";
const JOB: &str = "0b7c6e7a-52f4-4a7e-8f2d-91c3d5e7f901";
const USERS_JOB: &str = "3f9d2a10-7c55-4be0-a1f7-2d6c8e0b4f13";
const CLASS: &str = "spin_up-4min.gpu-24gb";
const LLM_CLASS: &str = "always_on.llm.a6000";
const KIND: &str = "horde_job_hash";
/// A block, the first one of its cycle, and 2025-06-01 12:00 UTC in Unix milliseconds.
const BLOCK: u32 = 5_680_412;
const CYCLE_START: u64 = 5_679_976;
const NOW_MS: u64 = 1_748_779_200_000;

/// An example of each event of this crate, in the order in which a cycle causes them. They are the same in each run.
#[must_use]
pub fn examples() -> Vec<EventExample> {
    [
        chain(),
        schedule(),
        jobs(),
        results(),
        weights(),
        users(),
        prompts(),
    ]
    .concat()
}

fn chain() -> Vec<EventExample> {
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

fn schedule() -> Vec<EventExample> {
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

fn jobs() -> Vec<EventExample> {
    let wanted = JobsWanted {
        ask: 41,
        batch: BATCH.to_owned(),
        kind: KIND.to_owned(),
        executor_class: CLASS.to_owned(),
        miners: vec![ExecutorsOf {
            hotkey: MINER.to_owned(),
            count: 1,
        }],
        weights_version: 4,
    };
    let made = MadeJob {
        uuid: JOB.to_owned(),
        hotkey: MINER.to_owned(),
        timeout_seconds: 60,
        reservation: raw(
            &json!({ "message_type": "V0InitialJobRequest", "job_uuid": JOB, "executor_class": CLASS }),
        ),
        request: raw(
            &json!({ "message_type": "V0JobRequest", "job_uuid": JOB, "docker_run_options_preset": "none" }),
        ),
        check: json!({ "password": "k3Qz" }),
        description: "a password of 4 characters by its SHA-256".to_owned(),
    };
    let planned = PlannedJob {
        uuid: JOB.to_owned(),
        hotkey: MINER.to_owned(),
        executor_class: CLASS.to_owned(),
        timeout_seconds: 60,
        spin_up_seconds: 240,
    };
    vec![
        EventExample::of(&wanted),
        EventExample::of(&wanted.answer(vec![made], None)),
        EventExample::of(&GroupWanted {
            group: BATCH.to_owned(),
            jobs: vec![planned],
            is_organic: false,
        }),
        EventExample::of(&JobStep {
            group: BATCH.to_owned(),
            uuid: JOB.to_owned(),
            step: Step::Ready,
            at_us: NOW_MS * 1_000 + 250,
        }),
    ]
}

fn results() -> Vec<EventExample> {
    let started_us = NOW_MS * 1_000;
    let times = JobTimes {
        reserved_us: Some(started_us),
        accepted_us: Some(started_us + 41_210),
        ready_us: Some(started_us + 38_402_115),
        run_us: Some(started_us + 38_402_390),
        answered_us: Some(started_us + 51_730_008),
    };
    let given = AnswerGiven {
        batch: BATCH.to_owned(),
        kind: KIND.to_owned(),
        uuid: JOB.to_owned(),
        hotkey: MINER.to_owned(),
        check: json!({ "password": "k3Qz" }),
        stdout: "k3Qz\n".to_owned(),
        stderr: String::new(),
    };
    let result = JobResult {
        uuid: JOB.to_owned(),
        hotkey: MINER.to_owned(),
        executor_class: CLASS.to_owned(),
        result: "right".to_owned(),
        score_bits: 0.075_f64.to_bits(),
        bonus_bits: 1.3_f64.to_bits(),
    };
    let scored = ScoredJob {
        uuid: JOB.to_owned(),
        score_text: "0.097500".to_owned(),
    };
    let payload =
        json!({ "receipt_type": "JobFinishedReceipt", "job_uuid": JOB, "miner_hotkey": MINER });
    let receipt = SignedReceipt {
        payload: raw(&payload),
        signature: format!("0x{}", "a7".repeat(64)),
    };
    vec![
        EventExample::of(&JobOver {
            group: BATCH.to_owned(),
            uuid: JOB.to_owned(),
            hotkey: MINER.to_owned(),
            outcome: Outcome::Finished {
                stdout: given.stdout.clone(),
                stderr: String::new(),
            },
            times,
        }),
        EventExample::of(&given),
        EventExample::of(&given.checked(Verdict::Wrong {
            reason: "the password is another one".to_owned(),
        })),
        EventExample::of(&JobsScored {
            group: BATCH.to_owned(),
            jobs: vec![scored],
        }),
        EventExample::of(&ReceiptsSigned {
            receipts: vec![receipt],
        }),
        EventExample::of(&BatchOver {
            batch: BATCH.to_owned(),
            cycle_start: Some(CYCLE_START),
            is_whole: true,
            jobs: vec![result],
        }),
    ]
}

fn weights() -> Vec<EventExample> {
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

fn users() -> Vec<EventExample> {
    let request = json!({
        "message_type": "V2JobRequest", "uuid": USERS_JOB, "executor_class": CLASS,
        "docker_image": "registry.example/render:1.4", "args": ["--frames", "24"], "use_gpu": true
    });
    let candidate = |hotkey: &str, free| MinerCandidate {
        hotkey: hotkey.to_owned(),
        free,
        demerits: 0,
    };
    vec![
        EventExample::of(&JobRequested {
            uuid: USERS_JOB.to_owned(),
            request: raw(&request),
            received_ms: NOW_MS,
        }),
        EventExample::of(&MinerWanted {
            job: USERS_JOB.to_owned(),
            attempt: 1,
            executor_class: CLASS.to_owned(),
            candidates: vec![candidate(MINER, 2), candidate(OTHER_MINER, 1)],
        }),
        EventExample::of(&MinerChosen {
            job: USERS_JOB.to_owned(),
            attempt: 1,
            hotkey: Some(MINER.to_owned()),
        }),
        EventExample::of(&JobStatusGiven {
            uuid: USERS_JOB.to_owned(),
            status: "accepted".to_owned(),
            metadata: raw(&json!({ "comment": "the miner has accepted the job" })),
            hotkey: Some(MINER.to_owned()),
            at_ms: NOW_MS + 900,
        }),
    ]
}

fn prompts() -> Vec<EventExample> {
    let file = "9a1b6c7d-0e2f-4a3b-8c4d-5e6f7a8b9c0d";
    let url = |name: &str| format!("https://bucket.example/{name}");
    let prompt = SolvedPrompt {
        prompt: "Name a prime.".to_owned(),
        answer: "Seven is a prime.".to_owned(),
    };
    let sample = LlmSample {
        hotkey: MINER.to_owned(),
        file: file.to_owned(),
        series_url: url("series/1f3e.txt"),
        seed: 3_141_592_653,
        upload_url: url(&format!("answers/{file}.json?signature=5b1e")),
        answers_url: url(&format!("answers/{file}.json")),
        control_url: url("control.txt"),
        prompts: vec![prompt],
    };
    let kind = "horde_job_llm".to_owned();
    vec![
        EventExample::of(&LlmSamplesWanted {
            ask: 42,
            batch: BATCH.to_owned(),
            kind: kind.clone(),
            miners: vec![ExecutorsOf {
                hotkey: MINER.to_owned(),
                count: 1,
            }],
        }),
        EventExample::of(&LlmSamplesGiven {
            ask: 42,
            batch: BATCH.to_owned(),
            kind,
            samples: vec![sample],
            shortage: Some(format!("the pool has no more prompts for {LLM_CLASS}")),
        }),
    ]
}

fn address() -> MinerAddress {
    MinerAddress {
        hotkey: MINER.to_owned(),
        host: "203.0.113.7".to_owned(),
        port: 8_000,
    }
}

fn block_hash() -> String {
    format!("0x{}", "3e9d".repeat(16))
}

/// JSON as it travels within an event.
fn raw(value: &serde_json::Value) -> Box<RawValue> {
    // A value always has a JSON form.
    serde_json::value::to_raw_value(value).unwrap_or_default()
}
