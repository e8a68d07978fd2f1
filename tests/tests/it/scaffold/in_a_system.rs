//! Generated plugins at work: sampler, selector and observer among the stock extensions of a whole running system.

use serde_json::Value;
use tig_system_tests::{PLUGINS, Stage, get};

use super::{build, generate, section};
use crate::support::{Running, holds_line, one_challenge, patch_config};

const STOCK_SAMPLER: &str = "difficulty_sampler";
const KINDS_OF_A_MASTER: [&str; 3] = ["sampler", "selector", "observer"];

/// A system with the generated plugins; their sampler is in the place of the stock one.
fn start() -> Running {
    let mut running = Running::start(&one_challenge());
    let stack = &mut running.stack;
    stack.host.kill();
    let place = tempfile::tempdir().unwrap();
    let mut sections = Vec::new();
    for kind in KINDS_OF_A_MASTER {
        let (name, package) = generate(place.path(), kind);
        stack
            .site
            .add_plugin(&name, &build(&name, &package))
            .unwrap();
        sections.push((name.clone(), section(&name, &package)));
    }
    patch_config(&stack.site, |config| {
        let stock = PLUGINS.into_iter().filter(|name| *name != STOCK_SAMPLER);
        let generated = sections.iter().map(|(name, _)| name.as_str());
        config["extensions"] = stock.chain(generated).collect();
        let all = config["config"].as_object_mut().unwrap();
        all.remove(STOCK_SAMPLER);
        all.extend(sections.clone());
    });
    stack.host = stack
        .site
        .spawn("tig-host", &mut stack.site.host())
        .unwrap();
    running
}

fn fetch(address: &str, path: &str) -> Option<Value> {
    get(address, path).ok()?.json().ok()
}

#[test]
fn generated_plugins_bring_a_benchmark_to_its_proof() {
    let mut running = start();
    let before = running.benchmark_ids();
    running.wait_for_benchmark("a proof of a generated difficulty", |it| {
        it.stage == Stage::Proof && !before.contains(&it.benchmark_id)
    });
    running.wait_for("a choice of the generated selector", |stack| {
        let precommits = fetch(&stack.host_address, "/precommits")?;
        let chosen_by = &precommits["challenges"]["satisfiability"]["chosen_by"];
        (chosen_by == "selector").then_some(())
    });
    running.wait_for("blocks on the generated panel", |stack| {
        let panel = fetch(&stack.host_address, "/operator/panel/new_observer")?;
        let seen = panel["widgets"][0]["figures"][0]["value"].as_u64()?;
        (seen > 0).then_some(())
    });
    let host = &running.stack.host;
    assert!(!holds_line(host, &["bad challenge"]), "see the host's log");
    assert!(
        !holds_line(host, &["new_sampler", "failed"]),
        "see the host's log"
    );
}
