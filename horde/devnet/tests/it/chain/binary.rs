//! The chain of the program `horde-devnet` as a process.

use std::process::Stdio;

use horde_devnet::chain::{ChainReport, FaultKind};
use serde_json::Value;

use super::client::own_hotkey;
use crate::binary::{command, ready};
use crate::client::soon;

#[tokio::test]
async fn program_starts_the_chain_that_is_asked_for() {
    let hotkey = own_hotkey();
    let mut command = command();
    command
        .args(["--miners", "2", "--chain-port", "0", "--validator-hotkey"])
        .arg(&hotkey)
        .args(["--block-ms", "0", "--validators", "3", "--netuid", "49"])
        .args(["--token", "open sesame", "--first-block", "4400000"])
        .args(["--identity", "sn49", "--no-commit-reveal"])
        .args(["--chain-fault", "forks:2", "--chain-fault", "html@neurons"])
        .arg("--exit-with-parent")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let ready = ready(&mut child);
    let control = ready["control"].as_str().unwrap();
    let report = soon(reqwest::get(format!("http://{control}/chain"))).await;
    let report: ChainReport = report.unwrap().json().await.unwrap();
    assert_eq!(report.hotkey, hotkey);
    assert_eq!((report.netuid, report.identity.as_str()), (49, "sn49"));
    assert_eq!(report.block.number, 4_400_000);
    assert_eq!(report.neurons.len(), 6);
    assert!(!report.rules.commit_reveal_weights_enabled);
    assert_eq!(report.faults, ["forks:2*1", "html@neurons"]);

    let chain = ready["chain"].as_str().unwrap();
    let url = format!("http://{chain}/api/v1/identity/sn49/subnet/49/block/latest");
    let request = reqwest::Client::new().get(url).bearer_auth("open sesame");
    let block: Value = soon(request.send()).await.unwrap().json().await.unwrap();
    assert_eq!(block["block"]["number"], 4_400_000);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn help_and_list_show_every_fault() {
    for argument in ["chain-faults", "--help"] {
        let output = command().arg(argument).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        for info in FaultKind::list() {
            assert!(text.contains(info.name), "{argument}: {}", info.name);
        }
    }
}

#[test]
fn faulty_chains_on_the_command_line_are_rejected() {
    let hotkey = own_hotkey();
    for (arguments, expected) in [
        (vec!["--chain-port", "0"], "--validator-hotkey"),
        (vec!["--chain-fault", "html"], "--chain-port"),
        (vec!["--chain-fault", "sloth"], "\"sloth\" is not a fault"),
        (
            vec!["--chain-port", "0", "--validator-hotkey", "5x"],
            "the chain cannot be started: \"5x\" is not an SS58 address",
        ),
        (
            vec![
                "--chain-port",
                "0",
                "--validator-hotkey",
                &hotkey,
                "--validators",
                "300",
            ],
            "a chain has at most 256",
        ),
    ] {
        let output = command().args(&arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(expected), "{text}");
    }
}
