//! What monitoring reads.

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::Home;

#[tokio::test]
async fn metrics_tell_of_the_host_and_what_extensions_count() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    host.count(13).await;
    let url = format!("{}/unfinished/3", host.url());
    Client::new().post(url).send().await.unwrap();

    let response = reqwest::get(format!("{}/metrics", host.url()))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = response.text().await.unwrap();
    for line in [
        "# TYPE tig_host_failed_total counter",
        "tig_host_failed_total{extension=\"counter\"} 1",
        "tig_host_unfinished{extension=\"recorder\"} 3",
        "tig_host_up{extension=\"recorder\"} 1",
        "tig_extension_reported_total{extension=\"recorder\",kind=\"unfinished\"} 1",
    ] {
        assert!(text.lines().any(|of| of == line), "no {line} in\n{text}");
    }
    for name in [
        "tig_host_store_bytes",
        "tig_host_cpu_seconds_total",
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(name), "no {name} in\n{text}");
    }
}

#[tokio::test]
async fn metrics_are_for_the_networks_that_the_config_lists() {
    let home = Home::new();
    let mut config = home.config();
    config["metrics"] = json!({ "allow": ["10.0.0.0/8"] });
    home.write_config(&config);
    let host = home.start();
    let response = reqwest::get(format!("{}/metrics", host.url()))
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(host.count(1).await.0, 200);
}

#[test]
fn a_log_for_programs_has_an_object_a_line() {
    let home = Home::new();
    std::fs::remove_file(home.path("plugins").join("librecorder.so")).unwrap();
    let mut config = home.config();
    config["extensions"] = json!(["counter"]);
    home.write_config(&config);
    let ran = home.tig_host(&["config.json", "--log-format", "json", "--exit-with-parent"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let loaded = lines
        .iter()
        .find(|line| line["message"] == "extension loaded");
    assert_eq!(loaded.expect("a line about it")["extension"], "counter");
}
