//! A whole block: from the bytes of the API's answers until every extension has handled every event of it.

use std::time::Duration;

use tig_bench_report::{Report, Result, Target, median_of_thread};
use tig_plugin_api::{HttpAnswer, HttpResponse};
use tig_system_tests::PLUGINS;

use crate::driver::{Instance, Plugins};
use crate::world::{Answers, answers, config, get_benchmarks};

/// Time for all rounds.
const BUDGET: Duration = Duration::from_secs(10);

/// Blocks: the first creates all jobs, the one after it settles, the others are measured.
const BLOCKS: u32 = 22;
const BLOCKS_PER_ROUND: usize = 4;

/// All six extensions, the fetcher first.
struct Master(Vec<Instance>);

impl Master {
    fn start(plugins: &Plugins) -> Result<Self> {
        let start = |name| plugins.start(name, &config(1024));
        Ok(Self(PLUGINS.into_iter().map(start).collect::<Result<_>>()?))
    }

    /// Answers the fetcher's requests, the second time those that follow from the first, and passes events on until
    /// none is left.
    fn take_block(&mut self, answers: &Answers) -> Result<()> {
        self.0[0].update()?;
        for _ in 0..2 {
            for call in self.0[0].calls() {
                let found = answers.iter().find(|(name, _)| call.url.contains(name));
                let body = found.map(|(_, body)| body.clone()).unwrap_or_default();
                let result = Ok(HttpAnswer::new(200, body));
                let tag = call.tag;
                self.0[0].respond(&HttpResponse { tag, result })?;
            }
        }
        let mut blocks = 0;
        loop {
            let emitted: Vec<_> = self.0.iter_mut().flat_map(Instance::emitted).collect();
            if emitted.is_empty() {
                return match blocks {
                    1 => Ok(()),
                    _ => Err(format!("{blocks} blocks were emitted instead of one").into()),
                };
            }
            for (name, payload) in &emitted {
                blocks += usize::from(name == "new_block");
                for instance in &mut self.0 {
                    instance.event(name, payload)?;
                }
            }
        }
    }
}

pub(crate) fn measure(report: &mut Report, plugins: &Plugins) -> Result<()> {
    let blocks: Vec<Answers> = (0..BLOCKS)
        .map(|number| answers(number, &get_benchmarks()))
        .collect::<Result<_>>()?;
    let bytes: usize = blocks[0].iter().map(|(_, body)| body.len()).sum();
    let mut master = Master::start(plugins)?;
    let mut left = blocks.iter();
    let mut take = |count| -> Result<()> {
        for block in left.by_ref().take(count) {
            for instance in &mut master.0 {
                instance.memory.now_ms += 60_000;
            }
            master.take_block(block)?;
        }
        Ok(())
    };
    take(2)?;
    let time = median_of_thread(BUDGET, || take(BLOCKS_PER_ROUND))?;
    report.number(
        &format!("new block of {:.1} MB", bytes as f64 / 1e6),
        time.as_secs_f64() / BLOCKS_PER_ROUND as f64 * 1e3,
        "ms",
        Target::AtMost(20.0),
    )
}
