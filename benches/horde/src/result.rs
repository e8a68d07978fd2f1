//! The result of a batch.

use serde_json::Value;

use crate::quantile::quantile;

fn classes(value: &Value) -> impl Iterator<Item = &Value> {
    let miners = value["miners"].as_array().into_iter().flatten();
    miners.flat_map(|miner| miner["classes"].as_array().into_iter().flatten())
}

/// Number of jobs that are right.
pub(crate) fn right(value: &Value) -> u64 {
    classes(value)
        .filter_map(|class| class["right"].as_u64())
        .sum()
}

/// Seconds from the command to the stored result.
pub(crate) fn seconds(value: &Value) -> f64 {
    let at = |key: &str| value[key].as_f64().unwrap_or_default();
    (at("ended_ms") - at("started_ms")) / 1_000.0
}

/// Milliseconds that jobs are said to have taken, by quantile. Weights version 1 scores a job by the inverse of its time, so that
/// what is known of each miner is the harmonic mean of its jobs.
pub(crate) fn taken_ms(value: &Value) -> impl FnMut(f64) -> f64 {
    let mean = |class: &Value| {
        let (jobs, score) = (class["jobs"].as_f64()?, class["score"].as_f64()?);
        (score > 0.0).then(|| 1_000.0 * jobs / score)
    };
    let mut times: Vec<f64> = classes(value).filter_map(mean).collect();
    move |part| quantile(&mut times, part)
}
