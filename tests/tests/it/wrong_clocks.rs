//! A host whose store was written while the system's clock was ahead.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tig_system_tests::{MasterOptions, PLAYER_ID, Site, get, wait_for};

use crate::support::{holds_line, site};

const API_URL: &str = "http://127.0.0.1:9";
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Longer than a host takes to start on a busy machine.
const START: Duration = Duration::from_secs(60);

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Output of a `tig-host store` command on the store of this site.
fn store(site: &Site, arguments: &[&str]) -> String {
    let mut host = std::process::Command::new(site.artifacts().program("tig-host"));
    let host = host.arg("store").args(arguments);
    let output = host.arg("--config").arg(site.config_file()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A store in which fees and a quarantine are of `ms`.
fn store_written_at(site: &Site, ms: u64) {
    let owner = json!({ "layout": "1", "player_id": PLAYER_ID, "api_url": API_URL });
    let value = |extension: &str, key: &str, json: Value| {
        let line = json!({ "extension": extension, "key": key, "json": json });
        json!({ "value": line })
    };
    let quarantine = json!({ "reason": "test", "until_ms": ms + DAY_MS, "evidence": [] });
    let spend = BTreeMap::from([((ms / HOUR_MS).to_string(), "3000000000000000000")]);
    let lines = [
        json!({ "store": owner }),
        value("precommit_manager", "spend", json!(spend)),
        value("slave_manager", "quarantine/liar", quarantine),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = site.folder().join("store.jsonl");
    fs::write(&path, text).unwrap();
    store(site, &["import", path.to_str().unwrap()]);
}

/// Runs a host until it has said how long the quarantine lasts.
fn quarantine_left_ms(site: &Site) -> u64 {
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let address = host.address().unwrap();
    let report = wait_for("the report", START, || {
        let report: Value = get(&address, "/slaves").ok()?.json().ok()?;
        Some(report)
    });
    let report = report.unwrap();
    assert!(holds_line(&host, &["h in the future", "as of now"]));
    assert!(holds_line(&host, &["liar", "it begins now"]));
    assert_eq!(host.log().matches("as of now").count(), 1, "logged once");
    report["quarantined"][0]["ends_in_ms"].as_u64().unwrap()
}

#[test]
fn stored_times_from_the_future_count_as_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let options = MasterOptions::default();
    site.write_config(&options, API_URL, 0).unwrap();
    store_written_at(&site, now_ms() + 10 * DAY_MS);
    for _ in 0..2 {
        let left_ms = quarantine_left_ms(&site);
        assert!((1..=DAY_MS).contains(&left_ms), "{left_ms}");
        let spend = store(&site, &["get", "precommit_manager", "spend"]);
        let spend: BTreeMap<String, String> = serde_json::from_str(&spend).unwrap();
        let (hour, fees) = spend.first_key_value().unwrap();
        assert!(hour.parse::<u64>().unwrap() <= now_ms() / HOUR_MS);
        assert_eq!((spend.len(), fees.as_str()), (1, "3000000000000000000"));
    }
}
