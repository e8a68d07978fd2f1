//! Nobody reads what the programs print, or can: the work goes on.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};
use tig_system_tests::{Artifacts, MasterOptions, Process, Site, get, own_port, skip, wait_for};

use crate::programs::{END, Programs, exit_code};
use crate::support::{PACE, PATIENCE, site};

const CONFIG: i32 = 3;

/// A pipe that takes nothing more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    // First pages, then bytes, to the last one.
    for chunk in [&[b'\n'; 4_096][..], b"\n"] {
        while writer.write(chunk).is_ok() {}
    }
    ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

/// A pipe whose reader has gone.
fn closed_pipe() -> PipeWriter {
    std::io::pipe().unwrap().1
}

fn full_disk() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

fn signal(process: &Process, signal: Signal) {
    let id = i32::try_from(process.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// Devnet, host and slave with this standard error until a proof is confirmed; then all are asked to stop.
fn prove_with(stderr: impl Fn() -> Stdio) {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let mut programs = Programs::start(&site, PACE.workers, |name, command| {
        // Much to say.
        let mut command = command();
        command.env("RUST_LOG", "debug");
        Process::spawn_with_stderr(name, &mut command, site.folder(), stderr()).unwrap()
    });
    programs.wait_for_proof();
    let Programs {
        devnet,
        host,
        slave,
        ..
    } = &mut programs;
    for process in [&*slave, devnet, host] {
        signal(process, Signal::TERM);
    }
    // The second one ends the host's wait for its benchmarks.
    signal(host, Signal::TERM);
    for process in [slave, devnet] {
        assert_eq!(exit_code(process), Some(0));
    }
    wait_for("the end of the host", END, || {
        let ended = host.exit_status();
        if ended.is_none() {
            signal(host, Signal::TERM);
        }
        ended
    })
    .map(|status| assert_eq!(status.code(), Some(0)))
    .unwrap();
}

#[test]
fn reader_of_the_log_has_gone_work_goes_on() {
    prove_with(|| closed_pipe().into());
}

#[test]
fn disk_of_the_log_is_full_work_goes_on() {
    prove_with(|| full_disk().into());
}

#[test]
fn log_that_nobody_reads_work_goes_on() {
    let pipe = full_pipe();
    prove_with(|| pipe.1.try_clone().unwrap().into());
}

#[test]
fn log_read_again_continues() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let (mut reader, writer) = full_pipe();
    let mut command = site.devnet(0, 100);
    let mut devnet =
        Process::spawn_with_stderr("tig-devnet", &mut command, folder.path(), writer.into())
            .unwrap();
    // The command holds the other end too.
    drop(command);
    devnet.address().unwrap();
    let mut log = String::new();
    let mut bytes = [0; 4_096];
    while !log.contains("new block") {
        let count = reader.read(&mut bytes).unwrap();
        assert!(count > 0, "{log}");
        log += &String::from_utf8_lossy(&bytes[..count]);
    }
    assert!(log.contains("network started"), "{log}");
}

#[test]
fn refusal_that_nobody_reads_keeps_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let pipe = full_pipe();
    let sinks: [Stdio; 3] = [
        pipe.1.try_clone().unwrap().into(),
        closed_pipe().into(),
        full_disk().into(),
    ];
    for sink in sinks {
        // There is no config.
        let mut command = site.host();
        let mut host =
            Process::spawn_with_stderr("tig-host", &mut command, folder.path(), sink).unwrap();
        assert_eq!(exit_code(&mut host), Some(CONFIG));
    }
}

#[test]
fn server_with_full_output_serves() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let port = own_port();
    let (_reader, writer) = full_pipe();
    let mut child = site
        .devnet(port, 100)
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let served = wait_for("an answer", PATIENCE, || {
        get(&format!("127.0.0.1:{port}"), "/devnet/status").ok()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    served.unwrap();
}

/// Commands that print on standard output, and need nothing that runs.
fn printing_commands(site: &Site, artifacts: &Artifacts) -> Vec<Command> {
    let command = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(artifacts.program(program));
        command.args(arguments);
        command
    };
    let config = site.config_file().display().to_string();
    let plugin = site.plugin("job_manager").display().to_string();
    vec![
        command("tig-host", &["--help"]),
        command("tig-host", &["check", &config]),
        command("tig-host", &["plugin", "list", &config]),
        command("tig-host", &["plugin", "info", &plugin, "--json"]),
        command("tig-slave", &["--help"]),
        command("tig-devnet", &["--help"]),
        command("tig-worker", &["--help"]),
        command("tig-slave", &["completions", "bash"]),
    ]
}

