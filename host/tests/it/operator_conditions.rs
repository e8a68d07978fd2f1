//! What extensions and the host report of their state, and what begins and ends with it.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{Home, HostProcess, PATIENCE, fixture, with_version};

/// A folder with the fixture `reporter` and this section of its config.
pub(crate) fn home(section: Value) -> Home {
    let home = Home::new();
    home.install("reporter", &std::fs::read(fixture("reporter")).unwrap());
    home.write_config(&config(&home, section));
    home
}

fn config(home: &Home, section: Value) -> Value {
    let mut config = home.config();
    config["extensions"] = json!(["counter", "recorder", "reporter"]);
    config["config"] = json!({ "reporter": section });
    config
}

pub(crate) fn condition(code: &str, subject: &str, severity: &str) -> Value {
    json!({ "code": code, "subject": subject, "severity": severity, "text": "so it is", "remedy": "act" })
}

pub(crate) async fn post(host: &HostProcess, path: &str, body: &Value) -> u16 {
    let url = format!("{}{path}", host.url());
    let sent = Client::new().post(url).json(body).send().await;
    sent.unwrap().status().as_u16()
}

async fn conditions(host: &HostProcess) -> Vec<Value> {
    let answer = host.get("/operator/v1/conditions").await;
    answer["conditions"].as_array().unwrap().clone()
}

/// Code and subject of each condition.
async fn names(host: &HostProcess) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let named = |it: &Value| (text(&it["code"]), text(&it["subject"]));
    conditions(host).await.iter().map(named).collect()
}

