//! From the command line to a network that is ready to serve.

use std::{error::Error, net::Ipv4Addr, sync::Arc};

use axum::Router;
use tig_devnet::{
    Api, Devnet, Faults, Network,
    api::Keys,
    load_folder,
    network::{Genesis, RealCheck, devnet_config},
    server,
};
use tokio::net::TcpListener;
use tracing::info;

use crate::{cli::Cli, faults_file, players, secret_file};

/// A network and where it is to be served.
pub(crate) struct Started {
    pub(crate) devnet: Devnet,
    pub(crate) router: Router,
    pub(crate) listener: TcpListener,
    pub(crate) url: String,
}

/// Reads every file that the command line names, and listens.
pub(crate) async fn start(cli: &Cli) -> Result<Started, Box<dyn Error>> {
    let players = players::load(cli)?;
    let admin_token = match &cli.admin_token_file {
        Some(path) => Some(secret_file::read("admin token", path)?),
        None => None,
    };
    let faults = match &cli.faults {
        Some(path) => Faults::new(faults_file::read(path)?),
        None => Faults::none(),
    };
    let algorithms = load_folder(&cli.algorithms)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, cli.port))
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1:{}: {error}", cli.port))?;
    let url = format!("http://{}", listener.local_addr()?);
    for algorithm in &algorithms {
        info!(
            id = algorithm.id,
            name = algorithm.name,
            challenge = algorithm.kind.name(),
            "algorithm"
        );
    }
    let mut network = Network::new(Genesis {
        seed: cli.seed,
        config: devnet_config(),
        player_ids: Vec::new(),
        algorithms,
        download_base_url: format!("{url}/devnet/wasm"),
        solution_check: Arc::new(RealCheck),
    })?;
    let mut keys = Keys::default();
    for player in &players {
        network.open_account(&player.player_id, player.balance)?;
        if let Some(other) = keys.insert(&player.api_key, &player.player_id) {
            return Err(format!(
                "players {other} and {} have the same API key",
                player.player_id
            )
            .into());
        }
        info!(id = player.player_id, "player");
    }
    let devnet = Devnet::new(Api::new(network, keys), faults);
    Ok(Started {
        router: server::router_with_token(devnet.clone(), admin_token),
        devnet,
        listener,
        url,
    })
}