#[test]
fn command_whose_reader_has_gone_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    site.write_config(&MasterOptions::default(), "http://127.0.0.1:9", 0)
        .unwrap();
    for mut command in printing_commands(&site, site.artifacts()) {
        let output = command.stdout(closed_pipe()).stderr(Stdio::piped());
        let output = output.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*text), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn export_to_a_full_disk_fails_and_to_nobody_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    site.write_config(&MasterOptions::default(), "http://127.0.0.1:9", 0)
        .unwrap();
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    host.address().unwrap();
    host.stop();
    let export = |stdout: Stdio| {
        let mut command = Command::new(site.artifacts().program("tig-host"));
        command
            .args(["store", "export", "--config"])
            .arg(site.config_file());
        command.stdout(stdout).output().unwrap()
    };
    let output = export(full_disk().into());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.starts_with("error: cannot write to standard output: "),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
    let output = export(closed_pipe().into());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*text), (Some(0), ""));
}

/// Ignores SIGHUP, as `nohup` does.
fn with_nohup(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"trap "" HUP; exec "$@""#, "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell
}

#[test]
fn hang_up_stops_slave_and_network_unless_nohup() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let devnet = || site.devnet(0, 100);
    let slave = || site.slave("127.0.0.1:9", "local", 1);
    let start = |name: &str, mut command: Command| {
        let process = site.spawn(name, &mut command).unwrap();
        wait_for(name, PATIENCE, || {
            process.log().contains("started").then_some(())
        })
        .unwrap();
        process
    };
    for (name, command) in [("devnet", devnet()), ("slave", slave())] {
        let mut process = start(name, command);
        signal(&process, Signal::HUP);
        assert_eq!(exit_code(&mut process), Some(0), "{name}");
        assert!(process.log().contains("SIGHUP"), "{}", process.log());
    }
    for (name, command) in [("devnet-nohup", devnet()), ("slave-nohup", slave())] {
        let mut process = start(name, with_nohup(&command));
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
        assert_eq!(ignored & 1, 1, "{name}");
        signal(&process, Signal::HUP);
        // The first request to stop is this one.
        signal(&process, Signal::TERM);
        assert_eq!(exit_code(&mut process), Some(0), "{name}");
        let log = process.log();
        assert!(log.contains("SIGTERM") && !log.contains("SIGHUP"), "{log}");
    }
}

/// `script` gives a program a terminal, and takes it away when it is killed.
fn in_a_terminal(command: &Command, log: &Path) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted: Vec<String> = words
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let mut script = Command::new("script");
    script
        .args([
            "--quiet",
            "--command",
            &format!("exec {}", quoted.join(" ")),
        ])
        .arg(log);
    script
}

#[test]
fn closed_terminal_does_not_end_the_host() {
    if Command::new("script").arg("--version").output().is_err() {
        return skip("there is no program `script` (util-linux), which stands for a terminal");
    }
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    site.write_config(&MasterOptions::default(), "http://127.0.0.1:9", own_port())
        .unwrap();
    // Without `--exit-with-parent`: the input is the terminal.
    let mut host = Command::new(site.artifacts().program("tig-host"));
    host.arg(site.config_file());
    let mut terminal = in_a_terminal(&host, &folder.path().join("typescript"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = || {
        let mut command = Command::new(site.artifacts().program("tig-host"));
        command
            .args(["status", "--json", "--config"])
            .arg(site.config_file());
        let output = command.output().unwrap();
        let value: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
        value.filter(|_| output.status.success())
    };
    wait_for("the host", PATIENCE, status).unwrap();
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    // The signal makes it read its config again, and log to a terminal that is gone.
    for _ in 0..10 {
        wait_for("the host without its terminal", PATIENCE, status).unwrap();
    }
    let mut drain = site.drain(0);
    assert!(drain.output().unwrap().status.success());
    wait_for("the end of the host", END, || {
        status().is_none().then_some(())
    })
    .unwrap();
}
