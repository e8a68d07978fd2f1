//! The history of metrics on disk, as the operator's API shows it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tig_system_tests::{Process, Site, get, wait_for};

use crate::support::{PATIENCE, one_challenge, site};

/// A host that reaches no network.
fn start(site: &Site) -> (Process, String) {
    site.write_config(&one_challenge(), "http://127.0.0.1:1", 0)
        .unwrap();
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let address = host.address().unwrap();
    (host, address)
}

/// Values of the metric that are not null.
fn values(address: &str, metric: &str) -> Option<Vec<f64>> {
    let answer = get(address, &format!("/operator/v1/history?metric={metric}")).unwrap();
    if answer.status == 404 {
        return None;
    }
    let reply: Value = answer.json().unwrap();
    let values = reply["series"][0]["values"].as_array().unwrap().iter();
    Some(values.filter_map(Value::as_f64).collect())
}

fn wait_for_values(address: &str, count: usize) -> Vec<f64> {
    let found = wait_for("values of the history", PATIENCE, || {
        values(address, "tig_host_uptime_seconds").filter(|values| values.len() >= count)
    });
    found.unwrap()
}

fn ring(site: &Site) -> PathBuf {
    site.folder().join("backup/history/day.ring")
}

#[test]
fn history_goes_on_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let (mut host, address) = start(&site);
    wait_for_values(&address, 1);
    host.kill();
    // What a crash of the machine may leave: the end of the newest values is missing.
    let file = fs::File::options().write(true).open(ring(&site)).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - 1).unwrap();
    let (mut host, address) = start(&site);
    wait_for_values(&address, 1);
    host.kill();
    let (_host, address) = start(&site);
    // One of this run and one of an earlier one.
    wait_for_values(&address, 2);
}

#[test]
fn history_of_another_format_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let history = folder.path().join("backup/history");
    fs::create_dir_all(&history).unwrap();
    fs::write(history.join("series.json"), "{\"format\":99}").unwrap();
    let (host, address) = start(&site);
    wait_for_values(&address, 1);
    assert!(
        host.log().contains("the history begins again"),
        "{}",
        host.log()
    );
    assert!(history.join("set-aside/series.json").exists());
}

#[test]
fn history_that_cannot_be_kept_stops_no_host() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let backup = folder.path().join("backup");
    fs::create_dir_all(&backup).unwrap();
    // A file where the folder belongs.
    fs::write(backup.join("history"), "").unwrap();
    let (host, address) = start(&site);
    let answer = get(&address, "/operator/v1/history?metric=a").unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(get(&address, "/metrics").unwrap().status, 200);
    assert!(
        host.log().contains("no history of metrics is kept"),
        "{}",
        host.log()
    );
}

#[test]
fn history_rejects_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let (_host, address) = start(&site);
    wait_for_values(&address, 1);
    let status = |query: &str| {
        let answer = get(&address, &format!("/operator/v1/history{query}")).unwrap();
        let reply: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(reply["error"].is_string(), "{}", answer.body);
        answer.status
    };
    assert_eq!(status(""), 400);
    assert_eq!(status("?metric=no_such_metric"), 404);
    assert_eq!(status("?metric=tig_host_up&points=many"), 400);
    assert_eq!(status("?metric=tig_host_up&from_ms=9&to_ms=8"), 400);
    assert_eq!(status("?metric=tig_host_up&since=1"), 400);
    let listed = get(&address, "/operator/v1/history/metrics").unwrap();
    let listed: Value = listed.json().unwrap();
    let metrics = listed["metrics"].as_array().unwrap();
    assert!(metrics.iter().any(|metric| metric["name"] == "tig_host_up"));
    let one = get(
        &address,
        "/operator/v1/history?metric=tig_host_up&label.extension=job_manager",
    );
    let one: Value = one.unwrap().json().unwrap();
    assert_eq!(one["series"].as_array().unwrap().len(), 1);
}
