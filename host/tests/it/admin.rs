//! What an operator may do to a running host.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use reqwest::Client;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Home, HostProcess, PATIENCE, wait_until, with_version};

/// Lets the recorder say that it has work under way.
async fn set_unfinished(host: &HostProcess, count: u64) {
    let url = format!("{}/unfinished/{count}", host.url());
    let response = Client::new().post(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

/// Waits until the recorder was asked to begin nothing new.
async fn asked_to_drain(host: &HostProcess) {
    let deadline = Instant::now() + PATIENCE;
    while !host.get("/seen").await[2]
        .as_array()
        .unwrap()
        .contains(&json!("drain"))
    {
        assert!(Instant::now() < deadline, "no drain was published");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn home_with(key: &str, value: Value) -> Home {
    let home = Home::new();
    let mut config = home.config();
    config[key] = value;
    home.write_config(&config);
    home
}

#[tokio::test]
async fn status_tells_what_runs_and_what_failed() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    host.count(13).await;
    set_unfinished(&host, 3).await;
    let ran = home.tig_host(&["status", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let status = ran.json();
    assert_eq!(status["pid"], host.child.id());
    let counter = &status["extensions"][0];
    assert_eq!(counter["name"], "counter");
    assert_eq!(counter["version"], "0.1.0");
    assert_eq!(counter["state"], "running");
    assert_eq!(counter["failed"], 1);
    assert_eq!(status["extensions"][1]["unfinished"], 3);
    let ran = home.tig_host(&["status", "--backup", "backup"]);
    for part in [
        "counter",
        "recorder",
        "running",
        "last failure: POST /count/13: 13 is not counted",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
}

#[test]
fn without_a_running_host_commands_end_with_7() {
    let home = Home::new();
    let ran = home.tig_host(&["status"]);
    assert!(
        ran.code == Some(7) && ran.stderr.contains("no host runs"),
        "{ran:?}"
    );

    let host = home.start();
    let file = home.path("backup").join("admin.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only its user may read the token");
    let mut admin: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    admin["token"] = json!("0123456789abcdef");
    std::fs::write(&file, admin.to_string()).unwrap();
    let ran = home.tig_host(&["drain"]);
    assert!(
        ran.code == Some(7) && ran.stderr.contains("token"),
        "{ran:?}"
    );

    host.kill();
    let ran = home.tig_host(&["status"]);
    assert!(
        ran.code == Some(7) && ran.stderr.contains("does not answer"),
        "{ran:?}"
    );
    let ran = home.tig_host(&["status", "--config", "nowhere.json"]);
    assert!(
        ran.code == Some(3) && ran.stderr.contains("nowhere.json"),
        "{ran:?}"
    );
}

#[test]
fn drain_waits_for_the_end_and_shows_the_rest() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let home = Home::new();
    let host = home.start();
    runtime.block_on(set_unfinished(&host, 2));
    let drain = std::thread::scope(|scope| {
        let drain = scope.spawn(|| home.tig_host(&["drain", "--wait"]));
        let is_draining = || home.tig_host(&["status", "--json"]).json()["draining"] == true;
        wait_until(is_draining, || "no drain was requested".to_owned());
        runtime.block_on(set_unfinished(&host, 0));
        drain.join().unwrap()
    });
    assert_eq!(
        (drain.code, &*drain.stdout),
        (Some(0), "the host has ended\n")
    );
    let rest = "draining: recorder has 2 unfinished";
    assert!(drain.stderr.contains(rest), "{drain:?}");
    assert_eq!(home.tig_host(&["store", "ls"]).code, Some(0));
}

#[tokio::test]
async fn reload_tells_what_came_of_it() {
    let home = Home::new();
    let host = home.start();
    let ran = home.tig_host(&["reload", "counter"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "counter: 0.1.0 runs already\n")
    );
    let ran = home.tig_host(&["reload", "countr"]);
    assert!(
        ran.code == Some(8) && ran.stderr.contains("did you mean `counter`?"),
        "{ran:?}"
    );

    home.install("counter", b"#!/bin/sh");
    let ran = home.tig_host(&["reload", "counter"]);
    assert!(
        ran.code == Some(8) && ran.stderr.contains("not a plugin"),
        "{ran:?}"
    );
    let ran = home.tig_host(&["reload", "--json"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    let shown = ran.json();
    assert_eq!(shown["reloads"][0]["outcome"], "refused");
    assert_eq!(shown["reloads"][1]["outcome"], "unchanged");
    assert_eq!(host.count(1).await.0, 200);
}

#[tokio::test]
async fn sigterm_waits_for_unfinished_work_and_ends_with_0() {
    let home = home_with("drain_seconds", json!(600));
    let mut host = home.start();
    set_unfinished(&host, 1).await;
    host.signal(Signal::TERM);
    home.wait_for_log(&["draining for at most 600 s", "recorder has 1 unfinished"]);
    asked_to_drain(&host).await;
    assert_eq!(
        home.tig_host(&["status", "--json"]).json()["draining"],
        true
    );
    assert_eq!(host.count(1).await.0, 200, "what is under way goes on");
    set_unfinished(&host, 0).await;
    assert!(host.wait().success());
    home.wait_for_log(&["stopping: drained"]);
    assert!(!home.path("backup").join("admin.json").exists());
}

#[tokio::test]
async fn a_second_sigterm_stops_at_once() {
    let home = home_with("drain_seconds", json!(600));
    let mut host = home.start();
    set_unfinished(&host, 1).await;
    host.signal(Signal::TERM);
    home.wait_for_log(&["once more to stop at once"]);
    host.signal(Signal::TERM);
    assert!(host.wait().success());
    home.wait_for_log(&["second SIGTERM", "recorder has 1 unfinished"]);
}

#[tokio::test]
async fn a_drain_ends_when_its_time_is_over() {
    let home = home_with("drain_seconds", json!(0));
    let mut host = home.start();
    set_unfinished(&host, 1).await;
    host.signal(Signal::TERM);
    assert!(host.wait().success());
    home.wait_for_log(&["stopping: drained (recorder has 1 unfinished)"]);
}

#[tokio::test]
async fn drain_without_a_limit_waits_for_the_work() {
    let home = Home::new();
    let mut host = home.start();
    set_unfinished(&host, 2).await;
    let ran = home.tig_host(&["drain"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "draining: recorder has 2 unfinished\n")
    );
    asked_to_drain(&host).await;
    set_unfinished(&host, 0).await;
    assert!(host.wait().success());
}

#[tokio::test]
async fn sighup_applies_the_config_unless_it_is_torn() {
    let home = Home::new();
    let host = home.start();
    let whole = std::fs::read(home.path("config.json")).unwrap();
    std::fs::write(home.path("config.json"), &whole[..whole.len() / 2]).unwrap();
    host.signal(Signal::HUP);
    home.wait_for_log(&["nothing was changed", "not JSON"]);
    assert_eq!(host.count(1).await.0, 200);

    let mut config = home.config();
    config["access"] = json!({ "allow": ["10.0.0.0/8"] });
    home.write_config(&config);
    host.signal(Signal::HUP);
    home.wait_for_log(&["config and extensions were read again"]);
    assert_eq!(host.count(1).await.0, 403, "the listener was never closed");
}

#[tokio::test]
async fn a_changed_config_file_is_read_again() {
    let home = Home::new();
    let host = home.start();
    let mut config = home.config();
    config["access"] = json!({ "allow": ["10.0.0.0/8"] });
    home.write_config(&config);
    home.wait_for_log(&["the config file has changed"]);
    home.wait_for_log(&["config and extensions were read again"]);
    assert_eq!(host.count(1).await.0, 403);
}

#[tokio::test]
async fn changed_file_of_a_section_is_read_again() {
    let home = Home::new();
    let write = |name: &str, text: &str| std::fs::write(home.path(name), text).unwrap();
    write("start.json", "5");
    let mut config = home.config();
    config["config"] = json!({ "counter": { "start": { "$file": "start.json" } } });
    home.write_config(&config);
    let host = home.start();
    assert_eq!(host.get("/total").await[0], 5);

    write("start.json", "{");
    home.wait_for_log(&[
        "nothing was changed",
        "config.counter.start",
        "start.json is not JSON",
    ]);
    write("start.json", "\"s3cret\"");
    home.wait_for_log(&["nothing was changed", "expected a whole number"]);
    std::fs::remove_file(home.path("start.json")).unwrap();
    home.wait_for_log(&["nothing was changed", "cannot read", "start.json"]);
    assert_eq!(host.get("/total").await[0], 5);

    // The total is not stored yet, so the instance with the new section shows it.
    write("start.json", "7");
    home.wait_for_log(&["a file that the config names has changed"]);
    home.wait_for_log(&["config and extensions were read again"]);
    assert_eq!(host.get("/total").await[0], 7);

    // A file that the config has begun to name is watched as well.
    write("other.json", "8");
    config["config"]["counter"]["start"]["$file"] = json!("other.json");
    home.write_config(&config);
    host.total_reaches(8).await;
    write("other.json", "9");
    host.total_reaches(9).await;
}

#[tokio::test]
async fn changed_secret_file_is_read_again() {
    let home = Home::new();
    let write = |name: &str, text: &str| {
        std::fs::write(home.path(name), text).unwrap();
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(home.path(name), mode).unwrap();
    };
    write("api_key", "first-key");
    write("token", "first-token");
    let mut config = home.config();
    config["api_key_file"] = json!("api_key");
    config["access"] = json!({ "token_file": "token" });
    home.write_config(&config);
    let host = home.start();
    write("api_key", "second-key");
    home.wait_for_log(&["a file that the config names has changed"]);
    // Every extension gets the key.
    for name in ["counter", "recorder"] {
        home.wait_for_log(&["reloaded", name]);
    }

    write("token", "second-token");
    let status = async || {
        let request = Client::new().post(format!("{}/count/1", host.url()));
        let answer = request.bearer_auth("second-token").send().await.unwrap();
        answer.status().as_u16()
    };
    let deadline = Instant::now() + PATIENCE;
    while status().await != 200 {
        assert!(Instant::now() < deadline, "{}", home.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn shadow_is_compared_and_promoted() {
    let home = Home::new();
    let host = home.start();
    std::fs::write(home.path("candidate.so"), with_version("counter", "0.1.1")).unwrap();
    let ran = home.tig_host(&["shadow", "counter", "candidate.so"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout
            .starts_with("counter: 0.1.1 runs as a shadow of 0.1.0"),
        "{ran:?}"
    );
    host.count(5).await;
    let shadow = || {
        let status = home.tig_host(&["status", "--json"]).json();
        status["extensions"][0]["shadow"].clone()
    };
    wait_until(|| shadow()["same"] == 1, || shadow().to_string());
    let shown = home.tig_host(&["status"]).stdout;
    assert!(
        shown.contains("counter: shadow 0.1.1: 1 items handled alike, 0 differently"),
        "{shown}"
    );

    let ran = home.tig_host(&["promote", "counter"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "counter: reloaded 0.1.0 -> 0.1.1\n")
    );
    let ran = home.tig_host(&["discard", "counter"]);
    assert!(
        ran.code == Some(8) && ran.stderr.contains("`counter` has no shadow"),
        "{ran:?}"
    );
    let ran = home.tig_host(&["shadow", "recorder", "nowhere.so"]);
    assert!(
        ran.code == Some(8) && ran.stderr.contains("nowhere.so"),
        "{ran:?}"
    );
    assert_eq!(host.count(1).await, (200, "[6,2]".to_owned()));
}
