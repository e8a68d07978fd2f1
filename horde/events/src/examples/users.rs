//! Users' jobs, and prompts.

use serde_json::json;
use tig_plugin_api::testing::EventExample;

use super::{BATCH, CLASS, LLM_CLASS, MINER, NOW_MS, OTHER_MINER, USERS_JOB, raw};
use crate::{
    ExecutorsOf, JobRequested, JobStatusGiven, LlmSample, LlmSamplesGiven, LlmSamplesWanted,
    MinerCandidate, MinerChosen, MinerWanted, SolvedPrompt,
};

pub(super) fn users() -> Vec<EventExample> {
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

pub(super) fn prompts() -> Vec<EventExample> {
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
