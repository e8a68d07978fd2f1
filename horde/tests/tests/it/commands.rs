//! Commands of the extensions, as a person types them.

use std::path::Path;

use horde_system_tests::HOTKEY;
use serde_json::{Value, json};

use crate::cli::{run, texts};
use crate::network::{COMMIT_START, REVEAL_START, SLOT, Validator};

/// What a command has left: exit code, result, and what it has shown meanwhile.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) value: Value,
    pub(crate) shown: String,
}

/// Runs `compute-horde` with these words in the folder of a validator.
fn typed(folder: &Path, line: &str) -> Ended {
    let words: Vec<_> = line.split(' ').collect();
    let output = run(folder, &words);
    let (stdout, shown) = texts(&output);
    Ended {
        code: output.status.code().unwrap(),
        value: serde_json::from_str(&stdout).unwrap_or_default(),
        shown,
    }
}

impl Validator {
    pub(crate) fn typed(&self, line: &str) -> Ended {
        typed(self.site.folder(), line)
    }

    /// A command that ends with this code; its result.
    pub(crate) fn done(&self, line: &str, code: i32) -> Value {
        let ended = self.typed(line);
        assert_eq!(ended.code, code, "{line}: {}{}", ended.value, ended.shown);
        ended.value
    }

    /// A command that is refused, with these words.
    fn refused(&self, line: &str, words: &str) {
        let ended = self.typed(line);
        assert_eq!(ended.code, 8, "{line}: {}{}", ended.value, ended.shown);
        assert!(ended.shown.contains(words), "{line}: {}", ended.shown);
    }
}

#[test]
fn schedule_is_a_sentence_and_an_exit_code() {
    let validator = Validator::start("direct");
    // Until it has the neurons, it does not know where its slot was.
    let status = validator.wait("the missed slot", |it| {
        let ended = it.typed("schedule_synthetic_jobs");
        (ended.code == 22).then_some(ended.value)
    });
    assert_eq!(status["missed"], "overslept", "{status}");
    validator.go_to(SLOT - 5);
    validator.wait_for_slot(SLOT);
    let status = validator.done("schedule_synthetic_jobs", 0);
    let text = status["text"].as_str().unwrap();
    assert!(
        text.starts_with("waits for block 10118, 5 blocks"),
        "{text}"
    );
    validator.done("run_synthetic_jobs", 24);
    validator.run_batch_with(|it| {
        let status = it.done("run_synthetic_jobs", 0);
        let text = "the batch of this cycle was begun at block 10118";
        assert_eq!(
            (&status["code"], &status["text"]),
            (&json!("done"), &json!(text))
        );
    });
}

#[test]
fn weights_are_shown_step_by_step() {
    let validator = Validator::start("commit_reveal");
    validator.run_batch();
    let ended = validator.typed("debug_set_scores");
    assert_eq!(ended.code, 0, "{}", ended.shown);
    let line = "cycle 10094: scored, waiting for: the commit window opens at block 11191";
    assert!(ended.shown.contains(line), "{}", ended.shown);
    assert_eq!(validator.done("reveal_scores", 0)["cycles"], json!([]));
    validator.go_to(COMMIT_START);
    validator.wait_for_commitment();
    let ended = validator.typed("reveal_scores");
    let line = "cycle 10094: committed, waiting for: the reveal window opens at block 11552";
    assert!(ended.shown.contains(line), "{}", ended.shown);
    validator.go_to(REVEAL_START);
    validator.wait_for_end();
    let status = validator.done("reveal_scores", 0);
    assert_eq!(status["cycles"][0]["state"], "revealed", "{status}");
}

#[test]
fn job_of_an_operator_shows_each_status() {
    let validator = Validator::start("direct");
    let hotkey = &validator.miners.miners[0].hotkey;
    let job = |program: &str| {
        let image = "backenddevelopersltd/print:v1";
        format!(
            "debug_run_organic_job --miner_hotkey {hotkey} --timeout 20 --docker_image {image} --cmd_args {program}"
        )
    };
    let ended = validator.typed(&job("hostname"));
    assert_eq!(
        (ended.code, &ended.value["status"]),
        (0, &json!("completed")),
        "{}",
        ended.shown
    );
    assert!(ended.shown.contains("\naccepted\n"), "{}", ended.shown);
    let response = &ended.value["metadata"]["miner_response"];
    assert_ne!(response["docker_process_stdout"], "", "{}", ended.value);
    let failing = job("false");
    assert_eq!(validator.done(&failing, 0)["status"], "failed");
    validator.done(&format!("{failing} --nonzero_if_not_complete true"), 20);
    validator.refused(
        "debug_run_organic_job --timeout 0 --docker_image x",
        "timeout: 0 is not between 1",
    );
}

