//! Commands of operators.

use super::*;

fn arguments() -> Value {
    json!({ "miner_hotkey": hotkey(1), "executor_class": CLASS, "timeout": 60, "docker_image": "image" })
}

fn with(field: &str, value: Value) -> Value {
    let mut arguments = arguments();
    arguments[field] = value;
    arguments
}

fn run(world: &mut World, arguments: &Value) -> Ticket {
    world.0.command("debug_run_organic_job", arguments).unwrap()
}

/// The attempt of an operator's job at miner 1.
fn asked(world: &mut World) -> Asked {
    world.up(1, 5);
    world.asked()
}

#[test]
fn operator_sees_each_status() {
    let mut world = start();
    let mut wanted = with("cmd_args", json!("a 'b c'"));
    wanted["input_url"] = json!("http://files/in");
    let ticket = run(&mut world, &wanted);
    let asked = asked(&mut world);
    let request = &asked.made["jobs"][0]["request"];
    assert_eq!(request["docker_run_cmd"], json!(["a", "b c"]));
    assert_eq!(request["volume"]["volume_type"], "zip_url");
    assert_eq!(asked.group["jobs"][0]["timeout_seconds"], 60);
    world.step(&asked, "accepted");
    world.over(&asked, &finished());
    let lines: Vec<String> = world
        .0
        .progress()
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("job ") && lines[0].ends_with(" begins"));
    assert_eq!(lines[1], "accepted");
    assert!(lines[2].starts_with("completed: Miner "), "{}", lines[2]);
    let (code, result) = world.0.finished(ticket).unwrap();
    assert_eq!((code, &result["status"]), (0, &json!("completed")));
    assert_eq!(
        result["metadata"]["miner_response"]["docker_process_stdout"],
        "out"
    );
    assert!(
        world.statuses().is_empty(),
        "the facilitator does not know the job"
    );
}

#[test]
fn exit_code_says_whether_it_is_completed_if_wanted() {
    for (is_strict, outcome, expected) in [
        (false, declined(), 0),
        (true, declined(), 20),
        (true, finished(), 0),
    ] {
        let mut world = start();
        let ticket = run(
            &mut world,
            &with("nonzero_if_not_complete", json!(is_strict)),
        );
        let asked = asked(&mut world);
        world.over(&asked, &outcome);
        assert_eq!(world.0.finished(ticket).unwrap().0, expected);
    }
}

#[test]
fn operator_gives_the_address() {
    let mut world = start_with(json!({}));
    let mut wanted = with("miner_address", json!("miner"));
    wanted["miner_port"] = json!(9);
    run(&mut world, &wanted);
    let lists = world.events("horde_links_wanted");
    assert_eq!(
        lists[0]["miners"],
        json!([{ "hotkey": hotkey(1), "host": "miner", "port": 9 }])
    );
}

#[test]
fn operator_can_leave_the_choice() {
    let mut world = start();
    world.up(2, 1);
    let mut wanted = arguments();
    wanted.as_object_mut().unwrap().remove("miner_hotkey");
    run(&mut world, &wanted);
    world.up(2, 1);
    assert_eq!(world.asked().hotkey, hotkey(2));
}

#[test]
fn invalid_arguments_start_no_job() {
    let mut world = start();
    for (arguments, expected) in [
        (with("miner_hotkey", json!("x")), "not an SS58 address"),
        (
            with("executor_class", json!("x")),
            "executor_class is \"x\"",
        ),
        (with("timeout", json!(0)), "timeout: 0"),
        (with("timeout", json!(3_601)), "timeout: 3601"),
        (
            with("docker_image", json!("")),
            "neither an image nor a script",
        ),
        (with("cmd_args", json!("\"a")), "does not end"),
        (with("input_url", json!("x")), "the URL of volume 1"),
        (with("miner_address", json!("h")), "an address needs all of"),
        (with("miner_port", json!(1)), "an address needs all of"),
    ] {
        let error = world
            .0
            .command("debug_run_organic_job", &arguments)
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(world.0.unfinished(), 0);
    assert!(world.open_records().is_empty());
}

#[test]
fn job_of_an_operator_lives_through_a_kill() {
    let mut world = start();
    let ticket = run(&mut world, &arguments());
    let asked = asked(&mut world);
    world.kill();
    world.over(&asked, &finished());
    assert_eq!(world.0.finished(ticket).unwrap().1["status"], "completed");
}

#[test]
fn blocked_miner_gets_no_job_until_the_block_ends() {
    let mut world = start();
    world.up(1, 5);
    let block = json!({ "hotkey": hotkey(1), "seconds": 60, "reason": "repair" });
    let ticket = world.0.command("block_miner", &block).unwrap();
    assert_eq!(
        world.0.finished(ticket).unwrap().1["until_ms"],
        START_MS + 60_000
    );
    world.kill();
    world.0.emitted();
    world.request(&v1(1, 1));
    world.assert_status("rejected", "is blocked by this validator");
    world.request(&v2(2, START_MS));
    world.assert_status("rejected", "are blocked for a time");
    let refused = world.0.command("debug_run_organic_job", &arguments());
    assert!(refused.unwrap_err().to_string().contains("is blocked"));
    assert_eq!(world.report()["miners"][0]["block"]["reason"], "repair");
    world.0.advance_ms(60_000);
    world.request(&v1(3, 1));
    assert!(world.statuses().is_empty());
}

#[test]
fn unblocked_miner_gets_jobs() {
    let mut world = start();
    let block = json!({ "hotkey": hotkey(1), "seconds": 60 });
    world.0.command("block_miner", &block).unwrap();
    world
        .0
        .command("unblock_miner", &json!({ "hotkey": hotkey(1) }))
        .unwrap();
    world.request(&v1(1, 1));
    assert!(world.statuses().is_empty());
    assert_eq!(world.report()["miners"], json!([]));
}

#[test]
fn block_needs_a_miner_and_a_time() {
    let mut world = start();
    for (command, arguments, expected) in [
        (
            "block_miner",
            json!({ "hotkey": "x", "seconds": 1 }),
            "not an SS58 address",
        ),
        (
            "block_miner",
            json!({ "hotkey": hotkey(1), "seconds": 0 }),
            "seconds: 0",
        ),
        (
            "unblock_miner",
            json!({ "hotkey": hotkey(1) }),
            "nothing is known",
        ),
    ] {
        let error = world.0.command(command, &arguments).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
