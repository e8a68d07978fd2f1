//! The example `thompson_sampler` in the place of the stock sampler, in a whole running system.

use serde_json::json;
use tig_system_tests::{PLUGINS, Stage, get};

use crate::support::{Running, one_challenge, patch_config};

const STOCK: &str = "difficulty_sampler";
const EXAMPLE: &str = "thompson_sampler";
/// Number of benchmarks from which the example has learned, by challenge.
const OUTCOMES: &str =
    "tig_extension_outcomes{extension=\"thompson_sampler\",challenge=\"satisfiability\"}";

/// A system with the example under its own name and without a section of its own.
fn start() -> Running {
    let mut running = Running::start(&one_challenge());
    let stack = &mut running.stack;
    stack.host.kill();
    let file = stack.site.artifacts().plugin(EXAMPLE);
    stack.site.add_plugin(EXAMPLE, &file).unwrap();
    let (_, port) = stack.host_address.rsplit_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    patch_config(&stack.site, |config| {
        let names = PLUGINS.map(|name| if name == STOCK { EXAMPLE } else { name });
        config["extensions"] = json!(names);
        config["port"] = json!(port);
        let sections = config["config"].as_object_mut().unwrap();
        sections.remove(STOCK);
        sections.insert(EXAMPLE.to_owned(), json!({}));
    });
    stack.host = stack
        .site
        .spawn("tig-host", &mut stack.site.host())
        .unwrap();
    running
}

#[test]
fn host_with_thompson_sampler_confirms_proofs() {
    let mut running = start();
    let before = running.benchmark_ids();
    let benchmark = running.wait_for_benchmark("a proof of the example's difficulty", |it| {
        it.stage == Stage::Proof && !before.contains(&it.benchmark_id)
    });
    assert_eq!(benchmark.challenge, "satisfiability");
    running.wait_for("the example to learn from it", |stack| {
        let metrics = get(&stack.host_address, "/metrics").ok()?;
        let mut lines = metrics.body.lines();
        let line = lines.find(|line| line.starts_with(OUTCOMES))?;
        let outcomes: f64 = line.rsplit_once(' ')?.1.parse().ok()?;
        (outcomes >= 1.0).then_some(())
    });
}
