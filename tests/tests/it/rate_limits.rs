//! The limit of requests a minute: one for the whole host, and shown where it keeps something waiting.

use serde_json::{Value, json};
use tig_system_tests::{DevnetStatus, MasterOptions, Process, Site, get, wait_for};

use crate::support::{PACE, PATIENCE, holds_line, no_fraud, one_challenge, patch_config, site};

/// More than went in as long as a test waits when six a minute went, whatever the config said.
const PRECOMMITS: usize = 20;

struct Network {
    devnet: Process,
    host: Process,
    devnet_address: String,
    host_address: String,
}

/// A devnet, and a host that sends it so many POST requests a minute.
fn start(site: &Site, options: &MasterOptions, posts_per_minute: u32) -> Network {
    let mut devnet = site
        .spawn("tig-devnet", &mut site.devnet(0, PACE.block_ms))
        .unwrap();
    let devnet_address = devnet.address().unwrap();
    site.write_config(options, &format!("http://{devnet_address}"), 0)
        .unwrap();
    patch_config(site, |config| {
        config["http"]["posts_per_minute"] = json!(posts_per_minute);
    });
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let host_address = host.address().unwrap();
    Network {
        devnet,
        host,
        devnet_address,
        host_address,
    }
}

impl Network {
    fn wait_for<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let found = wait_for(what, PATIENCE, || {
            self.devnet.check_running().unwrap();
            self.host.check_running().unwrap();
            look(self)
        });
        found.unwrap_or_else(|error| panic!("{error}\n{}", self.host.log()))
    }

    fn status(&self) -> DevnetStatus {
        DevnetStatus::fetch(&self.devnet_address).unwrap()
    }

    fn report(&self, path: &str) -> Value {
        get(&self.host_address, path).unwrap().json().unwrap()
    }
}

#[test]
fn without_a_limit_precommits_follow_the_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let options = MasterOptions {
        max_precommits_per_block: 8,
        ..one_challenge()
    };
    let mut network = start(&site(folder.path()), &options, 0);
    network.wait_for("more precommits than a minute once had", |network| {
        (network.status().benchmarks.len() >= PRECOMMITS).then_some(())
    });
    assert!(!holds_line(
        &network.host,
        &["precommits wait for their turn"]
    ));
}

#[test]
fn limited_precommits_are_shown_and_proofs_go() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let options = MasterOptions {
        max_precommits_per_block: 8,
        ..one_challenge()
    };
    // One of three is left to precommits.
    let mut network = start(&site, &options, 3);
    network.wait_for("the reason at /precommits", |network| {
        let shown = &network.report("/precommits")["reason_code"];
        (*shown == json!({ "kind": "rate_limited", "detail": 1 })).then_some(())
    });
    network.wait_for("the number at /submissions", |network| {
        let shown = network.report("/submissions");
        let limit = &shown["rate_limited"]["precommits"];
        (limit["allowed_per_minute"] == 1).then_some(())
    });
    network.wait_for("the line in the log", |network| {
        let words = ["WARN", "precommits wait", "http.posts_per_minute is 3"];
        holds_line(&network.host, &words).then_some(())
    });
    let _slave = site
        .spawn(
            "tig-slave",
            &mut site.slave(&network.host_address, "local", PACE.workers),
        )
        .unwrap();
    network.wait_for("a confirmed proof", |network| {
        let status = network.status();
        no_fraud(&status);
        status.confirmed().next().map(drop)
    });
}
