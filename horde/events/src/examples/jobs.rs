//! Jobs, from the wish for them to their scores.

use serde_json::json;
use tig_plugin_api::testing::EventExample;

use super::{BATCH, CLASS, CYCLE_START, JOB, KIND, MINER, NOW_MS, raw};
use crate::{
    AnswerGiven, BatchOver, ExecutorsOf, GroupWanted, JobOver, JobResult, JobStep, JobTimes,
    JobsScored, JobsWanted, MadeJob, Outcome, PlannedJob, ReceiptsSigned, ScoredJob, SignedReceipt,
    Step, Verdict,
};

pub(super) fn jobs() -> Vec<EventExample> {
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

pub(super) fn results() -> Vec<EventExample> {
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
