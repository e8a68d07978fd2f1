//! Conditions of the pool of prompts, its buckets and the trusted miner.

use horde_extension::shown;
use tig_plugin_api::prelude::*;

use crate::Crossval;
use crate::bucket::Bucket;
use crate::bucket_check::{BucketFault, FaultKind};
use crate::limits::{SHORTAGE_MS, STATION_FAILURES_MIN, UPLOADS_MAX};
use crate::station::StationName;
use crate::trusted::{CLASS, JOB_FAILED};

/// Beginning of what `horde_s3` appends to the text of a fault, with seconds that differ each time.
const CLOCK_OFF: &str = "; this clock is ";
/// Beginning of each key in the query of a presigned URL, in lower case.
const PRESIGNED: &str = "x-amz-";

/// All that is so now.
pub(crate) fn present(crossval: &Crossval, now_ms: u64) -> Vec<Condition> {
    let mut conditions = not_configured(crossval);
    if crossval.buckets.is_some() {
        let faults = Bucket::ALL.into_iter();
        conditions.extend(faults.filter_map(|bucket| bucket_fault(crossval, bucket)));
        let stations = StationName::ALL.into_iter();
        conditions.extend(stations.filter_map(|name| failing(crossval, name)));
        conditions.extend(crossval.is_judge_unreliable().then(unreliable));
    }
    conditions.extend(samples_short(crossval, now_ms));
    conditions
}

/// A validator may do without jobs of language models, so these are no alerts.
fn not_configured(crossval: &Crossval) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if crossval.buckets.is_none() {
        let text = format!(
            "no buckets are configured, so miners of the class {} get no jobs",
            CLASS.as_str()
        );
        conditions.push(
            Condition::new("no_buckets", Severity::Info, text).with_remedy(
                "nothing, or make them with `compute-horde provision-s3` and set `prompts_bucket` and `answers_bucket` of config.horde_crossval",
            ),
        );
    }
    if !crossval.config.has_trusted_miner() {
        let text = format!(
            "no trusted miner is configured, so there are no prompt samples, and miners of the class {} are not tested",
            CLASS.as_str()
        );
        conditions.push(
            Condition::new("no_trusted_miner", Severity::Info, text).with_remedy(
                "nothing, or set `trusted_miner_host` of config.horde_crossval; `compute-horde trusted-miner script` sets the machine up",
            ),
        );
    }
    conditions
}

/// The faults that the last check has found, as one condition, which names the one that keeps jobs from running.
fn bucket_fault(crossval: &Crossval, bucket: Bucket) -> Option<Condition> {
    let state = crossval.live.buckets.get(&bucket)?;
    let faults = || state.faults.iter().filter(|fault| !fault.is_note());
    let worst = faults().find(|fault| fault.prevents_jobs());
    let fault = worst.or_else(|| faults().next())?;
    let more = match faults().count() {
        1 => String::new(),
        count => format!(
            " (and {} more: see `buckets` of GET /horde/pool)",
            count - 1
        ),
    };
    let text = format!(
        "the bucket of {} at {} does not do what miners and the pool of prompts need: {}{more}",
        bucket.text(),
        state.url,
        reason_of(fault)
    );
    let condition = Condition::new("bucket_fault", Severity::Warning, text).about(bucket.text());
    Some(condition.with_remedy(fault.remedy.as_str()))
}

fn reason_of(fault: &BucketFault) -> String {
    match fault.kind {
        FaultKind::Clock => {
            "this clock and the server's differ by more than a minute, so URLs may be refused"
                .to_owned()
        }
        _ => steady(&fault.reason),
    }
}

/// A station that has failed several times in succession, unless enough samples are ready: while they are, the trusted miner may be off.
fn failing(crossval: &Crossval, name: StationName) -> Option<Condition> {
    let station = crossval.stations.get(&name)?;
    if station.failures < failures_min(name) || !is_needed(crossval, name) {
        return None;
    }
    let failure = station.last_failure.as_ref()?;
    let reason = steady(&failure.reason);
    let condition = match name {
        StationName::Generation | StationName::Answering => {
            let what = match name {
                StationName::Generation => "generates no series of prompts",
                _ => "answers no prompts",
            };
            let text = format!("the trusted miner {what}, attempt after attempt: {reason}");
            Condition::new("trusted_miner_failing", Severity::Warning, text).with_remedy(
                "see what `compute-horde trusted-miner check` says, and `stations` of GET /horde/pool; then the log of the trusted miner",
            )
        }
        StationName::Sampling | StationName::Upload => {
            let what = match name {
                StationName::Sampling => "no prompts are drawn from series",
                _ => "no drawn prompts get into the bucket",
            };
            let text = format!("{what}, attempt after attempt: {reason}");
            Condition::new("station_failing", Severity::Warning, text).with_remedy(
                "see what `compute-horde check-s3` says, and `stations` of GET /horde/pool",
            )
        }
    };
    Some(condition.about(name.text()))
}

