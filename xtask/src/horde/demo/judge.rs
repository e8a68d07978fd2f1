//! Whether a function of the validator was seen, by those outside of it; if not, why, by what the validator says itself. Pure.

mod batch;
mod buckets;
mod weights;

use serde::Serialize;

use super::look::Look;
use super::user_jobs::USER_JOBS;

pub(super) use self::batch::class_of;
pub(super) use self::buckets::{BUCKET_FAILURES, failures as bucket_failures};

/// A function of the validator (section 1.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Function {
    S3,
    CrossValidation,
    SyntheticJobs,
    Weights,
    OrganicJobs,
}

impl Function {
    pub(super) const ALL: [Self; 5] = [
        Self::S3,
        Self::CrossValidation,
        Self::SyntheticJobs,
        Self::Weights,
        Self::OrganicJobs,
    ];

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::S3 => "S3",
            Self::CrossValidation => "cross-validation",
            Self::SyntheticJobs => "synthetic jobs",
            Self::Weights => "weights",
            Self::OrganicJobs => "users' jobs",
        }
    }
}

/// What is judged.
#[derive(Clone, Copy)]
pub(super) struct Evidence<'a> {
    pub(super) look: &'a Look,
    /// Hotkeys of the miners, in their order.
    pub(super) hotkeys: &'a [String],
    /// Whether the pool was full at any time.
    pub(super) was_pool_full: bool,
    /// Whether the bucket was made to fail.
    pub(super) has_faults: bool,
}

/// What was seen of a function, or why it was not.
pub(super) fn judge(function: Function, evidence: Evidence<'_>) -> Result<String, String> {
    match function {
        Function::S3 => buckets::judge(evidence),
        Function::CrossValidation => batch::judge_cross_validation(evidence),
        Function::SyntheticJobs => batch::judge_synthetic(evidence),
        Function::Weights => weights::judge(evidence),
        Function::OrganicJobs => judge_jobs(evidence.look),
    }
}

/// Each job is completed, and has printed what it should.
fn judge_jobs(look: &Look) -> Result<String, String> {
    let open = USER_JOBS.iter().find(|job| !job.is_done(&look.jobs));
    let Some(open) = open else {
        return Ok(format!(
            "{} jobs completed, each with its output",
            USER_JOBS.len()
        ));
    };
    let (text, progress) = (open.text(), open.progress(&look.jobs));
    let found = open.find(&look.jobs);
    let comment = found.and_then(|job| job["comment"].as_str());
    let last_hour = &look.status["jobs_last_hour"];
    let counts = ["accepted", "rejected", "failed", "completed"]
        .map(|count| format!("{} {count}", last_hour[count]));
    Err(format!(
        "`{text}`: {progress} {}; by the validator: {}",
        comment.unwrap_or_default(),
        counts.join(", ")
    ))
}

