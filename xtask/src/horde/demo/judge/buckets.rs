//! What S3 says of the buckets.

use serde_json::Value;

use super::Evidence;
use crate::horde::demo::stage::BUCKETS;

/// How often the bucket of answers is made to fail.
pub(in super::super) const BUCKET_FAILURES: usize = 3;
/// Beginning of the names of what checks put into buckets.
const DIAGNOSTIC: &str = "diagnostic-";
/// Beginning of the names of answers.
const ANSWERS: &str = "solved/";

/// Both buckets are as provisioned; prompts, samples and answers were written by presigned URLs and read by anybody; and where
/// the bucket is made to fail, it has failed.
pub(super) fn judge(evidence: Evidence<'_>) -> Result<String, String> {
    let look = evidence.look;
    for name in BUCKETS {
        let bucket = look.buckets.iter().find(|bucket| bucket["name"] == name);
        let bucket = bucket.ok_or_else(|| format!("there is no bucket {name}"))?;
        if bucket["is_public"] != true || !bucket["expires_days"].is_u64() {
            return Err(format!("the bucket {name} is not as provisioned: {bucket}"));
        }
    }
    if look.last_batch().is_none() {
        return Err("no batch has used the buckets".to_owned());
    }
    let [prompts, answers] = BUCKETS;
    let mut counts = Vec::new();
    for (what, bucket, is_of_kind) in [
        ("series", prompts, is_prompts as fn(&str) -> bool),
        ("samples", answers, is_prompts),
        ("answers", answers, is_answers),
    ] {
        let calls = || {
            let calls = look.s3_calls.iter();
            calls.filter(move |call| {
                let key = call["key"].as_str().unwrap_or_default();
                call["bucket"] == bucket && is_of_kind(key) && call["status"] == 200
            })
        };
        let is_presigned = |call: &&Value| call["caller"]["is_presigned"] == true;
        let puts = calls().filter(|call| call["call"] == "put");
        let gets = calls().filter(|call| call["call"] == "get");
        let written = puts.filter(is_presigned).count();
        let read = gets
            .filter(|call| call["caller"]["by"] == "anonymous")
            .count();
        if written == 0 || read == 0 {
            return Err(format!(
                "objects of {what}: {written} written by presigned URLs, {read} read"
            ));
        }
        counts.push(format!("{written}/{read} {what}"));
    }
    let failed = failures(&look.s3_calls);
    if evidence.has_faults && failed < BUCKET_FAILURES {
        return Err(format!(
            "the bucket {answers} has failed {failed} of {BUCKET_FAILURES} times"
        ));
    }
    let failed = match evidence.has_faults {
        true => format!(", {failed} failures"),
        false => String::new(),
    };
    Ok(format!("written/read {}{failed}", counts.join(", ")))
}

/// How often a request was refused by a fault.
pub(in super::super) fn failures(calls: &[Value]) -> usize {
    let failed = calls.iter().filter(|call| {
        let faults = call["faults"].as_array();
        faults.is_some_and(|faults| !faults.is_empty()) && call["status"] != 200
    });
    failed.count()
}

fn is_prompts(key: &str) -> bool {
    !key.is_empty() && !key.starts_with(DIAGNOSTIC) && !is_answers(key)
}

fn is_answers(key: &str) -> bool {
    key.starts_with(ANSWERS)
}
