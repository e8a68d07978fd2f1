//! From the command line to a network that is ready to serve.

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tig_devnet::{
    Api, Devnet, Entries, Faults, Genesis, Keys, Network, PreparedCheck, RealCheck, Store,
    Surroundings, devnet_config, load_folder, router_with_token,
};
use tokio::net::TcpListener;
use tracing::info;

use crate::cli::Cli;
use crate::players::{self, Player};
use crate::{faults_file, secret_file};

/// A network and where it is to be served.
pub(crate) struct Started {
    pub(crate) devnet: Devnet,
    pub(crate) seed: u64,
    pub(crate) router: Router,
    pub(crate) listener: TcpListener,
    pub(crate) url: String,
}

/// A state folder, and what is in it.
struct Kept {
    store: Store,
    entries: Entries,
}

/// Reads every file that the command line names, and listens.
pub(crate) async fn start(cli: &Cli) -> Result<Started, Box<dyn Error>> {
    let kept = match &cli.state {
        Some(folder) => {
            let (store, entries) = Store::open(folder)?;
            Some(Kept { store, entries })
        }
        None => None,
    };
    let seed = seed(cli, kept.as_ref())?;
    let players = players::load(cli, seed)?;
    let admin_token = match &cli.admin_token_file {
        Some(path) => Some(secret_file::read("admin token", path)?),
        None => None,
    };
    let faults = match &cli.faults {
        Some(path) => Faults::new(faults_file::read(path)?),
        None => Faults::none(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, cli.port))
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1:{}: {error}", cli.port))?;
    let url = format!("http://{}", listener.local_addr()?);
    let network = network(cli, seed, &url, kept.as_ref())?;
    let api = api(network, &players)?;
    let devnet = match kept {
        Some(kept) => Devnet::kept_in(kept.store, api, faults),
        None => Devnet::new(api, faults),
    };
    Ok(Started {
        router: router_with_token(devnet.clone(), admin_token),
        devnet,
        seed,
        listener,
        url,
    })
}

/// The seed that is asked for, unless the state is of another.
fn seed(cli: &Cli, kept: Option<&Kept>) -> Result<u64, Box<dyn Error>> {
    let recorded = match kept {
        Some(kept) => {
            Network::kept_seed(&kept.entries).map_err(|error| kept.store.unusable(error))?
        }
        None => None,
    };
    match (cli.seed, recorded) {
        (Some(asked), Some(recorded)) if asked != recorded => {
            let folder = cli.state.as_deref().unwrap_or(Path::new(""));
            let folder = folder.display();
            Err(format!(
                "the state in {folder} is of seed {recorded}, not {asked}: leave --seed out, or use another folder"
            )
            .into())
        }
        (asked, recorded) => Ok(asked.or(recorded).unwrap_or(0)),
    }
}

/// The network as it was kept, or a new one.
fn network(
    cli: &Cli,
    seed: u64,
    url: &str,
    kept: Option<&Kept>,
) -> Result<Network, Box<dyn Error>> {
    let download_base_url = format!("{url}/devnet/wasm");
    let solution_check = Arc::new(PreparedCheck::new(RealCheck));
    if let Some(kept) = kept.filter(|kept| !kept.entries.is_empty()) {
        let surroundings = Surroundings {
            download_base_url,
            solution_check,
        };
        let network = Network::restore(&kept.entries, surroundings)
            .map_err(|error| kept.store.unusable(error))?;
        info!(height = network.height(), "going on from the state");
        return Ok(network);
    }
    let mut config = devnet_config();
    config.benchmark_submissions.submission_delay_multiplier = cli.delay_multiplier;
    let algorithms = load_folder(cli.algorithms())?;
    for algorithm in &algorithms {
        info!(
            id = algorithm.id,
            name = algorithm.name,
            challenge = algorithm.kind.name(),
            "algorithm"
        );
    }
    let mut network = Network::new(Genesis {
        seed,
        config,
        player_ids: Vec::new(),
        algorithms,
        download_base_url,
        solution_check,
    })?;
    if kept.is_some() {
        network.track_changes();
    }
    Ok(network)
}

fn api(mut network: Network, players: &[Player]) -> Result<Api, Box<dyn Error>> {
    let mut keys = Keys::default();
    for player in players {
        network.open_account(&player.player_id, player.balance)?;
        keys.check(&player.api_key, &player.player_id)?;
        keys.insert(&player.api_key, &player.player_id);
        if player.drawn {
            network.grant_key(&player.player_id);
        }
        info!(id = player.player_id, "player");
    }
    keys.check_with(&network)?;
    Ok(Api::new(network, keys))
}
