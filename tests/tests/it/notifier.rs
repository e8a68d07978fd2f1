//! Alerts of a real host come to a real webhook, whatever ends or disturbs both.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tig_system_tests::{NOTIFIER, Process, Site, get, wait_for};

use crate::support::{PATIENCE, one_challenge, patch_config, site};
use crate::webhook::{Mood, Received, Webhook, has};

/// The secret that host and webhook share.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789";

/// The authentication code by its definition, RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    let padded = |pad: u8| -> Vec<u8> {
        let key = key.iter().copied().chain(std::iter::repeat(0));
        key.take(64).map(|byte| byte ^ pad).collect()
    };
    let inner = Sha256::digest([&padded(0x36), message].concat());
    hex::encode(Sha256::digest([&padded(0x5c), &inner[..]].concat()))
}

/// A host whose API cannot be reached, which is an alert, and whose alerts go to `webhook`.
fn write_config(site: &Site, webhook: &Webhook) {
    site.add_plugin(NOTIFIER, &site.artifacts().plugin(NOTIFIER))
        .unwrap();
    site.write_config(&one_challenge(), "http://127.0.0.1:1", 0)
        .unwrap();
    let mut key = File::options();
    let key = key.create(true).truncate(true).write(true).mode(0o600);
    let mut key = key.open(site.folder().join("alerts_key")).unwrap();
    writeln!(key, "{SECRET}").unwrap();
    let url = format!("http://127.0.0.1:{}/secret-path", webhook.port);
    fs::write(site.folder().join("webhook.json"), json!(url).to_string()).unwrap();
    patch_config(site, |config| {
        config["keys"]["alerts"] = json!({
            "kind": "hmac-sha256", "file": "alerts_key", "extensions": [NOTIFIER],
        });
        let extensions = config["extensions"].as_array_mut().unwrap();
        extensions.push(json!(NOTIFIER));
        config["config"][NOTIFIER] = json!({
            "webhooks": { "ops": { "url": { "$file": "webhook.json" }, "key": "alerts" } },
            "name": "east",
            "group_ms": 200,
        });
    });
}

fn start(site: &Site) -> Process {
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    host.address().unwrap();
    host
}

fn wait<T>(what: &str, host: &Process, look: impl FnMut() -> Option<T>) -> T {
    let found = wait_for(what, PATIENCE, look);
    found.unwrap_or_else(|error| panic!("{error}\n{}", host.log_tail(30)))
}

#[test]
fn notifier_delivers_across_kill_and_reload() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let webhook = Webhook::start(Mood::Answers(500));
    write_config(&site, &webhook);
    let mut host = start(&site);
    let first = wait("a first attempt", &host, || {
        webhook.received().into_iter().next()
    });
    assert!(
        has(&[first.message()], "raised", "api_unreachable"),
        "{}",
        first.message()
    );
    host.kill();

    webhook.turn(Mood::Answers(200));
    let host = start(&site);
    wait("the message", &host, || {
        (!webhook.delivered().is_empty()).then_some(())
    });
    let received = webhook.received();
    let delivered = received.iter().find(|it| it.status == 200).unwrap();
    assert_eq!(delivered.message()["id"], first.message()["id"]);
    let signed = [
        delivered.header("x-tig-timestamp").as_bytes(),
        b".",
        &delivered.body,
    ]
    .concat();
    let signature = format!("sha256={}", hmac_sha256(SECRET.as_bytes(), &signed));
    assert_eq!(delivered.header("x-tig-signature"), signature);

    // Another alert meets a webhook that hangs, and the extension is replaced while it does.
    webhook.turn(Mood::Hangs);
    let plugin = site.plugin("difficulty_sampler");
    let whole = fs::read(&plugin).unwrap();
    fs::write(&plugin, "not a plugin").unwrap();
    let hanging = |it: &Received| it.status == 0;
    wait("a request that hangs", &host, || {
        webhook.received().into_iter().find(hanging)
    });
    patch_config(&site, |config| {
        config["config"][NOTIFIER]["repeat_ms"] = json!(0)
    });
    wait("the reload", &host, || {
        let log = host.log();
        log.lines()
            .any(|line| line.contains("reloaded") && line.contains(NOTIFIER))
            .then_some(())
    });
    webhook.turn(Mood::Answers(200));
    wait("the second alert", &host, || {
        has(&webhook.delivered(), "raised", "version_rejected").then_some(())
    });
    fs::write(&plugin, whole).unwrap();
    wait("its end", &host, || {
        has(&webhook.delivered(), "cleared", "version_rejected").then_some(())
    });

    let messages = webhook.delivered();
    let raised = messages
        .iter()
        .flat_map(|it| it["raised"].as_array().unwrap());
    let repeated = raised
        .filter(|item| item["code"] == "api_unreachable")
        .count();
    assert_eq!(
        repeated, 1,
        "the restart is not another beginning: {messages:?}"
    );
    assert!(
        !host.log().contains("secret-path"),
        "the address is in the log"
    );
}

#[test]
fn notifier_follows_no_redirect() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let other = Webhook::start(Mood::Answers(200));
    let webhook = Webhook::start(Mood::Redirects(other.port));
    write_config(&site, &webhook);
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let address = host.address().unwrap();
    let failing = wait("the condition", &host, || {
        let conditions = get(&address, "/operator/v1/conditions").unwrap();
        let conditions: Value = conditions.json().unwrap();
        let mut conditions = conditions["conditions"].as_array().unwrap().iter();
        conditions
            .find(|it| it["code"] == "webhook_failing")
            .cloned()
    });
    assert_eq!(failing["subject"], "ops");
    assert!(!failing.to_string().contains("secret-path"), "{failing}");
    assert!(other.received().is_empty(), "the body went elsewhere");
    assert!(
        !host.log().contains("secret-path"),
        "the address is in the log"
    );
}

#[test]
fn notifier_added_late_sends_what_stands() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let webhook = Webhook::start(Mood::Answers(200));
    write_config(&site, &webhook);
    // Keys cannot change while the host runs.
    patch_config(&site, |config| {
        config["keys"] = json!({});
        config["config"][NOTIFIER]["webhooks"]["ops"]["key"] = Value::Null;
    });
    let whole = fs::read(site.config_file()).unwrap();
    patch_config(&site, |config| {
        config["extensions"].as_array_mut().unwrap().pop();
        config["config"].as_object_mut().unwrap().remove(NOTIFIER);
    });
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let address = host.address().unwrap();
    wait("the condition", &host, || {
        let conditions = get(&address, "/operator/v1/conditions").unwrap();
        conditions.body.contains("api_unreachable").then_some(())
    });
    fs::write(site.config_file(), whole).unwrap();
    wait("the alert", &host, || {
        has(&webhook.delivered(), "raised", "api_unreachable").then_some(())
    });
}
