//! The systemd units: valid, hardened, and wide enough for what host and slave do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tig_system_tests::skip;

use crate::programs::Programs;
use crate::support::site;

const UNITS: [&str; 3] = [
    "tig-host.service",
    "tig-slave@.service",
    "compute-horde.service",
];
/// Exposure as systemd counts it, in tenths: it calls up to 4.0 fine.
const EXPOSURE_TENTHS_MAX: u32 = 20;
const PYTHON: &str = "/usr/bin/python3";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn unit(name: &str) -> PathBuf {
    root().join("deploy/systemd").join(name)
}

/// Runs `systemd-analyze`; `None` where it is not installed.
fn analyze(arguments: &[&str], file: &Path) -> Option<Output> {
    let mut command = Command::new("systemd-analyze");
    command.env("SYSTEMD_COLORS", "0").arg("--no-pager");
    match command.args(arguments).arg(file).output() {
        Ok(output) => Some(output),
        Err(error) => {
            skip(&format!("systemd-analyze is not installed: {error}"));
            None
        }
    }
}

#[test]
fn units_are_valid_for_systemd() {
    let folder = tempfile::tempdir().unwrap();
    for name in UNITS {
        // Any program in place of those that a package installs.
        let text = fs::read_to_string(unit(name)).unwrap();
        let text = text.replace("ExecStart=/usr/bin/", "ExecStart=/bin/true ");
        let copy = folder.path().join(name.replace('@', "@main"));
        fs::write(&copy, text).unwrap();
        let Some(output) = analyze(&["verify", "--man=no"], &copy) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
    }
}

#[test]
fn units_leave_little_of_the_system_open() {
    for name in UNITS {
        let threshold = format!("--threshold={EXPOSURE_TENTHS_MAX}");
        let arguments = ["security", "--offline=true", &threshold];
        let Some(output) = analyze(&arguments, &unit(name)) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}");
    }
}

/// The lines of a unit from the first that takes rights away.
fn hardening(name: &str) -> Vec<String> {
    let text = fs::read_to_string(unit(name)).unwrap();
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("CapabilityBoundingSet="));
    let lines = lines.take_while(|line| !line.starts_with("[Install]"));
    let is_setting = |line: &&str| !line.is_empty() && !line.starts_with('#');
    lines.filter(is_setting).map(str::to_owned).collect()
}

/// `compute-horde up` becomes the host; the test below tries only the rights of tig-host.service.
#[test]
fn validator_has_the_rights_of_the_host() {
    let [host, _, validator] = UNITS;
    assert!(hardening(host).len() > 20, "{:?}", hardening(host));
    assert_eq!(hardening(validator), hardening(host));
}

/// Otherwise each pass of a restart loop would write objects into the buckets, and buckets that do not answer would delay the start by
/// minutes, so that a slot is overslept. The host checks them when it runs.
#[test]
fn validator_starts_without_a_check_of_the_buckets() {
    let guide = root().join("docs/computehorde.md");
    for path in [unit(UNITS[2]), guide] {
        let text = fs::read_to_string(&path).unwrap();
        let starts = text.lines().filter(|line| line.starts_with("ExecStart=/"));
        let starts: Vec<&str> = starts.collect();
        assert_eq!(starts.len(), 1, "{starts:?}");
        assert!(starts[0].contains(" up --no-check "), "{}", starts[0]);
    }
}

#[test]
fn units_filter_no_call_of_host_and_slave() {
    let has_seccomp = Command::new(PYTHON).args(["-c", "import seccomp"]).status();
    if !has_seccomp.is_ok_and(|status| status.success()) {
        return skip("Debian's python3-seccomp is not installed");
    }
    if analyze(&["syscall-filter"], Path::new("@default")).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let script = root().join("tests/fixtures/system_call_filter.py");
    let mut programs = Programs::start(&site, 1, |name, command| {
        let command = command();
        let filter = match name {
            "tig-host" => unit(UNITS[0]),
            "tig-slave" => unit(UNITS[1]),
            _ => return site.spawn(name, &mut { command }).unwrap(),
        };
        let mut filtered = Command::new(PYTHON);
        filtered
            .arg(&script)
            .arg(filter)
            .arg(command.get_program())
            .args(command.get_args())
            .env("RUST_LOG", "info");
        site.spawn(name, &mut filtered).unwrap()
    });
    programs.wait_for_proof();
}
