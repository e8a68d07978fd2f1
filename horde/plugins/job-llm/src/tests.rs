//! `horde_job_llm` with the harness in place of the host.

mod answers;
mod failed_handlers;
mod jobs;

use horde_events::JobsMade;
use serde_json::{Value, json};
use tig_plugin_api::HttpFailureKind;
use tig_plugin_api::testing::Harness;

use crate::JobLlm;

const NAME: &str = "horde_job_llm";
const CLASS: &str = "always_on.llm.a6000";
const HOTKEY: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";
const FILE: &str = "30044a5a-5000-4f61-bdf5-2ec6826b2af9";
const ANSWERS_URL: &str = "https://s3.example.org/answers/solved/file.json";
const CONTROL_URL: &str = "https://s3.example.org/answers/workload";

fn start() -> Harness<JobLlm> {
    Harness::start(json!({ "name": NAME }))
}

fn wanted(class: &str) -> Value {
    json!({
        "ask": 7, "batch": "b", "kind": NAME, "executor_class": class, "weights_version": 1,
        "miners": [{ "hotkey": HOTKEY, "count": 2 }],
    })
}

fn samples() -> Value {
    let sample = json!({
        "hotkey": HOTKEY, "file": FILE, "series_url": "http://127.0.0.1:19000/prompts/series",
        "seed": 1_888_809_045, "upload_url": "http://127.0.0.1:19000/answers/upload?X-Amz-Signature=5",
        "answers_url": ANSWERS_URL, "control_url": CONTROL_URL,
        "prompts": [{ "prompt": "What is 2+2?", "answer": "4" }],
    });
    json!({ "ask": 7, "batch": "b", "kind": NAME, "samples": [sample], "shortage": "one is missing" })
}

fn made(harness: &mut Harness<JobLlm>) -> JobsMade {
    harness.event("horde_llm_samples", samples());
    let (name, made) = harness.emitted().remove(0);
    assert_eq!(name, "horde_jobs_made");
    serde_json::from_value(made).unwrap()
}

fn answer(uuid: &str) -> Value {
    json!({
        "batch": "b", "kind": NAME, "uuid": uuid, "hotkey": HOTKEY, "stdout": "", "stderr": "",
        "check": {
            "answers_url": ANSWERS_URL, "control_url": CONTROL_URL,
            "prompts": [
                { "prompt": "What is 2+2?", "answer": "4" },
                { "prompt": "Wie heißt der höchste Berg?", "answer": "Sagarmāthā" },
            ],
        },
    })
}
