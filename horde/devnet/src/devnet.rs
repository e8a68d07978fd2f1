//! A running network.

mod ports;
mod start_error;
mod trusted;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use horde_proto::ExecutorClass;
use tig_keyring::PublicKey;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing::error;

use crate::address::{MinerAddress, miner_addresses, miner_keypair};
use crate::chain::{ChainControl, ChainService};
use crate::clock::Clock;
use crate::config::{Config, EXECUTORS_COUNT_MAX, MINERS_COUNT_MAX};
use crate::control::{Control, UnknownMiner};
use crate::hub::{Hub, NewestJobs};
use crate::miner::{Miner, Mode, Profile};
use crate::server::{chain_router, control_router, serve_chain, serve_miner};

use ports::{local_address, loopback, miner_listeners};
pub use start_error::StartError;
use trusted::{ListeningTrusted, start_trusted};

/// A running network; it ends when this is dropped. Dereferences to its [`Control`].
#[derive(Debug)]
pub struct Devnet {
    control: Control,
    control_address: SocketAddr,
    chain_address: Option<SocketAddr>,
    servers: JoinSet<()>,
}

impl Devnet {
    /// Starts a network on this runtime; it listens when this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the config has a fault or a port is not free.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        check(&config)?;
        let (first_port, listeners) = miner_listeners(config.first_port, config.miners).await?;
        let control_listener = loopback(config.control_port).await?;
        let control_address = local_address(&control_listener, config.control_port)?;
        let clock = Clock::start();
        let newest_jobs = Arc::<NewestJobs>::default();
        let hubs = hubs(&config, clock, &newest_jobs);
        let addresses = miner_addresses(config.seed, config.miners, first_port);
        let chain = chain(&config, &addresses, clock).await?;
        let mut servers = JoinSet::new();
        for ((hub, listener), miner) in hubs.iter().zip(listeners).zip(&addresses) {
            servers.spawn(serve_miner(hub.clone(), miner.address, listener));
        }
        let trusted = start_trusted(&config, clock, newest_jobs).await?;
        let trusted = trusted.map(|ListeningTrusted { control, listener }| {
            let address = control.address().address;
            servers.spawn(serve_miner(control.hub(), address, listener));
            control
        });
        let chain_control = chain.as_ref().map(|chain| chain.control.clone());
        let control = Control::new(addresses, hubs, trusted, chain_control);
        let mut router = control_router(control.clone());
        let chain_address = chain.as_ref().map(|chain| chain.address);
        if let Some(chain) = chain {
            servers.spawn(chain.control.clone().make_blocks());
            router = router.merge(chain_router(chain.control.clone()));
            servers.spawn(serve_chain(chain.control, chain.address, chain.listener));
        }
        servers.spawn(async move {
            if let Err(error) = axum::serve(control_listener, router).await {
                error!(%error, "the control routes have ended");
            }
        });
        Ok(Self {
            control,
            control_address,
            chain_address,
            servers,
        })
    }

    /// Where the control routes are: see `horde-devnet --help`.
    pub fn control_address(&self) -> SocketAddr {
        self.control_address
    }

    /// Where the service of the chain is, if there is a chain.
    pub fn chain_address(&self) -> Option<SocketAddr> {
        self.chain_address
    }

    /// The handle that can be cloned.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Closes all ports and connections, and ends all work.
    pub async fn stop(mut self) {
        self.servers.shutdown().await;
        self.control.end();
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.control.end();
    }
}

impl Deref for Devnet {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

fn check(config: &Config) -> Result<(), StartError> {
    let count = config.miners;
    if !(1..=MINERS_COUNT_MAX).contains(&count) {
        return Err(StartError::Miners { count });
    }
    let trusted = config.trusted.as_ref();
    let trusted_executors = trusted.map_or(0, |trusted| trusted.executors);
    let counts = [config.executors, config.llm_executors, trusted_executors];
    if let Some(count) = counts
        .into_iter()
        .find(|count| *count > EXECUTORS_COUNT_MAX)
    {
        return Err(StartError::Executors { count });
    }
    if let Some(text) = trusted.and_then(|trusted| trusted.validator.clone())
        && PublicKey::from_ss58(&text).is_err()
    {
        return Err(StartError::Validator { text });
    }
    let first = config.first_port;
    if first > 0 && usize::from(first) + count > usize::from(u16::MAX) + 1 {
        return Err(StartError::Ports { first, count });
    }
    match config.vices.keys().find(|index| **index >= count) {
        Some(index) => {
            let index = *index;
            Err(StartError::Vices(UnknownMiner { index, count }))
        }
        None => Ok(()),
    }
}

/// A chain and the port of its service.
struct ListeningChain {
    control: ChainControl,
    address: SocketAddr,
    listener: TcpListener,
}

/// The chain that is asked for.
async fn chain(
    config: &Config,
    miners: &[MinerAddress],
    clock: Clock,
) -> Result<Option<ListeningChain>, StartError> {
    let Some(chain) = &config.chain else {
        return Ok(None);
    };
    let service = ChainService::new(chain, config.seed, miners, clock.unix_us());
    let mut service = service.map_err(StartError::Chain)?;
    service.set_faults(config.chain_faults.clone());
    let listener = loopback(chain.port).await?;
    Ok(Some(ListeningChain {
        control: ChainControl::new(service, clock),
        address: local_address(&listener, chain.port)?,
        listener,
    }))
}

fn hubs(config: &Config, clock: Clock, newest_jobs: &Arc<NewestJobs>) -> Vec<Arc<Hub>> {
    let classes = config.classes.iter();
    let mut executors: BTreeMap<ExecutorClass, u32> =
        classes.map(|class| (*class, config.executors)).collect();
    if config.llm_executors > 0 {
        executors.insert(ExecutorClass::AlwaysOnLlmA6000, config.llm_executors);
    }
    let hub = |index| {
        let profile = Profile {
            index,
            keypair: miner_keypair(config.seed, index),
            executors: executors.clone(),
            is_instant: config.is_instant,
            mode: Mode::Public,
        };
        let vices = config.vices.get(&index).cloned().unwrap_or_default();
        let miner = Miner::new(profile, vices);
        Arc::new(Hub::new(index, miner, clock, newest_jobs.clone()))
    };
    (0..config.miners).map(hub).collect()
}
