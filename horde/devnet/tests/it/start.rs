//! Networks that cannot be started, and ports.

use horde_devnet::{Config, Devnet, MINERS_COUNT_MAX, StartError, Vices, miner_addresses};
use tig_process::error_chain::error_chain;

use crate::client::{one, start};

async fn fault(config: Config) -> StartError {
    Devnet::start(config).await.err().unwrap()
}

#[tokio::test]
async fn faulty_configs_are_rejected_with_their_remedy() {
    let none = fault(Config {
        miners: 0,
        ..Config::default()
    });
    assert!(matches!(none.await, StartError::Miners { count: 0 }));
    let many = fault(Config {
        miners: MINERS_COUNT_MAX + 1,
        ..Config::default()
    });
    assert!(matches!(many.await, StartError::Miners { .. }));
    let executors = fault(Config {
        executors: 1_000_000,
        ..Config::default()
    });
    assert!(matches!(executors.await, StartError::Executors { .. }));
    let ports = fault(Config {
        miners: 3,
        first_port: 65_534,
        ..Config::default()
    });
    let ports = ports.await;
    assert!(matches!(ports, StartError::Ports { .. }));
    let expected =
        "3 miners from port 65534 on do not fit below port 65536; begin with a lower port";
    assert_eq!(ports.to_string(), expected);
    let vices = fault(Config {
        vices: [(5, Vices::default())].into(),
        ..Config::default()
    });
    let vices = vices.await;
    assert!(matches!(vices, StartError::Vices(_)));
    let expected = "vices are given to a miner that there is not: there is no miner 5: this \
                    network has 1, counted from 0";
    assert_eq!(error_chain(&vices), expected);
}

#[tokio::test]
async fn port_in_use_is_named() {
    let devnet = one(&[]).await;
    let address = devnet.miners()[0].address;
    let taken = fault(Config {
        first_port: address.port(),
        ..Config::default()
    });
    let taken = taken.await;
    assert!(matches!(taken, StartError::Listen { address: named, .. } if named == address));
    let text = error_chain(&taken);
    assert!(text.contains(&address.to_string()), "{text}");
}

#[test]
fn search_for_ports_says_how_to_go_on() {
    let error = StartError::NoPorts { count: 4_000 };
    let expected = "found no 4000 free ports in a row; name the first one";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn miners_have_ports_in_a_row_and_known_hotkeys() {
    let devnet = start(Config {
        miners: 20,
        seed: 9,
        ..Config::default()
    })
    .await;
    let first = devnet.miners()[0].address.port();
    assert_eq!(devnet.miners(), miner_addresses(9, 20, first));
    assert_ne!(miner_addresses(9, 2, first), miner_addresses(10, 2, first));
    // A network that has ended leaves its ports to the next one.
    devnet.stop().await;
    start(Config {
        miners: 20,
        first_port: first,
        ..Config::default()
    })
    .await;
}
