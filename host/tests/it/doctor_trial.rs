//! The trial run of `tig-host doctor`: what extensions report, and that nothing is changed by it.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::doctor::{Api, Report, doctor_with};
use crate::support::{Home, fixture};

/// With the APIs, and a trial run that lasts long enough on a busy machine.
fn online(home: &Home) -> Report {
    doctor_with(home, &["--wait", "5"], &[])
}

/// A home whose only extension does what `section` says.
fn patient(section: Value) -> Home {
    let home = Home::new();
    home.install("patient", &fs::read(fixture("patient")).unwrap());
    home.write_config(&config(&home, section));
    home
}

fn config(home: &Home, section: Value) -> Value {
    let mut config = home.config();
    config["extensions"] = json!(["patient"]);
    config["config"] = json!({ "patient": section });
    config["identity"] = json!({});
    config
}

#[test]
fn doctor_trial_sends_nothing_but_reads() {
    let api = Api::ok();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let websocket = format!("ws://{}/", socket.local_addr().unwrap());
    let home = patient(json!({ "url": api.url, "websocket": websocket, "emits": { "n": 1 } }));
    let report = online(&home);
    assert_eq!(report.code, Some(0), "{report:?}");
    report.expect(["ok", "patient", "answered Get: Get: 200", ""]);
    report.expect([
        "ok",
        "trial run",
        "withheld POST Post to http://127.0.0.1:",
        "",
    ]);
    report.expect(["ok", "trial run", "and 2 more", ""]);
    assert_eq!(api.asked(), ["GET / HTTP/1.1"]);
    assert!(socket.accept().is_err(), "a connection was opened");
    assert!(!home.path("backup").exists(), "something was stored");
    let hidden = |entry: &std::io::Result<fs::DirEntry>| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with('.')
    };
    let mut left = fs::read_dir(home.folder.path()).unwrap();
    assert!(!left.any(|entry| hidden(&entry)), "a folder is left");
}

#[test]
fn doctor_trial_shows_conditions_by_severity() {
    let condition = |code: &str, severity: &str| json!({ "code": code, "subject": "s", "severity": severity, "text": "t\u{1b}[2J", "remedy": "do it" });
    let conditions = [
        condition("waits", "info"),
        condition("fee_balance_low", "warning"),
        condition("api_refuses", "critical"),
    ];
    let home = patient(json!({ "conditions": conditions }));
    let report = online(&home);
    report.expect(["ok", "patient", "waits s: t", "do it"]);
    report.expect(["warn", "patient", "fee_balance_low s: t", "do it"]);
    report.expect(["fail", "patient", "api_refuses s: t", "do it"]);
}

#[test]
fn doctor_trial_shows_failing_extensions() {
    let home = patient(json!({ "fails": true }));
    online(&home).expect(["warn", "patient", "ordered to fail", "support-bundle"]);
}

#[test]
fn doctor_asks_the_running_host() {
    let conditions = [json!({ "code": "low", "severity": "critical", "text": "t", "remedy": "r" })];
    let api = Api::ok();
    let home = patient(json!({ "conditions": conditions, "url": null }));
    let host = home.start();
    let report = online(&home);
    report.expect(["fail", "patient", "low: t", "r"]);
    report.expect(["ok", "host", "runs on", ""]);
    report.expect(["ok", "port", "held by the running host", ""]);
    report.expect(["ok", "store", "running host", ""]);
    assert!(!report.has(["ok", "trial run", "", ""]), "{report:?}");
    // A port that is taken by another config's host is a trouble.
    let other = Home::new();
    let mut config = other.config();
    let port: u16 = host.url().rsplit_once(':').unwrap().1.parse().unwrap();
    config["port"] = json!(port);
    config["identity"]["api_url"] = json!(api.url);
    other.write_config(&config);
    online(&other).expect(["fail", "port", "cannot listen", "stop what uses the port"]);
}
