//! Each fault, as a client sees it.

mod delivery;
mod shown;
mod weight_calls;

use horde_devnet::Devnet;

use super::client::{Client, config, network};

const NEURONS: &str = "block/latest/neurons";

/// A network with a chain that has this fault, and a client of it.
async fn client(fault: &str) -> (Devnet, Client) {
    let devnet = network(config(), &[fault]).await;
    let client = Client::of(&devnet);
    (devnet, client)
}
