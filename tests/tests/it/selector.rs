//! The example `balancing_selector` in a whole running system: its weights replace those of the config while it is there.

use std::process::Command;

use serde_json::{Value, json};
use tig_system_tests::{MasterOptions, PLUGINS, Stack, Stage, get};

use crate::support::{Running, patch_config};

const SELECTOR: &str = "balancing_selector";
/// The config does without this challenge as well as it can.
const NEGLECTED: &str = "vehicle_routing";
/// Weight of the neglected challenge in the config, beside 1.
const WEIGHT: f64 = 1e-6;
/// Least share that the selector gives it.
const SHARE_MIN: f64 = 0.4;

const CHALLENGES: [&str; 2] = ["satisfiability", NEGLECTED];

/// One precommit per block, of one of two challenges.
fn two_challenges() -> MasterOptions {
    let mut options = MasterOptions {
        max_precommits_per_block: 1,
        ..MasterOptions::default()
    };
    options
        .algorithms
        .retain(|challenge, _| CHALLENGES.contains(challenge));
    options
}

/// A system whose config neglects a challenge, with the selector.
fn start() -> Running {
    let mut running = Running::start(&two_challenges());
    let stack = &mut running.stack;
    stack.host.kill();
    let file = stack.site.artifacts().plugin(SELECTOR);
    stack.site.add_plugin(SELECTOR, &file).unwrap();
    patch_config(&stack.site, |config| {
        let names: Vec<&str> = PLUGINS.into_iter().chain([SELECTOR]).collect();
        config["extensions"] = json!(names);
        config["config"][SELECTOR] = json!({ "challenges": CHALLENGES, "min_share": SHARE_MIN });
        config["config"]["precommit_manager"]["algo_selection"][NEGLECTED]["weight"] =
            json!(WEIGHT);
    });
    stack.host = stack
        .site
        .spawn("tig-host", &mut stack.site.host())
        .unwrap();
    running
}

/// What `precommit_manager` says of the neglected challenge, once it knows a block.
fn neglected(stack: &Stack) -> Option<Value> {
    let answer = get(&stack.host_address, "/precommits").ok()?;
    let view: Value = answer.json().ok()?;
    Some(view["challenges"][NEGLECTED].clone()).filter(|it| !it.is_null())
}

fn wait_until_chosen_by(running: &mut Running, chooser: &str) -> f64 {
    let what = format!("{NEGLECTED} to be chosen by the {chooser}");
    running.wait_for(&what, |stack| {
        let challenge = neglected(stack)?;
        let weight = challenge["weight"].as_f64()?;
        (challenge["chosen_by"] == chooser).then_some(weight)
    })
}

fn remove_selector(running: &Running) {
    let site = &running.stack.site;
    patch_config(site, |config| {
        config["extensions"] = json!(PLUGINS);
        config["config"].as_object_mut().unwrap().remove(SELECTOR);
    });
    let mut reload = Command::new(site.artifacts().program("tig-host"));
    reload.arg("reload").arg("--config").arg(site.config_file());
    let output = reload.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn selector_decides_until_it_is_removed() {
    let mut running = start();
    assert_eq!(wait_until_chosen_by(&mut running, "config"), WEIGHT);
    // The first qualifiers are there some blocks after the first proof.
    running.wait_for_benchmark("a proof", |it| it.stage == Stage::Proof);
    let weight = wait_until_chosen_by(&mut running, "selector");
    assert!((SHARE_MIN..=0.6).contains(&weight), "{weight}");
    let before = running.benchmark_ids();
    running.wait_for_benchmark("a precommit of the neglected challenge", |it| {
        it.challenge == NEGLECTED && !before.contains(&it.benchmark_id)
    });
    let address = running.stack.host_address.clone();
    let panel: Value = get(&address, "/operator/panel/selection")
        .unwrap()
        .json()
        .unwrap();
    let widgets = panel["widgets"].as_array().unwrap();
    assert_eq!(widgets.last().unwrap()["rows_total"], 2, "{panel}");

    remove_selector(&running);
    assert_eq!(wait_until_chosen_by(&mut running, "config"), WEIGHT);
}