#[test]
fn miners_and_their_receipts_are_fetched() {
    let validator = Validator::start("direct");
    let miners = validator.done("fetch_miners", 0);
    let hotkeys = miners["miners"].as_array().unwrap().iter();
    let hotkeys: Vec<_> = hotkeys.map(|it| it["hotkey"].as_str().unwrap()).collect();
    let expected = validator.miners.miners.iter();
    assert_eq!(hotkeys, expected.map(|it| &*it.hotkey).collect::<Vec<_>>());
    validator.run_batch();
    // Receipts are sent to the miners some seconds after the batch.
    let receipts = validator.wait("all receipts", |it| {
        let fetched = it.done("fetch_receipts", 0);
        assert_eq!(fetched["miners"], 2, "{fetched}");
        let receipts = it.ask("/horde/receipts");
        (receipts["own_countersigned"] == 12).then_some(receipts)
    });
    assert_eq!(receipts["own"], 12, "each job has three: {receipts}");
    assert_eq!(receipts["other_validator"], Value::Null, "{receipts}");
    validator.refused("fetch_receipts --miner_hotkey 5x", "copy the whole address");
    let stranger = format!("fetch_receipts --miner_hotkey {HOTKEY}");
    validator.refused(&stranger, "the miner is not known");
}

#[test]
fn set_value_of_dynamic_config_outlives_a_kill() {
    let mut validator = Validator::start("direct");
    let get = "constance get DYNAMIC_WEIGHTS_VERSION";
    assert_eq!(validator.done(get, 0)["source"], "inline");
    let changed = validator.done("constance set DYNAMIC_WEIGHTS_VERSION 3", 0);
    assert_eq!(
        (&changed[0]["from"], &changed[0]["to"]),
        (&json!("4"), &json!("3"))
    );
    validator.kill();
    let row = validator.done(get, 0);
    assert_eq!(
        (&row["value"], &row["source"]),
        (&json!("3"), &json!("local"))
    );
    let list = validator.done("constance list", 0);
    assert!(list.as_array().unwrap().contains(&row), "{list}");
    validator.refused("constance get NOPE", "key \"NOPE\" is unknown");
    validator.refused(
        "constance set SERVING maybe",
        "\"maybe\" is not true or false",
    );
    validator.refused(
        "constance set DYNAMIC_WEIGHTS_VERSION 9",
        "9 is not from 0 to 4",
    );
    assert_eq!(validator.done(get, 0)["value"], "3");
    validator.done("constance set DYNAMIC_WEIGHTS_VERSION", 0);
    assert_eq!(validator.done(get, 0)["source"], "inline");
    validator.refused("fetch_dynamic_config", "there is nothing to fetch");
    assert_eq!(validator.done("evict_old_data", 0)["system_events"], 0);
}

#[test]
fn facilitator_that_is_gone_ends_the_command_with_20() {
    let mut validator = Validator::start("direct");
    validator.wait("the connection", |it| {
        let ended = it.typed("connect_facilitator");
        (ended.code == 0 && ended.value["state"] == "up").then_some(())
    });
    validator.miners.process.kill();
    validator.wait("the end of the connection", |it| {
        let ended = it.typed("connect_facilitator");
        (ended.code == 20)
            .then(|| assert!(ended.value["last_error"].is_string(), "{}", ended.value))
    });
}

#[test]
fn commands_need_a_running_validator() {
    let mut validator = Validator::start("direct");
    validator.host.kill();
    let nowhere = tempfile::tempdir().unwrap();
    for line in [
        "schedule_synthetic_jobs",
        "run_synthetic_jobs",
        "debug_set_scores",
        "reveal_scores",
        "connect_facilitator",
        "debug_run_organic_job --timeout 20 --docker_image x",
        "debug_run_llm_prompt_task --action sampling",
        "fetch_miners",
        "fetch_receipts",
        "fetch_dynamic_config",
        "evict_old_data",
        "constance get SERVING",
        "constance set SERVING true",
        "constance list",
    ] {
        let ended = validator.typed(line);
        assert_eq!(ended.code, 7, "{line}: {}", ended.shown);
        assert!(
            ended.shown.contains("does not answer"),
            "{line}: {}",
            ended.shown
        );
        let ended = typed(nowhere.path(), line);
        assert_eq!(ended.code, 3, "{line}: {}", ended.shown);
        assert!(
            ended.shown.contains("config.json"),
            "{line}: {}",
            ended.shown
        );
    }
}
