//! Troubles that are planted, one after the other: each must be on the page, in `tig-host why`, and an alert if it needs a
//! person.

mod rig;

use std::fs;
use std::process::Command;

use serde_json::json;
use tig_system_tests::{BadSlaves, LIAR, MasterOptions, Trust, post, skip};

use self::rig::{Expected, Plan, Rig};
use crate::support::{one_challenge, patch_config};

const CHALLENGE: &str = "satisfiability";

#[test]
fn config_faults_are_reasons_and_alerts() {
    // Nothing is precommitted with any of these, so one host shows them all.
    let plan = Plan {
        options: MasterOptions::default(),
        has_slave: false,
        ..Plan::default()
    };
    let rig = Rig::start(&plan, |config| {
        let selection = &mut config["config"]["precommit_manager"]["algo_selection"];
        selection["satisfiability"]["algorithm"] = json!("walk_sta");
        selection["knapsack"]["max_fee"] = json!(0.000_000_1);
        selection["vector_search"]["weight"] = json!(0.0);
        selection["vehicle_rooting"] = selection["vehicle_routing"].take();
        selection.as_object_mut().unwrap().remove("vehicle_routing");
        let jobs = &mut config["config"]["job_manager"];
        jobs["vehicle_rooting"] = jobs["vehicle_routing"].clone();
    });
    let manager = "precommit_manager";
    rig.expect(Expected::alert(manager, "unknown_algorithm").about("satisfiability"));
    rig.expect(Expected::alert(manager, "unknown_challenge").about("vehicle_rooting"));
    rig.expect(Expected::reason(manager, "fee_over_limit").about("knapsack"));
    rig.expect(Expected::reason(manager, "no_weight").about("vector_search"));
    rig.expect(Expected::reason(manager, "no_selection").about("vehicle_routing"));
}

#[test]
fn network_that_ends_is_alert_until_it_returns() {
    let mut rig = Rig::start(&Plan::default(), |_| {});
    let gone = Expected::alert("data_fetcher", "api_unreachable");
    rig.devnet.kill();
    rig.expect(gone);
    let port = rig.network.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut devnet = rig.site.devnet(port, 1_000);
    rig.devnet = rig.site.spawn("tig-devnet", &mut devnet).unwrap();
    rig.expect_end(gone);
}

#[test]
fn network_with_faults_is_alert() {
    let rig = Rig::start(&Plan::default(), |_| {});
    rig.faults(&json!({ "seed": 1, "rules": [
        { "fault": { "clock_skew": { "ms": 3_600_000 } }, "rate": 1.0, "method": "GET" },
        { "fault": { "reject": { "text": "not today" } }, "rate": 1.0, "path": "/submit-benchmark" },
    ] }));
    rig.expect(Expected::alert("data_fetcher", "clock_off"));
    rig.expect(Expected::alert("submissions_manager", "submission_rejected").about_any());
    rig.faults(&json!({ "seed": 2, "rules": [
        { "fault": "empty_listing", "rate": 1.0, "method": "GET" },
    ] }));
    rig.expect(Expected::alert("data_fetcher", "listing_emptied"));
}

#[test]
fn poor_account_is_alert() {
    let plan = Plan {
        balance: Some(0.01),
        has_slave: false,
        ..Plan::default()
    };
    let rig = Rig::start(&plan, |_| {});
    rig.expect(Expected::alert("precommit_manager", "fee_balance_low"));
}

#[test]
fn slaves_in_trouble_are_alerts() {
    let plan = Plan {
        has_slave: false,
        options: MasterOptions {
            trust: Trust::InTheMajority,
            ..one_challenge()
        },
        ..Plan::default()
    };
    let mut rig = Rig::start(&plan, |_| {});
    let mut failing = Command::new(rig.site.artifacts().program("tig-slave"));
    failing
        .args(["--exit-with-parent", "--name", "east"])
        .arg(format!("http://{}", rig.address))
        .arg("/bin/false")
        .arg(rig.site.folder().join("east"));
    rig.slaves
        .push(rig.site.spawn("east", &mut failing).unwrap());
    rig.expect(Expected::alert("slave_manager", "slave_cannot_run").about("east"));
    rig.expect(Expected::alert("slave_manager", "all_slaves_cannot_run").about_any());
    let _bad = BadSlaves::start(&rig.site, &rig.address).unwrap();
    rig.add_slave("north");
    rig.add_slave("south");
    rig.expect(Expected::alert("slave_manager", "slave_quarantined").about(LIAR));
}

