//! Ids of players as wallets show them and people copy them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tig_system_tests::{DevnetStatus, MasterOptions, PLAYER_ID, Process, Site, wait_for};

use crate::support::{PACE, PATIENCE, holds_line, one_challenge, site};

/// A refusal takes no longer.
const REFUSAL: Duration = Duration::from_secs(60);

fn write_config(site: &Site, options: &MasterOptions, api_url: &str, player_id: &str) {
    let mut config = options.host_config(api_url, 0);
    config["player_id"] = json!(player_id);
    fs::write(site.config_file(), config.to_string()).unwrap();
}

fn start_host(site: &Site) -> Process {
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    host.address().unwrap();
    host
}

#[test]
fn usual_spellings_of_a_player_id_work() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let mut devnet = site.spawn("tig-devnet", &mut site.devnet(0, PACE.block_ms));
    let devnet = devnet.as_mut().unwrap();
    let address = devnet.address().unwrap();
    let digits = PLAYER_ID.trim_start_matches("0x").to_uppercase();
    let mut known = 0;
    // One store for all of them.
    for spelling in [digits.clone(), format!("0X{digits}"), PLAYER_ID.to_owned()] {
        write_config(
            &site,
            &one_challenge(),
            &format!("http://{address}"),
            &spelling,
        );
        let host = start_host(&site);
        let more = wait_for("an accepted precommit", PATIENCE, || {
            let benchmarks = DevnetStatus::fetch(&address).unwrap().benchmarks;
            (benchmarks.len() > known).then_some(benchmarks.len())
        });
        known = more.unwrap_or_else(|error| panic!("{spelling}: {error}\n{}", host.log()));
    }
}

#[test]
fn check_reports_malformed_player_ids() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    for (player_id, expected) in [
        (&PLAYER_ID[..41], "`player_id`: it has 39 hex digits"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", "EIP-55"),
        ("vitalik.eth", "not a hex digit"),
    ] {
        write_config(&site, &one_challenge(), "http://127.0.0.1:9", player_id);
        let mut check = Command::new(site.artifacts().program("tig-host"));
        let output = check.arg("check").arg(site.config_file()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(text.ends_with("config.json: 1 fault\n"), "{text}");
    }
}

#[test]
fn a_refused_api_key_is_logged_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let mut devnet = site.spawn("tig-devnet", &mut site.devnet(0, PACE.block_ms));
    let address = devnet.as_mut().unwrap().address().unwrap();
    fs::write(
        folder.path().join("api_key"),
        "0123456789abcdef0123456789abcdef",
    )
    .unwrap();
    let options = one_challenge();
    write_config(&site, &options, &format!("http://{address}"), PLAYER_ID);
    let host = start_host(&site);
    let logged = wait_for("the remedy", REFUSAL, || {
        holds_line(&host, &["ERROR", "401", "`api_key_file`", "`player_id`"]).then_some(())
    });
    logged.unwrap_or_else(|error| panic!("{error}\n{}", host.log()));
}