/// Waits until there is a condition with this code, or none.
async fn wait_for(host: &HostProcess, code: &str, is_wanted: bool) -> Option<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = conditions(host).await;
        let found = all.iter().find(|it| it["code"] == code).cloned();
        if found.is_some() == is_wanted {
            return found;
        }
        assert!(Instant::now() < deadline, "{code} {is_wanted}: {all:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the extension has seen of edges, once there are so many.
async fn edges(host: &HostProcess, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = host.get("/edges").await.as_array().unwrap().clone();
        if seen.len() >= count {
            return seen;
        }
        assert!(Instant::now() < deadline, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the extension has seen the beginning of a condition with this code.
async fn wait_for_raised(host: &HostProcess, code: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = edges(host, 0).await;
        let is_it = |it: &Value| it["edge"] == "raised" && it["code"] == code;
        if seen.iter().any(is_it) {
            return;
        }
        assert!(Instant::now() < deadline, "{code}: {seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn edges_are_published_logged_and_counted() {
    let home = home(json!({}));
    let host = home.start();
    let both = json!([
        condition("no_a", "x", "warning"),
        condition("no_a", "y", "warning")
    ]);
    assert_eq!(post(&host, "/report", &both).await, 200);
    assert_eq!(post(&host, "/report", &both).await, 200);
    let one = json!([condition("no_a", "y", "warning")]);
    assert_eq!(post(&host, "/report", &one).await, 200);
    let seen = edges(&host, 3).await;
    let kinds: Vec<_> = seen
        .iter()
        .map(|it| (&it["edge"], &it["subject"]))
        .collect();
    let expected = [("raised", "x"), ("raised", "y"), ("cleared", "x")];
    assert_eq!(json!(kinds), json!(expected));
    let cleared = &seen[2];
    assert_eq!(cleared["extension"], "reporter");
    assert_eq!(cleared["since_ms"], seen[0]["since_ms"]);
    assert!(cleared["cleared_ms"].as_u64() >= cleared["since_ms"].as_u64());
    home.wait_for_log(&["WARN", "so it is (act)", "reporter", "no_a", "x"]);
    home.wait_for_log(&["INFO", "no longer: so it is", "reporter", "no_a", "x"]);
    let metrics = reqwest::get(format!("{}/metrics", host.url()))
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = "tig_host_condition{extension=\"reporter\",code=\"no_a\",severity=\"warning\"} 1";
    assert!(metrics.lines().any(|it| it == line), "{metrics}");
    let status = home.tig_host(&["status", "--json"]).json();
    assert_eq!(status["conditions"][0]["subject"], "y");
    assert_eq!(status["extensions"][2]["conditions"][0]["code"], "no_a");
}

#[tokio::test]
async fn worst_conditions_come_first() {
    let home = home(json!({}));
    let host = home.start();
    let mixed = json!([
        condition("a", "", "info"),
        condition("b", "", "critical"),
        condition("c", "", "warning")
    ]);
    post(&host, "/report", &mixed).await;
    let codes: Vec<_> = names(&host)
        .await
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(codes, ["b", "c", "a"]);
}

#[tokio::test]
async fn failed_handler_reports_nothing() {
    let home = home(json!({ "at_start": [condition("kept", "", "info")] }));
    let host = home.start();
    let other = json!([condition("lost", "", "warning")]);
    assert_eq!(post(&host, "/report-and-fail", &other).await, 500);
    assert_eq!(post(&host, "/report-and-panic", &other).await, 500);
    wait_for(&host, "kept", true).await;
    let seen = host.get("/operator/v1/events?name=condition_raised").await;
    let codes: Vec<_> = seen["events"].as_array().unwrap().iter().collect();
    assert!(
        codes.iter().all(|it| it["payload"]["code"] != "lost"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn reload_keeps_conditions_until_the_new_reports() {
    let home = home(json!({}));
    let host = home.start();
    post(&host, "/report", &json!([condition("old", "", "warning")])).await;
    let since = conditions(&host).await[0]["since_ms"].clone();
    home.install("reporter", &with_version("reporter", "0.1.1"));
    home.wait_for_log(&["extension reloaded", "reporter"]);
    let kept = conditions(&host).await;
    assert_eq!(
        (&kept[0]["code"], &kept[0]["since_ms"]),
        (&json!("old"), &since)
    );
    post(&host, "/report", &json!([])).await;
    assert_eq!(names(&host).await, []);
}

#[tokio::test]
async fn restart_reports_anew_and_leaves_nothing() {
    let home = home(json!({}));
    let host = home.start();
    post(&host, "/report", &json!([condition("old", "", "warning")])).await;
    host.kill();
    let host = home.start();
    assert_eq!(names(&host).await, []);
}

#[tokio::test]
async fn removed_extension_has_no_conditions() {
    let home = home(json!({}));
    let host = home.start();
    post(&host, "/report", &json!([condition("gone", "", "warning")])).await;
    home.write_config(&home.config());
    host.signal(rustix::process::Signal::HUP);
    home.wait_for_log(&["no longer: so it is", "gone"]);
    assert_eq!(names(&host).await, []);
}

#[tokio::test]
async fn rolled_back_version_leaves_no_condition() {
    let home = home(json!({}));
    let host = home.start();
    post(&host, "/report", &json!([condition("old", "", "warning")])).await;
    home.install("reporter", &with_version("reporter", "0.1.1"));
    home.wait_for_log(&["extension reloaded", "reporter"]);
    let new = json!([condition("new", "", "warning")]);
    post(&host, "/report-as-successor", &new).await;
    wait_for(&host, "new", true).await;
    wait_for(&host, "old", false).await;
    post(&host, "/panic-as-successor", &json!([])).await;
    wait_for(&host, "old", true).await;
    wait_for(&host, "new", false).await;
    let rejected = wait_for(&host, "version_rejected", true).await.unwrap();
    assert_eq!(rejected["subject"], "reporter");
}

#[tokio::test]
async fn conditions_that_cause_each_other_do_not_loop() {
    let home = home(json!({ "flaps": true }));
    let host = home.start();
    post(&host, "/report", &json!([condition("begin", "", "info")])).await;
    home.wait_for_log(&["conditions have begun or ended in this minute", "reporter"]);
    // The host goes on, and still says what is so.
    assert_eq!(host.count(5).await.0, 200);
    assert_eq!(names(&host).await.len(), 1);
}

#[tokio::test]
async fn hostile_conditions_are_cut_and_escaped() {
    let home = home(json!({}));
    let host = home.start();
    let mut hostile = condition("evil", "a\n\u{1b}[31mforged line", "warning");
    hostile["text"] = json!("x".repeat(100_000));
    let mut all: Vec<Value> = (0..1_000)
        .map(|number| condition("many", &number.to_string(), "info"))
        .collect();
    all.insert(0, hostile);
    assert_eq!(post(&host, "/report", &json!(all)).await, 200);
    let found = conditions(&host).await;
    assert_eq!(found.len(), 256);
    assert_eq!(found[0]["subject"], "a  [31mforged line");
    assert_eq!(found[0]["text"].as_str().unwrap().len(), 1_024);
    home.wait_for_log(&["WARN", "reporter", "those after the first 256 are left out"]);
    let metrics = reqwest::get(format!("{}/metrics", host.url()))
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let series = metrics
        .lines()
        .filter(|it| it.starts_with("tig_host_condition{"));
    assert_eq!(series.count(), 2, "one for each code, not for each subject");
}

#[tokio::test]
async fn extension_cannot_forge_an_edge() {
    let home = home(json!({}));
    let host = home.start();
    assert_eq!(post(&host, "/forge", &json!(null)).await, 500);
    assert_eq!(host.get("/edges").await, json!([]));
}

#[tokio::test]
async fn rejected_config_is_reported_until_it_is_mended() {
    let home = home(json!({}));
    let host = home.start();
    std::fs::write(home.path("config.json"), "{ torn").unwrap();
    let rejected = wait_for(&host, "config_rejected", true).await.unwrap();
    assert_eq!(rejected["extension"], "host");
    home.write_config(&config(&home, json!({})));
    wait_for(&host, "config_rejected", false).await;
}

#[tokio::test]
async fn rejected_version_is_reported_until_it_is_replaced() {
    let home = home(json!({}));
    let host = home.start();
    home.install("counter", b"not a plugin");
    let rejected = wait_for(&host, "version_rejected", true).await.unwrap();
    assert_eq!(
        (&rejected["subject"], &rejected["severity"]),
        (&json!("counter"), &json!("warning"))
    );
    home.install("counter", &std::fs::read(fixture("counter")).unwrap());
    wait_for(&host, "version_rejected", false).await;
}

#[tokio::test]
async fn failing_and_stopped_extensions_are_reported() {
    let home = home(json!({}));
    let host = home.start();
    for _ in 0..5 {
        assert_eq!(host.count(13).await.0, 500);
    }
    let failing = wait_for(&host, "extension_failing", true).await.unwrap();
    assert_eq!(failing["subject"], "counter");
    let kept = json!([condition("mine", "", "warning")]);
    post(&host, "/report", &kept).await;
    for _ in 0..6 {
        post(&host, "/report-and-panic", &kept).await;
    }
    let stopped = wait_for(&host, "extension_stopped", true).await.unwrap();
    assert_eq!(
        (&stopped["subject"], &stopped["severity"]),
        (&json!("reporter"), &json!("critical"))
    );
    wait_for(&host, "mine", false).await;
    let reloaded = home.tig_host(&["reload", "reporter"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    wait_for(&host, "extension_stopped", false).await;
}

#[tokio::test]
async fn follower_started_again_learns_what_stands() {
    let home = home(json!({}));
    let host = home.start();
    home.install("counter", b"not a plugin");
    wait_for(&host, "version_rejected", true).await;
    for _ in 0..6 {
        post(&host, "/report-and-panic", &json!([])).await;
    }
    wait_for(&host, "extension_stopped", true).await;
    let reloaded = home.tig_host(&["reload", "reporter"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    wait_for_raised(&host, "version_rejected").await;
}

#[tokio::test]
async fn follower_that_fails_on_one_hears_the_others() {
    let section = json!({
        "fails_on": "poison",
        "at_start": [condition("poison", "", "info"), condition("kept", "", "info")]
    });
    let home = home(section);
    let host = home.start();
    wait_for_raised(&host, "kept").await;
    // It has failed on the event, and once on what stood afterwards.
    let status = home.tig_host(&["status", "--json"]).json();
    assert!(
        status["extensions"][2]["restores"].as_u64().unwrap() <= 2,
        "{status}"
    );
}

#[tokio::test]
async fn drain_is_a_condition() {
    let home = home(json!({}));
    let host = home.start();
    let url = format!("{}/unfinished/3", host.url());
    Client::new().post(url).send().await.unwrap();
    assert_eq!(home.tig_host(&["drain"]).code, Some(0));
    let draining = wait_for(&host, "draining", true).await.unwrap();
    assert_eq!(
        (&draining["extension"], &draining["severity"]),
        (&json!("host"), &json!("info"))
    );
}

#[tokio::test]
async fn differing_shadow_is_reported() {
    let home = home(json!({}));
    let host = home.start();
    std::fs::write(home.path("candidate.so"), with_version("counter", "0.1.1")).unwrap();
    let ran = home.tig_host(&["shadow", "counter", "candidate.so"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // A successor fails on 779; the running counter does not.
    assert_eq!(host.count(779).await.0, 200);
    let differs = wait_for(&host, "shadow_differs", true).await.unwrap();
    assert_eq!(
        (&differs["subject"], &differs["severity"]),
        (&json!("counter"), &json!("info"))
    );
    assert_eq!(home.tig_host(&["discard", "counter"]).code, Some(0));
    wait_for(&host, "shadow_differs", false).await;
}
