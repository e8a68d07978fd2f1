//! What a service manager hears of host and slave: a socket of the test stands for systemd's.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tig_system_tests::{Process, Site, wait_for};

use crate::programs::exit_code;
use crate::support::{PATIENCE, one_challenge, site};

/// The socket of a service manager, and everything it has heard.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
    folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self {
            socket,
            heard: Vec::new(),
            folder,
        }
    }

    /// `command`, which reports here and is restarted if it is silent for three seconds.
    fn watch<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("WATCHDOG_USEC", "3000000")
    }

    /// The lines that came before the first that begins with `start`, once it is there; it and they are taken away.
    fn before(&mut self, start: &str) -> Vec<String> {
        let position = wait_for(start, PATIENCE, || {
            let mut bytes = [0; 4_096];
            while let Ok(count) = self.socket.recv(&mut bytes) {
                let text = String::from_utf8(bytes[..count].to_vec()).unwrap();
                self.heard.extend(text.lines().map(str::to_owned));
            }
            self.heard.iter().position(|line| line.starts_with(start))
        });
        let position = position.unwrap_or_else(|error| panic!("{error}: {:?}", self.heard));
        let rest = self.heard.split_off(position + 1);
        let mut before = std::mem::replace(&mut self.heard, rest);
        before.pop();
        before
    }
}

fn holds(lines: &[String], start: &str) -> bool {
    lines.iter().any(|line| line.starts_with(start))
}

fn send(process: &Process, signal: Signal) {
    let id = i32::try_from(process.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

fn prepared(folder: &Path) -> Site {
    let site = site(folder);
    site.write_config(&one_challenge(), "http://127.0.0.1:1", 0)
        .unwrap();
    site
}

#[test]
fn host_reports_its_life_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    let mut manager = Manager::new();
    let mut host = site
        .spawn("tig-host", manager.watch(&mut site.host()))
        .unwrap();
    let start = manager.before("READY=1");
    assert!(!holds(&start, "STOPPING"), "{start:?}");
    manager.before("WATCHDOG=1");
    manager.before("WATCHDOG=1");

    send(&host, Signal::HUP);
    manager.before("RELOADING=1");
    let reload = manager.before("READY=1");
    assert!(reload[0].starts_with("MONOTONIC_USEC="), "{reload:?}");

    send(&host, Signal::TERM);
    let running = manager.before("STOPPING=1");
    assert!(!holds(&running, "READY"), "{running:?}");
    manager.before("EXTEND_TIMEOUT_USEC=");
    assert_eq!(exit_code(&mut host), Some(0), "{}", host.log());
}

#[test]
fn host_status_is_one_line_on_its_extensions() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    let mut manager = Manager::new();
    let _host = site
        .spawn("tig-host", manager.watch(&mut site.host()))
        .unwrap();
    manager.before("STATUS=6 extensions running");
}

#[test]
fn host_works_without_anybody_at_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    let mut command = site.host();
    command
        .env("NOTIFY_SOCKET", folder.path().join("nowhere"))
        .env("WATCHDOG_USEC", "1000000");
    let mut host = site.spawn("tig-host", &mut command).unwrap();
    host.address().unwrap();
    send(&host, Signal::HUP);
    let read_again = "config and extensions were read again";
    let found = wait_for(read_again, PATIENCE, || {
        host.log().contains(read_again).then_some(())
    });
    found.unwrap_or_else(|error| panic!("{error}\n{}", host.log()));
    let complaints = host.log().matches("service manager cannot be").count();
    assert_eq!(complaints, 1, "{}", host.log());
    send(&host, Signal::TERM);
    assert_eq!(exit_code(&mut host), Some(0), "{}", host.log());
}

#[test]
fn slave_reports_start_life_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    let mut manager = Manager::new();
    let mut command = site.slave("127.0.0.1:1", "local", 1);
    let mut slave = site
        .spawn("tig-slave", manager.watch(&mut command))
        .unwrap();
    manager.before("READY=1");
    manager.before("STATUS=working for http://127.0.0.1:1");
    manager.before("WATCHDOG=1");
    send(&slave, Signal::TERM);
    manager.before("STOPPING=1");
    assert_eq!(exit_code(&mut slave), Some(0), "{}", slave.log());
}
