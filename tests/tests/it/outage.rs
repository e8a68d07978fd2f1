//! The network is away when the host starts.

use tig_system_tests::{DevnetStatus, own_port, wait_for};

use crate::support::{PACE, PATIENCE, holds_line, no_fraud, one_challenge, site};

#[test]
fn host_retries_until_the_network_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let port = own_port();
    let network = format!("127.0.0.1:{port}");
    site.write_config(&one_challenge(), &format!("http://{network}"), 0)
        .unwrap();
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    let master = host.address().unwrap();
    wait_for("the host's complaint", PATIENCE, || {
        host.check_running().unwrap();
        holds_line(&host, &["WARN", "data_fetcher", &network]).then_some(())
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", host.log()));

    let _devnet = site
        .spawn("tig-devnet", &mut site.devnet(port, PACE.block_ms))
        .unwrap();
    let _slave = site
        .spawn("tig-slave", &mut site.slave(&master, "local", PACE.workers))
        .unwrap();
    wait_for("a confirmed proof", PATIENCE, || {
        host.check_running().unwrap();
        let status = DevnetStatus::fetch(&network).ok()?;
        no_fraud(&status);
        status.confirmed().next().map(drop)
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", host.log()));
}
