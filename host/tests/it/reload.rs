//! A changed plugin file, good or bad.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Home, HostProcess, PATIENCE, fixture, with_version};

fn next_version(name: &str) -> Vec<u8> {
    with_version(name, "0.1.1")
}

/// The `index`th event about reloads that the host has published.
pub(crate) async fn reload_event(host: &HostProcess, index: usize) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = host.get("/seen").await;
        if let Some(event) = seen[2].get(index) {
            return event.clone();
        }
        assert!(Instant::now() < deadline, "no event came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_new_version_takes_over_with_the_old_ones_state() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    home.install("counter", &next_version("counter"));
    let event = reload_event(&host, 0).await;
    assert_eq!(
        event,
        json!({ "name": "counter", "from": "0.1.0", "to": "0.1.1" })
    );
    assert_eq!(
        host.count(1).await,
        (200, "[6,2]".to_owned()),
        "total stored, calls handed over"
    );
    home.wait_for_log(&["extension reloaded", "counter", "0.1.0", "0.1.1"]);
}

#[tokio::test]
async fn requests_during_a_reload_are_all_answered() {
    let home = Home::new();
    let host = home.start();
    home.install("counter", &next_version("counter"));
    let mut answered = 0;
    while home
        .log()
        .lines()
        .all(|line| !line.contains("extension reloaded"))
    {
        answered += 1;
        assert_eq!(
            host.count(1).await,
            (200, format!("[{answered},{answered}]"))
        );
    }
    assert_eq!(
        host.count(1).await,
        (200, format!("[{0},{0}]", answered + 1))
    );
}

#[tokio::test]
async fn events_of_failed_handlers_go_to_the_new_version() {
    let home = Home::new();
    let host = home.start();
    host.count(40).await;
    host.count(3).await;
    assert_eq!(host.counted_until(3).await, [3]);
    home.install("recorder", &next_version("recorder"));
    assert_eq!(host.counted_until(40).await, [3, 40]);
    drop(host);
    let host = home.start();
    host.count(4).await;
    assert_eq!(
        host.counted_until(4).await,
        [3, 40, 4],
        "handled ones do not come again"
    );
}

#[tokio::test]
async fn a_bad_file_is_refused_and_the_old_version_goes_on() {
    let home = Home::new();
    let host = home.start();
    let whole = next_version("counter");
    let other_api = std::fs::read(fixture("of_another_api")).unwrap();
    let cases = [
        (b"not a plugin".to_vec(), "not a 64-bit ELF file"),
        (whole[..whole.len() / 2].to_vec(), "cut short"),
        (whole[..whole.len() * 99 / 100].to_vec(), "cut short"),
        (Vec::new(), "not a 64-bit ELF file"),
        (other_api, "upgrade the host"),
    ];
    for (index, (bytes, reason)) in cases.into_iter().enumerate() {
        home.install("counter", &bytes);
        let event = reload_event(&host, index).await;
        assert_eq!(event["running"], "0.1.0");
        let said = event["reason"].as_str().unwrap();
        assert!(
            said.contains(reason) && said.contains("libcounter.so"),
            "{said}"
        );
        assert_eq!(host.count(1).await.0, 200);
    }
    home.install("counter", &whole);
    home.wait_for_log(&["extension reloaded", "0.1.1"]);
    assert_eq!(host.count(1).await, (200, "[6,6]".to_owned()));
}

#[tokio::test]
async fn a_file_that_kills_whoever_maps_it_is_refused() {
    let home = Home::new();
    let host = home.start();
    let mut bytes = next_version("counter");
    // Headers, manifest and section table stay whole; the code and data between are torn.
    let (start, end) = (bytes.len() / 8, bytes.len() * 5 / 8);
    let manifest = bytes
        .windows(8)
        .position(|window| window == b"{\"name\":")
        .expect("a manifest");
    assert!(
        !(start..end).contains(&manifest),
        "the manifest must survive for this test"
    );
    bytes[start..end].fill(0);
    home.install("counter", &bytes);
    let event = reload_event(&host, 0).await;
    assert_eq!(event["offered"], "0.1.1");
    assert!(
        event["reason"]
            .as_str()
            .unwrap()
            .contains("cannot be loaded"),
        "{event}"
    );
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn a_version_whose_new_fails_is_refused() {
    let home = Home::new();
    let mut config = home.config();
    config["extensions"] = json!(["counter"]);
    config["config"] = json!({ "counter": { "start": 1 } });
    home.write_config(&config);
    let host = home.start();
    host.count(5).await;
    // A recorder in the counter's place cannot take over the counter's section or state.
    home.install("counter", &next_version("recorder"));
    home.wait_for_log(&["new version rejected", "config.counter.start"]);
    assert_eq!(host.count(1).await, (200, "[7,2]".to_owned()));
}

#[tokio::test]
async fn misfit_of_section_or_routes_rejects_a_version() {
    let home = Home::new();
    let host = home.start();
    home.install("counter", &next_version("recorder"));
    let event = reload_event(&host, 0).await;
    let reason = event["reason"].as_str().unwrap();
    assert!(
        reason.contains("`counter` and `recorder` both answer GET /seen"),
        "{event}"
    );
    assert_eq!(host.count(1).await.0, 200);
}
