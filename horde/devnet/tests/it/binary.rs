//! The program `horde-devnet` as a process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use horde_devnet::{MinerAddress, Vice, miner_addresses, trusted_keypair};
use serde_json::Value;

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_horde-devnet"));
    command.stdin(Stdio::piped()).env("RUST_LOG", "off");
    command
}

/// The first line of standard output.
pub(crate) fn ready(child: &mut Child) -> Value {
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[test]
fn program_says_where_it_listens_and_ends_with_0() {
    for signal in ["-TERM", "-INT"] {
        let mut command = command();
        command
            .args(["--miners", "3", "--seed", "7", "--executors", "2"])
            .args([
                "--class",
                "always_on.gpu-24gb",
                "--class",
                "always_on.llm.a6000",
            ])
            .args(["--vice", "1=slow:20", "--vice", "1=twice", "--instant"])
            .arg("--exit-with-parent")
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let ready = ready(&mut child);
        assert_eq!(ready["event"], "ready");
        let miners: Vec<MinerAddress> = serde_json::from_value(ready["miners"].clone()).unwrap();
        assert_eq!(miners, miner_addresses(7, 3, miners[0].address.port()));
        let id = child.id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(kill.success());
        assert!(child.wait().unwrap().success(), "{signal}");
    }
}

#[test]
fn trusted_miner_is_in_the_first_line() {
    let mut command = command();
    command
        .args(["--seed", "7", "--llm-executors", "3"])
        .args(["--trusted-port", "0", "--trusted-executors", "4"])
        .args(["--trusted-vice", "declines", "--exit-with-parent"])
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let ready = ready(&mut child);
    let hotkey = trusted_keypair(7).public().to_ss58();
    assert_eq!(ready["trusted"]["hotkey"], hotkey);
    let address = ready["trusted"]["address"].as_str().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn help_and_the_list_show_every_vice() {
    for argument in ["vices", "--help"] {
        let output = command().arg(argument).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        for info in Vice::list() {
            assert!(text.contains(info.name), "{argument}: {}", info.name);
        }
    }
}

#[test]
fn help_warns_of_jobs_that_run_as_programs() {
    let help = command().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        "Built in are the images of echo and hash jobs, and those that generate and answer prompts, as the published solver's --mock.",
        "Jobs of all other images run as programs of this machine, with your rights.",
    ] {
        assert!(help.contains(sentence), "{help}");
    }
}

#[test]
fn faulty_command_lines_are_rejected() {
    for (arguments, expected) in [
        (["--vice", "twice"], "write INDEX=NAME"),
        (["--vice", "x=twice"], "\"x\" is not the number of a miner"),
        (["--vice", "0=sloth"], "\"sloth\" is not a vice"),
        (["--vice", "3=twice"], "there is no miner 3"),
        (["--class", "gpu"], "gpu"),
        (["--miners", "0"], "a network has 1 to 4096"),
    ] {
        let output = command().args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(expected), "{text}");
    }
}
