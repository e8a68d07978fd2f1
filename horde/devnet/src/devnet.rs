//! A running network.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing::error;

use crate::address::{MinerAddress, miner_addresses, miner_keypair};
use crate::chain::{ChainConfigError, ChainControl, ChainService};
use crate::clock::Clock;
use crate::config::{Config, EXECUTORS_COUNT_MAX, MINERS_COUNT_MAX};
use crate::control::{Control, UnknownMiner};
use crate::hub::{Hub, NewestJobs};
use crate::miner::{Miner, Profile};
use crate::server::{chain_router, control_router, listen, serve_chain, serve_miner};

/// Attempts to find free ports in a row.
const PORT_ATTEMPTS: usize = 32;

/// Why a network cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Too few or too many miners.
    #[error("{count} miners are asked for; a network has 1 to {MINERS_COUNT_MAX}")]
    Miners {
        /// How many.
        count: usize,
    },
    /// Too many executors.
    #[error(
        "{count} executors are asked for; a class of a miner has at most {EXECUTORS_COUNT_MAX}"
    )]
    Executors {
        /// How many.
        count: u32,
    },
    /// The last ports would be past 65535.
    #[error(
        "{count} miners from port {first} on do not fit below port 65536; begin with a lower port"
    )]
    Ports {
        /// The first port.
        first: u16,
        /// How many miners.
        count: usize,
    },
    /// A vice is for a miner that there is not.
    #[error("vices are given to a miner that there is not")]
    Vices(#[source] UnknownMiner),
    /// The config of the chain has a fault.
    #[error("the chain cannot be started")]
    Chain(#[source] ChainConfigError),
    /// A port is not free.
    #[error("cannot listen on {address}; name other ports, or 0 for free ones")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// No free ports were found.
    #[error("found no {count} free ports in a row; name the first one")]
    NoPorts {
        /// How many miners.
        count: usize,
    },
}

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
        let hubs = hubs(&config, clock);
        let addresses = miner_addresses(config.seed, config.miners, first_port);
        let chain = chain(&config, &addresses, clock).await?;
        let mut servers = JoinSet::new();
        for ((hub, listener), miner) in hubs.iter().zip(listeners).zip(&addresses) {
            servers.spawn(serve_miner(hub.clone(), miner.address, listener));
        }
        let chain_control = chain.as_ref().map(|chain| chain.control.clone());
        let control = Control::new(addresses, hubs, chain_control);
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
    if config.executors > EXECUTORS_COUNT_MAX {
        let count = config.executors;
        return Err(StartError::Executors { count });
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

fn hubs(config: &Config, clock: Clock) -> Vec<Arc<Hub>> {
    let newest_jobs = Arc::<NewestJobs>::default();
    let executors = config
        .classes
        .iter()
        .map(|class| (*class, config.executors));
    let hub = |index| {
        let profile = Profile {
            index,
            keypair: miner_keypair(config.seed, index),
            executors: executors.clone().collect(),
            is_instant: config.is_instant,
        };
        let vices = config.vices.get(&index).cloned().unwrap_or_default();
        let miner = Miner::new(profile, vices);
        Arc::new(Hub::new(index, miner, clock, newest_jobs.clone()))
    };
    (0..config.miners).map(hub).collect()
}

/// Listens on ports in a row; returns the first.
async fn miner_listeners(
    first_port: u16,
    count: usize,
) -> Result<(u16, Vec<TcpListener>), StartError> {
    if first_port > 0 {
        return Ok((first_port, listeners_from(first_port, count).await?));
    }
    for _ in 0..PORT_ATTEMPTS {
        let first = loopback(0).await?;
        let port = local_address(&first, 0)?.port();
        drop(first);
        if usize::from(port) + count > usize::from(u16::MAX) + 1 {
            continue;
        }
        if let Ok(listeners) = listeners_from(port, count).await {
            return Ok((port, listeners));
        }
    }
    Err(StartError::NoPorts { count })
}

async fn listeners_from(first_port: u16, count: usize) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::with_capacity(count);
    for port in (first_port..=u16::MAX).take(count) {
        listeners.push(loopback(port).await?);
    }
    Ok(listeners)
}

async fn loopback(port: u16) -> Result<TcpListener, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listening = listen(address).await;
    listening.map_err(|source| StartError::Listen { address, source })
}

fn local_address(listener: &TcpListener, port: u16) -> Result<SocketAddr, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let local = listener.local_addr();
    local.map_err(|source| StartError::Listen { address, source })
}
