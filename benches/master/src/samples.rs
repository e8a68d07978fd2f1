//! The difficulty sampler on a large grid.

use std::time::Duration;

use serde_json::json;
use tig_bench_report::{Report, Result, Target, median_of_thread};

use crate::driver::Plugins;
use crate::world::{config, get_block, get_challenges};

const BUDGET: Duration = Duration::from_secs(10);

/// A block with one challenge of 1000 x 1000 cells, 100 samples.
pub(crate) fn measure(report: &mut Report, plugins: &Plugins) -> Result<()> {
    let mut sampler = plugins.start("difficulty_sampler", &config(8))?;
    // With the padding of a fifth about 1000 cells each way.
    let challenges = get_challenges(833, 60);
    let block = json!({ "block": get_block()["block"], "precommits": {},
        "challenges": { "c001": challenges["challenges"][0] } });
    let block = serde_json::to_vec(&block)?;
    sampler.event("new_block", &block)?;
    let time = median_of_thread(BUDGET, || {
        for _ in 0..10 {
            sampler.event("new_block", &block)?;
        }
        Ok(())
    })?;
    let samples = sampler.emitted();
    if samples.iter().any(|(name, _)| name != "difficulty_samples") || samples.is_empty() {
        return Err("the sampler has emitted something else than samples".into());
    }
    report.number(
        "difficulty sampler, 1000x1000 cells, 100 samples",
        time.as_secs_f64() / 10.0 * 1e3,
        "ms",
        Target::AtMost(15.0),
    )
}
