//! The command, its arguments, the route and the config section.

use super::*;

fn error(batches: &mut Batches, arguments: &Value) -> String {
    batches
        .command("run_batch", arguments)
        .unwrap_err()
        .to_string()
}

#[test]
fn faulty_arguments_are_named() {
    let mut batches = start();
    let miner = |hotkey: &str, host: &str, port: u32| json!({ "miners": [{ "hotkey": hotkey, "host": host, "port": port }] });
    let key = hotkey(1);
    let cases = [
        (json!({ "miners": [] }), "`miners` is empty"),
        (
            miner("5F6ee", "h", 1),
            "miners[0].hotkey: \"5F6ee\" is not an SS58 address",
        ),
        (
            miner(&key, "", 1),
            "miners[0].host: \"\" is not an IP address or a name",
        ),
        (miner(&key, "a/b", 1), "miners[0].host: \"a/b\" is not"),
        (miner(&key, "h", 0), "miners[0].port: 0 is not a port"),
        (
            miner(&key, "h", 70_000),
            "command `run_batch`: miners[0].port",
        ),
        (
            json!({ "miners": [], "minners": 1 }),
            "command `run_batch`: ",
        ),
        (
            json!({ "miners": [], "kinds": { "quantum": "k" } }),
            "command `run_batch`: kinds",
        ),
    ];
    for (arguments, expected) in cases {
        let text = error(&mut batches, &arguments);
        assert!(text.starts_with(expected), "{text}");
    }
    let mut twice = arguments(2);
    twice["miners"][1]["hotkey"] = twice["miners"][0]["hotkey"].clone();
    let text = error(&mut batches, &twice);
    assert!(text.contains("comes twice"), "{text}");
    let mut unnamed = arguments(1);
    unnamed["kinds"] = json!({ SPIN_UP: "" });
    let text = error(&mut batches, &unnamed);
    assert!(
        text.contains("the job kind of spin_up-4min.gpu-24gb has no name"),
        "{text}"
    );
    let many: Vec<_> = (0..1025)
        .map(|_| arguments(1)["miners"][0].clone())
        .collect();
    let text = error(&mut batches, &json!({ "miners": many }));
    assert!(text.starts_with("`miners` has 1025 miners"), "{text}");
    assert!(batches.stored().is_empty() && batches.emitted().is_empty());
}

#[test]
fn hotkeys_of_the_debug_count_are_taken() {
    let key = hotkey(1);
    let made_up = format!("5u001u{}", &key[6..]);
    let miner =
        |hotkey: &str| json!({ "miners": [{ "hotkey": hotkey, "host": "::1", "port": 1 }] });
    let mut batches = start();
    for not in ["5uxxxu", "5u0011"] {
        let not = format!("{not}{}", &key[6..]);
        assert!(batches.command("run_batch", &miner(&not)).is_err());
    }
    batches.command("run_batch", &miner(&made_up)).unwrap();
}

#[test]
fn second_batch_is_refused_while_one_is_under_way() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    let text = error(&mut batches, &arguments(1));
    assert_eq!(
        text,
        "batch 1 is under way (manifests): wait until it is over"
    );
    link_down(&mut batches, 0, "refused");
    run_batch(&mut batches, 1);
}

#[test]
fn kinds_of_the_command_replace_those_of_the_config() {
    let mut batches = start();
    let mut arguments = arguments(1);
    arguments["kinds"] = json!({ LLM: "mine" });
    batches.command("run_batch", &arguments).unwrap();
    link_up(&mut batches, 0, &[(SPIN_UP, 1), (LLM, 9)]);
    let wanted = emitted(&mut batches, "horde_jobs_wanted");
    assert_eq!(wanted.len(), 1);
    assert_eq!(
        (&wanted[0]["kind"], &wanted[0]["executor_class"]),
        (&json!("mine"), &json!(LLM))
    );
    assert_eq!(wanted[0]["miners"][0]["count"], 2, "the default limit");
}

#[test]
fn config_with_a_fault_is_refused() {
    for (section, expected) in [
        (json!({ "kinds": { "quantum": "k" } }), "quantum"),
        (
            json!({ "weights_version": 5 }),
            "weights version 5 is unknown",
        ),
        (
            json!({ "max_executors_per_class": { SPIN_UP: -1 } }),
            "max_executors_per_class",
        ),
        (json!({ "kind": {} }), "unknown field `kind`"),
        (
            json!({ "manifest_score_multiplier": 0.9 }),
            "config.horde_batch.manifest_score_multiplier: 0.9 is less than 1",
        ),
    ] {
        let settings = json!({ "name": "horde_batch", "config": { "horde_batch": section } });
        let error = Batches::try_start(settings)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn status(batches: &mut Batches) -> Value {
    let reply = batches.request("GET", "/horde/batch", &[], "").unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn route_shows_the_running_and_the_last_batch() {
    let mut batches = start();
    assert_eq!(
        status(&mut batches),
        json!({ "running": null, "due": null, "last": null })
    );
    run_batch(&mut batches, 1);
    assert_eq!(status(&mut batches)["running"]["phase"], "manifests");
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    let jobs = answer_asks(&mut batches);
    assert_eq!(status(&mut batches)["running"]["jobs"], 1);
    job_over(&mut batches, &jobs[0], &finished(""));
    assert_eq!(status(&mut batches)["running"]["unchecked"], 1);
    check_answers(&mut batches, &right());
    let status = status(&mut batches);
    assert_eq!(status["running"], json!(null));
    assert_eq!(status["last"]["end"], "stored");
    assert_eq!(status["last"]["miners"][0]["classes"][0]["right"], 1);
}

#[test]
fn last_batches_are_kept() {
    let mut batches = start();
    for _ in 0..10 {
        run_batch(&mut batches, 1);
        link_down(&mut batches, 0, "refused");
    }
    let numbers: Vec<_> = batches
        .stored()
        .values()
        .map(|report| report["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [3, 4, 5, 6, 7, 8, 9, 10]);
    let ends = [("end", "no_manifest")];
    assert_eq!(batches.metric("batches", &ends), Some(10.0));
}