/// Failures of a station in succession from which on an operator should look at it.
pub(crate) fn failures_min(name: StationName) -> u32 {
    match name {
        // Those on their way at the same time fail together.
        StationName::Upload => UPLOADS_MAX as u32 + 1,
        _ => STATION_FAILURES_MIN,
    }
}

/// Whether the pool lacks what comes of a station. A failure of a station that has nothing to do any more would never be over.
fn is_needed(crossval: &Crossval, name: StationName) -> bool {
    let lacks_samples = crossval.pool.samples.len() < crossval.target().samples;
    lacks_samples
        && match name {
            StationName::Generation => {
                crossval.config.has_trusted_miner() && crossval.lacks_series()
            }
            StationName::Answering => crossval.config.has_trusted_miner(),
            StationName::Sampling | StationName::Upload => true,
        }
}

fn unreliable() -> Condition {
    let text = "the trusted miner has given other answers to the same prompts and seed than before: its samples are not used";
    Condition::new("trusted_miner_unreliable", Severity::Warning, text).with_remedy(
        "look at its graphics card, driver and image; it is over when it has given the same answers twice",
    )
}

/// A batch got fewer samples than it wanted, and another one like it still would.
fn samples_short(crossval: &Crossval, now_ms: u64) -> Option<Condition> {
    let shortage = crossval.live.last_shortage.as_ref()?;
    let is_recent = now_ms.abs_diff(shortage.at_ms) < SHORTAGE_MS;
    if !is_recent || crossval.ready_count() >= shortage.wanted {
        return None;
    }
    let text = format!(
        "a batch got fewer samples than it has executors of the class {}, so some were not tested: {}",
        CLASS.as_str(),
        shortage.reason
    );
    Some(
        Condition::new("samples_short", Severity::Info, text).with_remedy(
            "wait while the pool fills; if it does not, `stations` of GET /horde/pool shows what each one waits for",
        ),
    )
}

/// A reason without what differs from attempt to attempt, and without queries of URLs. `GET /horde/pool` has more.
fn steady(reason: &str) -> String {
    let reason = reason.split(CLOCK_OFF).next().unwrap_or_default();
    let reason = match reason.strip_prefix(JOB_FAILED) {
        // The output of a job follows.
        Some(rest) => reason
            .get(..JOB_FAILED.len() + rest.find(':').unwrap_or(rest.len()))
            .unwrap_or(JOB_FAILED),
        None => reason,
    };
    without_query(reason)
}

/// A reason without queries of URLs, to be shown: texts of miners and services may quote a presigned one.
pub(crate) fn without_query(reason: &str) -> String {
    let reason = reason.split('?').next().unwrap_or_default();
    shown(without_signature(reason))
}

/// A reason up to the signature of a presigned URL, to be logged and stored: whoever has the signature can use the bucket. More of the
/// output of a job is left than by [`without_query`].
pub(crate) fn without_signature(reason: &str) -> &str {
    let lower = reason.to_ascii_lowercase();
    let end = lower.find(PRESIGNED).unwrap_or(reason.len());
    reason.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_reason_has_no_query_and_no_numbers() {
        for (reason, expected) in [
            (
                "it cannot be reached: \"refused\"",
                "it cannot be reached: \"refused\"",
            ),
            ("PUT https://s/a?b=secret failed", "PUT https://s/a"),
            ("é X-Amz-Signature=secret", "é "),
            ("&x-AMZ-signature=secret", "&"),
            (
                "the bucket answers 403 A; this clock is 71 s behind the server's",
                "the bucket answers 403 A",
            ),
            (
                "the job has failed with status 1: \"secret\"",
                "the job has failed with status 1",
            ),
            ("the job has failed with", "the job has failed with"),
            ("a\nb", "a\\nb"),
        ] {
            assert_eq!(steady(reason), expected);
        }
    }
}