#[test]
fn full_disk_is_alert() {
    let probe = Command::new("unshare").args(["--mount", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("file systems cannot be mounted here");
    }
    let plan = Plan {
        is_disk_small: true,
        ..Plan::default()
    };
    let rig = Rig::start(&plan, |config| {
        config["plugin_cache_folder"] = json!("cache")
    });
    rig.expect(Expected::alert("host", "disk_low"));
}

#[test]
fn webhook_that_is_gone_is_alert_elsewhere() {
    let rig = Rig::start(&Plan::default(), |config| {
        config["config"]["notifier"]["webhooks"]["gone"] = json!({ "url": "http://127.0.0.1:1/" });
    });
    let _ = post(&rig.address, "/faulty/panic", b"").unwrap();
    rig.expect(Expected::alert("notifier", "webhook_failing").about("gone"));
}

#[test]
fn drain_that_waits_is_reason() {
    let plan = Plan {
        has_slave: false,
        ..Plan::default()
    };
    let rig = Rig::start(&plan, |_| {});
    // There is something to wait for.
    rig.expect(Expected::alert("slave_manager", "no_slaves"));
    rig.tig_host(&["drain"]);
    rig.expect(Expected::reason("host", "draining"));
}

#[test]
fn wrong_key_is_alert() {
    let plan = Plan {
        has_slave: false,
        has_wrong_key: true,
        ..Plan::default()
    };
    let rig = Rig::start(&plan, |_| {});
    rig.expect(Expected::alert("submissions_manager", "api_key_refused"));
}

#[test]
fn work_without_slaves_is_alert() {
    let plan = Plan {
        has_slave: false,
        ..Plan::default()
    };
    let mut rig = Rig::start(&plan, |config| {
        config["config"]["precommit_manager"]["max_unresolved"] = json!(1);
    });
    let manager = "precommit_manager";
    let nobody = Expected::alert("slave_manager", "no_slaves");
    rig.expect(Expected::alert(manager, "max_unresolved_reached"));
    rig.expect(nobody);
    rig.add_slave("west");
    rig.expect_end(nobody);
    rig.tig_host(&["cordon", "west"]);
    let cordoned = Expected::reason("slave_manager", "slave_cordoned").about("west");
    rig.expect(cordoned);
    rig.tig_host(&["uncordon", "west"]);
    rig.expect_end(cordoned);
    rig.tig_host(&["pause"]);
    let paused = Expected::reason(manager, "paused");
    rig.expect(paused);
    rig.tig_host(&["resume"]);
    rig.expect_end(paused);
}

#[test]
fn spent_budget_is_reason() {
    let plan = Plan {
        has_slave: false,
        ..Plan::default()
    };
    let rig = Rig::start(&plan, |config| {
        config["config"]["precommit_manager"]["budget_per_day"] = json!(0.000_001);
    });
    rig.expect(Expected::reason("precommit_manager", "budget_reached").about(CHALLENGE));
}

#[test]
fn extensions_in_trouble_are_alerts() {
    let rig = Rig::start(&Plan::default(), |_| {});
    fs::write(rig.site.plugin("difficulty_sampler"), "not a plugin").unwrap();
    rig.expect(Expected::alert("host", "version_rejected").about("difficulty_sampler"));
    patch_config(&rig.site, |config| config["port"] = json!("none"));
    rig.expect(Expected::alert("host", "config_rejected"));
    let ordered = post(&rig.address, "/faulty/panic", b"").unwrap();
    assert_eq!(ordered.status, 200, "{}", ordered.body);
    rig.expect(Expected::alert("host", "extension_stopped").about("faulty"));
}

#[test]
fn stuck_handler_is_alert() {
    let rig = Rig::start(&Plan::default(), |_| {});
    let ordered = post(&rig.address, "/faulty/stuck", b"").unwrap();
    assert_eq!(ordered.status, 200, "{}", ordered.body);
    rig.expect(Expected::alert("host", "handler_stuck").about("faulty"));
}
