//! The example `thompson_sampler` in the place of the stock sampler, in a whole running system.

use std::process::Command;

use serde_json::json;
use tig_system_tests::{PLUGINS, Stage, get};

use crate::support::{Running, one_challenge, patch_config};

const STOCK: &str = "difficulty_sampler";
const EXAMPLE: &str = "thompson_sampler";

/// A system with the example under its own name and without a section of its own.
fn start() -> Running {
    let mut running = Running::start(&one_challenge());
    let stack = &mut running.stack;
    stack.host.kill();
    let file = stack.site.artifacts().plugin(EXAMPLE);
    stack.site.add_plugin(EXAMPLE, &file).unwrap();
    patch_config(&stack.site, |config| {
        let names = PLUGINS.map(|name| if name == STOCK { EXAMPLE } else { name });
        config["extensions"] = json!(names);
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

/// Has the running host do something.
fn control(running: &Running, words: &[&str]) {
    let site = &running.stack.site;
    let mut command = Command::new(site.artifacts().program("tig-host"));
    command.args(words).arg("--config").arg(site.config_file());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
}

/// Waits for a proof of a benchmark begun from now on, and until `extension` has learned from one.
fn wait_for_progress(running: &mut Running, extension: &str) {
    let before = running.benchmark_ids();
    let benchmark = running.wait_for_benchmark("a proof of the example's difficulty", |it| {
        it.stage == Stage::Proof && !before.contains(&it.benchmark_id)
    });
    let challenge = benchmark.challenge;
    let series =
        format!("tig_extension_outcomes{{extension=\"{extension}\",challenge=\"{challenge}\"}} ");
    running.wait_for("the example to learn from it", |stack| {
        let metrics = get(&stack.host_address, "/metrics").ok()?;
        let mut lines = metrics.body.lines();
        let outcomes = lines.find_map(|line| line.strip_prefix(&series))?;
        let outcomes: f64 = outcomes.parse().ok()?;
        (outcomes >= 1.0).then_some(())
    });
}

#[test]
fn host_with_thompson_sampler_confirms_proofs() {
    let mut running = start();
    wait_for_progress(&mut running, EXAMPLE);
}

#[test]
fn thompson_shadow_takes_over_from_the_stock_sampler() {
    let mut running = Running::start(&one_challenge());
    running.wait_for_benchmark("a precommit", |_| true);
    let file = running.stack.site.artifacts().plugin(EXAMPLE);
    control(&running, &["shadow", STOCK, &file.display().to_string()]);
    control(&running, &["promote", STOCK]);
    wait_for_progress(&mut running, STOCK);
}
