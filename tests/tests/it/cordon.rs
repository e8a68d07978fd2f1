//! An operator takes a slave out while the others work, and looks at it from its own machine.

use std::process::{Command, Output};

use serde_json::Value;
use tig_system_tests::{HONEST, Stack, get};

use crate::support::{PACE, Running, one_challenge};

const OTHER: &str = "second";

/// Results of the other slave while the cordoned one may get none.
const RESULTS: u64 = 5;

/// What the host shows of a slave, if it knows it.
fn slave(stack: &Stack, name: &str) -> Option<Value> {
    let answer = get(&stack.host_address, &format!("/slaves?find={name}")).unwrap();
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    let all = report["slaves"].as_array().unwrap().iter();
    let mut found = all.filter(|slave| slave["name"] == name);
    found.next().cloned()
}

fn batches(stack: &Stack, name: &str) -> u64 {
    slave(stack, name).map_or(0, |slave| slave["batches"].as_u64().unwrap())
}

fn command(stack: &Stack, verb: &str) -> String {
    let mut command = Command::new(stack.site.artifacts().program("tig-host"));
    command.args(["call", "slave_manager", verb, "--slave", OTHER, "--config"]);
    let output = command.arg(stack.site.config_file()).output().unwrap();
    assert!(output.status.success(), "{verb}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn wait_for_results(running: &mut Running, name: &str, more: u64) {
    let before = batches(&running.stack, name);
    running.wait_for(&format!("{more} more results of {name}"), |stack| {
        (batches(stack, name) >= before + more).then_some(())
    });
}

#[test]
fn cordoned_slave_rests_while_others_work() {
    let options = one_challenge();
    let mut running = Running::start(&options);
    let master = running.stack.host_address.clone();
    let site = running.stack.site.clone();
    let mut second = site
        .spawn(OTHER, &mut site.slave(&master, OTHER, PACE.workers))
        .unwrap();
    wait_for_results(&mut running, OTHER, 1);
    let said = command(&running.stack, "cordon");
    assert!(said.contains("second gets no new batches"), "{said}");
    // What it has, it delivers.
    running.wait_for("the last results of the cordoned slave", |stack| {
        (slave(stack, OTHER)?["leased"] == 0).then_some(())
    });
    let before = slave(&running.stack, OTHER).unwrap();
    assert_eq!(before["standing"], "cordoned");
    wait_for_results(&mut running, HONEST, RESULTS);
    let after = slave(&running.stack, OTHER).unwrap();
    assert_eq!(
        (&after["batches"], &after["leased"]),
        (&before["batches"], &0.into())
    );

    running.stack.host.kill();
    running.stack.restart_host(&options).unwrap();
    wait_for_results(&mut running, HONEST, RESULTS);
    running.wait_for("a poll of the cordoned slave", |stack| {
        (slave(stack, OTHER)?["standing"] == "cordoned").then_some(())
    });
    assert_eq!(
        batches(&running.stack, OTHER),
        0,
        "a restart lifts no cordon"
    );

    command(&running.stack, "uncordon");
    wait_for_results(&mut running, OTHER, 1);
    second.check_running().unwrap();
}

fn tig_slave(stack: &Stack, arguments: &[&str]) -> Output {
    let mut command = Command::new(stack.site.artifacts().program("tig-slave"));
    command.args(arguments).output().unwrap()
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn slave_is_looked_at_on_its_own_machine() {
    let mut running = Running::start(&one_challenge());
    let folder = running.stack.site.folder().join("algorithms");
    let folder = folder.to_str().unwrap();
    let own = running.wait_for("a status with a delivered result", |stack| {
        let shown = parsed(&tig_slave(stack, &["status", folder, "--json"]));
        let own = shown["slaves"][0].clone();
        (own["results_delivered"].as_u64()? > 0).then_some(own)
    });
    assert_eq!(
        (&own["name"], &own["is_running"]),
        (&HONEST.into(), &true.into())
    );
    assert_eq!(
        own["master"],
        format!("http://{}/", running.stack.host_address)
    );

    let master = format!("http://{}", running.stack.host_address);
    let usual = [
        "doctor", &master, "builtin", folder, "--name", HONEST, "--json",
    ];
    let output = tig_slave(&running.stack, &usual);
    let found = parsed(&output);
    let level = |part: &str| {
        let all = found["findings"].as_array().unwrap().iter();
        let mut found = all.filter(|finding| finding["part"] == part);
        found.next().map(|finding| finding["level"].clone())
    };
    for part in ["master", "standing", "clock", "folder", "known answer"] {
        assert_eq!(level(part), Some("ok".into()), "{part}: {found}");
    }
    assert_eq!(output.status.code(), Some(0), "{found}");

    let name = ["--name", OTHER, "--json"];
    command(&running.stack, "cordon");
    let usual = ["doctor", &master, "builtin", folder];
    let output = tig_slave(&running.stack, &[&usual[..], &name[..]].concat());
    let text = parsed(&output).to_string();
    assert!(text.contains("has cordoned second"), "{text}");
}
