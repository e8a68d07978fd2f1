//! The environment names a proxy that is gone.
//!
//! As with curl, a proxy of the environment is for addresses of this machine too, unless `NO_PROXY` leaves them out.

use std::net::TcpListener;
use std::process::Command;

use tig_system_tests::{DevnetStatus, Process, Site, Stage, wait_for};

use crate::support::{PACE, PATIENCE, holds_line, one_challenge, site};

/// `command` with an environment that names a proxy (`IP:PORT`), and addresses that need none.
pub(crate) fn proxied(command: &Command, proxy: &str, no_proxy: &str) -> Command {
    // `env` has the last word: processes of tests are started with a NO_PROXY.
    let mut through_env = Command::new("env");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        through_env.arg(format!("{name}=http://{proxy}"));
    }
    for name in ["NO_PROXY", "no_proxy"] {
        through_env.arg(format!("{name}={no_proxy}"));
    }
    through_env
        .arg("RUST_LOG=info")
        .arg(command.get_program())
        .args(command.get_args());
    through_env
}

/// An address where nobody listens, unless somebody takes it in this very moment.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A network, and a host whose proxy is gone.
fn start(site: &Site, no_proxy: &str) -> (Process, String, Process) {
    let mut devnet = site
        .spawn("tig-devnet", &mut site.devnet(0, PACE.block_ms))
        .unwrap();
    let network = devnet.address().unwrap();
    site.write_config(&one_challenge(), &format!("http://{network}"), 0)
        .unwrap();
    let mut host = proxied(&site.host(), &nobody(), no_proxy);
    let host = site.spawn("tig-host", &mut host).unwrap();
    (devnet, network, host)
}

#[test]
fn host_with_a_dead_proxy_names_the_variables() {
    let folder = tempfile::tempdir().unwrap();
    let (_devnet, network, mut host) = start(&site(folder.path()), "");
    let words = ["WARN", "no snapshot", &network, "HTTP_PROXY", "NO_PROXY"];
    let logged = wait_for("the remedy", PATIENCE, || {
        host.check_running().unwrap();
        holds_line(&host, &words).then_some(())
    });
    logged.unwrap_or_else(|error| panic!("{error}\n{}", host.log()));
}

#[test]
fn no_proxy_leads_host_and_slave_around_a_dead_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let (_devnet, network, mut host) = start(&site, "127.0.0.1");
    let master = host.address().unwrap();
    let slave = site.slave(&master, "local", PACE.workers);
    let slave = site.spawn("tig-slave", &mut proxied(&slave, &nobody(), "127.0.0.1"));
    let slave = slave.unwrap();
    let proved = wait_for("a proof", PATIENCE, || {
        let status = DevnetStatus::fetch(&network).unwrap();
        let mut benchmarks = status.benchmarks.iter();
        benchmarks
            .any(|benchmark| benchmark.stage == Stage::Proof)
            .then_some(())
    });
    let logs = [host.log_tail(20), slave.log_tail(20)];
    proved.unwrap_or_else(|error| panic!("{error}\n{}", logs.join("\n\n")));
}

#[test]
fn slave_with_a_dead_proxy_reaches_its_master() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let (_devnet, _, mut host) = start(&site, "127.0.0.1");
    let master = host.address().unwrap();
    let slave = site.slave(&master, "local", PACE.workers);
    let slave = site
        .spawn("tig-slave", &mut proxied(&slave, &nobody(), ""))
        .unwrap();
    // The download goes to the proxy, as `tig-slave --help` says.
    let words = [
        "cannot run this algorithm",
        "cannot reach the download server",
    ];
    let stated = wait_for("a failed download", PATIENCE, || {
        holds_line(&slave, &words).then_some(())
    });
    stated.unwrap_or_else(|error| panic!("{error}\n{}", slave.log()));
    assert!(
        !holds_line(&slave, &["cannot get a batch"]),
        "{}",
        slave.log()
    );
}
