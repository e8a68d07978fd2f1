//! The command line beside a running system: what the stock extensions show and do.

use std::process::{Command, Stdio};

use serde_json::Value;
use tig_system_tests::{HONEST, Stage, request, wait_for};

use crate::support::{PATIENCE, Running, one_challenge};

/// What a command said.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs a command of `tig-host` for the running host.
fn tig_host(running: &Running, arguments: &[&str]) -> Ran {
    let site = &running.stack.site;
    let mut command = Command::new(site.artifacts().program("tig-host"));
    command
        .args(arguments)
        .arg("--config")
        .arg(site.config_file());
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The output of a command that succeeds.
fn shown(running: &Running, arguments: &[&str]) -> String {
    let ran = tig_host(running, arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    let is_harmful =
        |char: char| (char.is_control() && char != '\n') || matches!(char, '\u{202a}'..='\u{202e}');
    assert!(!ran.stdout.contains(is_harmful), "{arguments:?}: {ran:?}");
    ran.stdout
}

#[test]
fn cli_shows_every_panel_of_the_stock_extensions() {
    let mut running = Running::start(&one_challenge());
    running.wait_for_benchmark("a proof", |benchmark| benchmark.stage == Stage::Proof);
    // A slave's name is whatever it says.
    let name = "mallory\u{202e}\u{9b}2J";
    let address = running.stack.host_address.clone();
    let _ = request(&address, "GET", "/get-batch", &[("User-Agent", name)], &[]);
    let panels = tig_host(&running, &["panel", "--json"]).json();
    let panels: Vec<&str> = panels["panels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    for panel in [
        "jobs",
        "precommits",
        "difficulty",
        "slaves",
        "submissions",
        "network",
    ] {
        assert!(panels.contains(&panel), "no {panel} in {panels:?}");
    }
    for panel in panels {
        let text = shown(&running, &[panel]);
        assert!(text.lines().count() > 2, "{panel}: {text}");
        let panel = tig_host(&running, &["panel", panel, "--json"]).json();
        assert!(panel["widgets"].is_array(), "{panel}");
    }
    assert!(shown(&running, &["slaves"]).contains(HONEST));
    assert!(shown(&running, &["slaves", "--find", HONEST]).contains(HONEST));
    assert!(shown(&running, &["precommits"]).contains("qualifying"));
    assert!(shown(&running, &["events", "--help"]).contains("tail"));
}

#[test]
fn cli_acts_on_the_stock_extensions() {
    let mut running = Running::start(&one_challenge());
    running.wait_for_benchmark("a benchmark", |_| true);
    let has_slave = || shown(&running, &["slaves"]).contains(HONEST).then_some(());
    wait_for("the slave", PATIENCE, has_slave).unwrap();
    shown(&running, &["cordon", HONEST]);
    assert!(shown(&running, &["why", HONEST]).contains("uncordon"));
    assert!(shown(&running, &["slaves"]).contains("cordoned"));
    shown(&running, &["uncordon", HONEST]);
    let text = shown(&running, &["pause"]);
    assert!(text.starts_with("precommit_manager: pause done"), "{text}");
    assert!(shown(&running, &["why"]).contains("tig-host resume"));
    shown(&running, &["resume"]);
    let ran = tig_host(&running, &["cordon", "nobody-of-this-name"]);
    assert_ne!(ran.code, Some(2), "the extension decides: {ran:?}");
    let ran = tig_host(&running, &["cordn", HONEST]);
    assert!(
        ran.code == Some(2) && ran.stderr.contains("`cordon`"),
        "{ran:?}"
    );
}
