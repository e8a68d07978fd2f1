//! Whoever started the processes is killed.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use tig_system_tests::{MasterOptions, Process, wait_for};

use crate::support::{PACE, site};

/// Time to notice and to stop.
const END: Duration = Duration::from_secs(20);

#[test]
fn processes_end_with_the_holder_of_their_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    // Stands for the parent: the only one that can write to the children's standard input.
    let mut parent = Command::new("sleep")
        .arg("600")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = OwnedFd::from(parent.stdout.take().unwrap());
    let spawn = |name, mut command: Command| {
        let input = Stdio::from(input.try_clone().unwrap());
        Process::spawn_with_stdin(name, &mut command, site.folder(), input).unwrap()
    };

    let mut devnet = spawn("tig-devnet", site.devnet(0, PACE.block_ms));
    let api_url = format!("http://{}", devnet.address().unwrap());
    site.write_config(&MasterOptions::default(), &api_url, 0)
        .unwrap();
    let mut host = spawn("tig-host", site.host());
    let master = host.address().unwrap();
    let mut slave = spawn("tig-slave", site.slave(&master, "local", PACE.workers));
    wait_for("the slave", END, || {
        slave.log().contains("slave started").then_some(())
    })
    .unwrap();

    parent.kill().unwrap();
    parent.wait().unwrap();
    for (name, process) in [
        ("devnet", &mut devnet),
        ("host", &mut host),
        ("slave", &mut slave),
    ] {
        let ended = wait_for(name, END, || process.exit_status());
        ended.unwrap_or_else(|error| panic!("{error}\n{}", process.log()));
    }
}
