//! System events made from the events of other extensions.

use std::collections::BTreeMap;

use horde_events::{
    BatchMissed, BatchOver, ChainCondition, ChainState, JobStatusGiven, WeightsEnd, WeightsOver,
};
use horde_extension::shown;
use serde::Deserialize;

use super::SystemEvent;

const SUCCESS: &str = "SUCCESS";
const FAILURE: &str = "FAILURE";

/// One for the batch, and one for each miner and result.
pub(crate) fn batch_over(over: &BatchOver, now_ms: u64) -> Vec<SystemEvent> {
    let mut counts = BTreeMap::<(&str, &str, &str), u64>::new();
    for job in &over.jobs {
        let key = (&*job.hotkey, &*job.executor_class, &*job.result);
        *counts.entry(key).or_default() += 1;
    }
    let end = match over.is_whole {
        true => "ran to its end",
        false => "was interrupted",
    };
    let description = format!("batch with {} jobs {end}", over.jobs.len());
    let batch = SystemEvent::new(
        "VALIDATOR_TELEMETRY",
        "SYNTHETIC_BATCH",
        now_ms,
        description,
    );
    let mut events = vec![
        batch
            .with("batch", &*over.batch)
            .with("cycle_start", over.cycle_start)
            .with("is_whole", over.is_whole),
    ];
    for ((hotkey, class, result), count) in counts {
        let (kind, subtype) = match result {
            "right" => ("MINER_SYNTHETIC_JOB_SUCCESS", SUCCESS),
            "unreachable" => ("MINER_SYNTHETIC_JOB_FAILURE", "MINER_CONNECTION_ERROR"),
            "declined" => ("MINER_SYNTHETIC_JOB_FAILURE", "JOB_REJECTED"),
            "late" => ("MINER_SYNTHETIC_JOB_FAILURE", "JOB_EXECUTION_TIMEOUT"),
            // They count as not tested.
            "excused" | "interrupted" => ("VALIDATOR_TELEMETRY", "GENERIC_ERROR"),
            _ => ("MINER_SYNTHETIC_JOB_FAILURE", FAILURE),
        };
        let description = format!("{count} jobs: {}", shown(result));
        let event = SystemEvent::new(kind, subtype, now_ms, description);
        events.push(
            event
                .with("batch", &*over.batch)
                .with("miner_hotkey", hotkey)
                .with("executor_class", class)
                .with("result", result)
                .with("jobs", count),
        );
    }
    events
}

pub(crate) fn batch_missed(missed: &BatchMissed, now_ms: u64) -> SystemEvent {
    let (kind, subtype) = match missed.code.as_str() {
        "overslept" => ("VALIDATOR_OVERSLEPT_SCHEDULED_JOB_WARNING", "OVERSLEPT"),
        "chain" => (
            "VALIDATOR_SYNTHETIC_JOBS_FAILURE",
            "SUBTENSOR_CONNECTIVITY_ERROR",
        ),
        _ => ("VALIDATOR_SYNTHETIC_JOBS_FAILURE", "GENERIC_ERROR"),
    };
    SystemEvent::new(kind, subtype, now_ms, shown(&missed.reason))
        .with("cycle_start", missed.cycle_start)
        .with("block", missed.block)
        .with("code", shown(&missed.code))
}

pub(crate) fn weights_over(over: &WeightsOver) -> SystemEvent {
    let (kind, subtype, description) = match &over.end {
        WeightsEnd::Applied { block } => (
            "WEIGHT_SETTING_SUCCESS",
            "SET_WEIGHTS_SUCCESS",
            format!("weights are set at block {block}"),
        ),
        WeightsEnd::Revealed { block } => (
            "WEIGHT_SETTING_SUCCESS",
            "REVEAL_WEIGHTS_SUCCESS",
            format!("weights are revealed at block {block}"),
        ),
        WeightsEnd::GivenUp { reason } => ("WEIGHT_SETTING_FAILURE", "GIVING_UP", shown(reason)),
    };
    SystemEvent::new(kind, subtype, over.at_ms, description)
        .with("cycle_start", over.cycle_start)
        .with("attempts", over.attempts)
}

pub(crate) fn chain_state(state: &ChainState) -> SystemEvent {
    let kind = "METAGRAPH_SYNCING";
    let (subtype, description) = match &state.condition {
        ChainCondition::Following => (SUCCESS, "new blocks come".to_owned()),
        ChainCondition::StandsStill { block } => (
            "SUBTENSOR_CONNECTIVITY_ERROR",
            format!("the chain stands still at block {block}"),
        ),
        ChainCondition::Unreachable { reason } => ("SUBTENSOR_CONNECTIVITY_ERROR", shown(reason)),
        ChainCondition::Contradicts { reason } => ("GENERIC_ERROR", shown(reason)),
    };
    SystemEvent::new(kind, subtype, state.since_ms, description)
}

/// What system events have of the metadata of a status.
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    comment: String,
    #[serde(default)]
    miner_response: Option<Response>,
}

/// The miner's answer, without the outputs of the job, which are its user's.
#[derive(Deserialize)]
struct Response {
    message_type: Option<String>,
}

/// `None` for a job that is not over.
pub(crate) fn job_over(given: &JobStatusGiven) -> Option<SystemEvent> {
    let metadata: Metadata = serde_json::from_str(given.metadata.get()).unwrap_or_default();
    let answer = metadata.miner_response.and_then(|it| it.message_type);
    let failure = "MINER_ORGANIC_JOB_FAILURE";
    let (kind, subtype) = match (given.status.as_str(), answer.as_deref()) {
        ("completed", _) => ("MINER_ORGANIC_JOB_SUCCESS", SUCCESS),
        ("rejected", _) => (failure, "JOB_REJECTED"),
        ("failed", Some("V0ExecutorFailedRequest")) => (failure, "JOB_NOT_STARTED"),
        ("failed", _) => (failure, FAILURE),
        _ => return None,
    };
    // The comment on an answer quotes the outputs of the job.
    let description = match answer {
        Some(message) => format!("the miner has answered with {}", shown(&message)),
        None => shown(&metadata.comment),
    };
    Some(
        SystemEvent::new(kind, subtype, given.at_ms, description)
            .with("job_uuid", &*given.uuid)
            .with("miner_hotkey", given.hotkey.as_deref()),
    )
}

pub(crate) fn link_down(hotkey: &str, reason: &str, now_ms: u64) -> SystemEvent {
    let kind = "MINER_SYNTHETIC_JOB_FAILURE";
    SystemEvent::new(kind, "MINER_CONNECTION_ERROR", now_ms, shown(reason))
        .with("miner_hotkey", hotkey)
}
