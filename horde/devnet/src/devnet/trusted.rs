//! The trusted miner of a network.

use std::sync::Arc;

use horde_proto::ExecutorClass;
use tokio::net::TcpListener;

use super::ports::{local_address, loopback};
use super::start_error::StartError;
use crate::address::{MinerAddress, trusted_keypair};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::TrustedControl;
use crate::hub::{Hub, NewestJobs};
use crate::miner::{Miner, Mode, Profile};

/// A trusted miner and its port.
pub(super) struct ListeningTrusted {
    pub(super) control: TrustedControl,
    pub(super) listener: TcpListener,
}

/// The trusted miner that is asked for.
pub(super) async fn start_trusted(
    config: &Config,
    clock: Clock,
    newest_jobs: Arc<NewestJobs>,
) -> Result<Option<ListeningTrusted>, StartError> {
    let Some(trusted) = &config.trusted else {
        return Ok(None);
    };
    let listener = loopback(trusted.port).await?;
    let keypair = trusted_keypair(config.seed);
    let address = MinerAddress {
        index: config.miners,
        hotkey: keypair.public().to_ss58(),
        address: local_address(&listener, trusted.port)?,
    };
    let profile = Profile {
        index: address.index,
        keypair,
        executors: [(ExecutorClass::AlwaysOnLlmA6000, trusted.executors)].into(),
        is_instant: false,
        mode: Mode::Local {
            validator: trusted.validator.clone(),
        },
    };
    let miner = Miner::new(profile, trusted.vices.clone());
    let hub = Arc::new(Hub::new(address.index, miner, clock, newest_jobs));
    Ok(Some(ListeningTrusted {
        control: TrustedControl::new(address, hub),
        listener,
    }))
}