/// A text of an answer, or this one.
fn text<'a>(value: &'a serde_json::Value, other: &'a str) -> &'a str {
    value.as_str().unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::horde::demo::miner::{GPU, LLM, MINERS, Spoils, spoils};

    fn hotkeys() -> Vec<String> {
        (0..MINERS).map(|index| format!("5{index}")).collect()
    }

    fn class(name: &str, is_right: bool) -> Value {
        let right = u64::from(is_right);
        json!({ "executor_class": name, "jobs": 1, "right": right, "score": right, "reason": "a test" })
    }

    /// A look after everything has gone well.
    fn look() -> Look {
        let miner = |(index, hotkey): (usize, &String)| {
            let spoils = spoils(index);
            let classes = [
                class(GPU, spoils != Spoils::All),
                class(LLM, spoils == Spoils::Nothing),
            ];
            json!({ "hotkey": hotkey, "classes": classes })
        };
        let weight = |index| match spoils(index) {
            Spoils::Nothing => 100,
            Spoils::Llm => 85,
            Spoils::All => 0,
        };
        let hotkeys = hotkeys();
        let neuron = |(uid, hotkey): (usize, &String)| json!({ "uid": uid, "hotkey": hotkey });
        Look {
            block: 12,
            neurons: hotkeys.iter().enumerate().map(neuron).collect(),
            batch: json!({ "last": {
                "end": "stored",
                "cycle_start": 5,
                "miners": hotkeys.iter().enumerate().map(miner).collect::<Vec<_>>(),
            } }),
            ledger: vec![
                json!({ "kind": "commit", "outcome": "included", "block": 7 }),
                json!({ "kind": "reveal", "outcome": "included", "block": 9, "weights": {
                    "uids": (0..MINERS).collect::<Vec<_>>(),
                    "values": (0..MINERS).map(weight).collect::<Vec<_>>(),
                } }),
            ],
            jobs: USER_JOBS
                .iter()
                .map(|job| json!({ "args": job.arguments, "status": "Completed", "stdout": job.output }))
                .collect(),
            ..Look::default()
        }
    }

    fn judged(function: Function, look: &Look) -> Result<String, String> {
        let hotkeys = hotkeys();
        let evidence = Evidence {
            look,
            hotkeys: &hotkeys,
            was_pool_full: true,
            has_faults: false,
        };
        judge(function, evidence)
    }

    #[test]
    fn functions_are_seen_when_all_went_well() {
        for function in [
            Function::CrossValidation,
            Function::SyntheticJobs,
            Function::Weights,
            Function::OrganicJobs,
        ] {
            judged(function, &look()).unwrap();
        }
    }

    #[test]
    fn liar_with_points_for_its_answers_is_named() {
        let mut look = look();
        look.batch["last"]["miners"][0]["classes"][1] = class(LLM, true);
        let reason = judged(Function::CrossValidation, &look).unwrap_err();
        assert!(reason.starts_with("miner 0 (wrong answers)"), "{reason}");
        judged(Function::SyntheticJobs, &look).unwrap();
    }

    #[test]
    fn honest_miner_without_full_points_is_named() {
        for (function, place) in [(Function::SyntheticJobs, 0), (Function::CrossValidation, 1)] {
            let mut look = look();
            let class = &mut look.batch["last"]["miners"][MINERS - 1]["classes"][place];
            class["right"] = json!(0);
            let reason = judged(function, &look).unwrap_err();
            assert!(reason.starts_with("miner 11 (honest)"), "{reason}");
            assert!(reason.ends_with("a test"), "{reason}");
        }
    }

    #[test]
    fn weights_must_be_revealed_and_less_for_liars() {
        let mut equal = look();
        equal.ledger[1]["weights"]["values"][1] = json!(100);
        let reason = judged(Function::Weights, &equal).unwrap_err();
        assert!(reason.starts_with("miner 1 (other seed)"), "{reason}");
        let mut young = look();
        young.block = 11;
        judged(Function::Weights, &young).unwrap_err();
        let mut refused = look();
        refused.ledger[1]["outcome"] = json!("refused");
        refused.weights = json!({ "cycles": [
            { "cycle_start": 5, "state": "committed", "waiting_for": "the reveal window" },
        ] });
        let reason = judged(Function::Weights, &refused).unwrap_err();
        assert_eq!(reason, "cycle 5: committed, the reveal window");
    }

    #[test]
    fn job_with_another_output_is_named() {
        let mut look = look();
        look.jobs[1]["stdout"] = json!("43");
        let reason = judged(Function::OrganicJobs, &look).unwrap_err();
        assert!(
            reason.starts_with("`expr 6 * 7`: Completed: 43"),
            "{reason}"
        );
    }

    fn call(call: &str, bucket: &str, key: &str) -> Value {
        let is_put = call == "put";
        let by = if is_put { "key" } else { "anonymous" };
        json!({
            "call": call, "bucket": bucket, "key": key, "status": 200, "faults": [],
            "caller": { "by": by, "is_presigned": is_put },
        })
    }

    #[test]
    fn buckets_are_seen_once_written_and_read() {
        use crate::horde::demo::stage::BUCKETS;

        let [prompts, answers] = BUCKETS;
        let mut look = look();
        let bucket = |name| json!({ "name": name, "is_public": true, "expires_days": 14 });
        look.buckets = BUCKETS.map(bucket).to_vec();
        for (bucket, key) in [(prompts, "a"), (answers, "b"), (answers, "solved/c")] {
            look.s3_calls.push(call("put", bucket, key));
            look.s3_calls.push(call("get", bucket, key));
        }
        judged(Function::S3, &look).unwrap();
        let read = look.s3_calls.pop();
        let reason = judged(Function::S3, &look).unwrap_err();
        assert_eq!(
            reason,
            "objects of answers: 1 written by presigned URLs, 0 read"
        );
        look.s3_calls.extend(read);
        look.buckets[0]["is_public"] = json!(false);
        let reason = judged(Function::S3, &look).unwrap_err();
        assert!(
            reason.contains("demo-prompts is not as provisioned"),
            "{reason}"
        );
    }
}
