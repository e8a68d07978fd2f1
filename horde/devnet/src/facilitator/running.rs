//! A running facilitator.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use horde_proto::Secret;
use horde_proto::facilitator::SOCKET_PATH;
use tig_keyring::{PublicKey, Ss58Error};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::config::FacilitatorConfig;
use super::core::FacilitatorCore;
use super::fault::Faults;
use super::hub::Hub;
use super::journal::{FacilitatorReport, JobRecord};
use super::order::{JobOrder, OrderError};
use super::server;
use crate::clock::Clock;

/// Why a facilitator cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum FacilitatorError {
    /// The token cannot be sent in a header.
    #[error("the token of users must be one or more visible ASCII characters")]
    Token,
    /// A known validator is not an account.
    #[error("{address:?} among the facilitator's validators is not an SS58 address")]
    Validator {
        /// The text.
        address: String,
        /// Its fault.
        #[source]
        source: Ss58Error,
    },
    /// The port is not free.
    #[error("the facilitator cannot listen on {address}; name another port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// The handle of a running facilitator. Clones are of the same one, which ends with the [`Facilitator`].
#[derive(Clone, Debug)]
pub struct FacilitatorControl {
    hub: Arc<Hub>,
    address: SocketAddr,
    token: Secret,
}

/// A running facilitator; it ends when this is dropped. Dereferences to its [`FacilitatorControl`].
#[derive(Debug)]
pub struct Facilitator {
    control: FacilitatorControl,
    servers: JoinSet<()>,
}

impl Facilitator {
    /// Starts a facilitator on this runtime; it listens when this returns.
    ///
    /// # Errors
    ///
    /// [`FacilitatorError`] if the config has a fault or the port is not free.
    pub async fn start(config: FacilitatorConfig) -> Result<Self, FacilitatorError> {
        check(&config)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let failed = |source| FacilitatorError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let clock = Clock::start();
        let token = config.token.clone();
        let entropy = clock.unix_us().cast_unsigned();
        let hub = Arc::new(Hub::new(FacilitatorCore::new(config, entropy), clock));
        let mut servers = JoinSet::new();
        servers.spawn(server::serve(hub.clone(), token.clone(), listener));
        servers.spawn({
            let hub = hub.clone();
            async move { hub.run_clock().await }
        });
        let control = FacilitatorControl {
            hub,
            address,
            token,
        };
        Ok(Self { control, servers })
    }

    /// The handle that can be cloned.
    pub fn control(&self) -> &FacilitatorControl {
        &self.control
    }

    /// Closes the port and all connections.
    pub async fn stop(mut self) {
        self.control.hub.end();
        self.servers.shutdown().await;
    }
}

impl Drop for Facilitator {
    fn drop(&mut self) {
        self.control.hub.end();
    }
}

impl Deref for Facilitator {
    type Target = FacilitatorControl;

    fn deref(&self) -> &FacilitatorControl {
        &self.control
    }
}

impl FacilitatorControl {
    /// Where everything is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for validators.
    pub fn socket_url(&self) -> String {
        format!("ws://{}{SOCKET_PATH}", self.address)
    }

    /// The URL of the page, with the users' token behind `#`, which browsers do not send. Whoever knows it can order jobs.
    pub fn page_url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token.as_str())
    }

    /// Takes the order of a user and sends it. Returns the uuid of the job.
    ///
    /// # Errors
    ///
    /// [`OrderError`] if the order cannot become a request, or there is no validator; nothing is sent then.
    pub fn submit(&self, order: &JobOrder) -> Result<String, OrderError> {
        self.hub.submit(order)
    }

    /// The jobs, in the order in which they were ordered.
    pub fn jobs(&self) -> Vec<JobRecord> {
        self.hub.jobs()
    }

    /// The job with this uuid.
    pub fn job(&self, uuid: &str) -> Option<JobRecord> {
        self.hub.job(uuid)
    }

    /// Other faults, in place of those that it has. None makes it honest.
    pub fn set_faults(&self, faults: Faults) {
        self.hub.set_faults(faults);
    }

    /// Knows these validators from now on, by their SS58 addresses, or all; connections of others are closed with code 3001.
    pub fn set_validators(&self, validators: Option<BTreeSet<String>>) {
        self.hub.set_validators(validators);
    }

    /// What it has sent and seen.
    pub fn report(&self) -> FacilitatorReport {
        self.hub.report()
    }
}

fn check(config: &FacilitatorConfig) -> Result<(), FacilitatorError> {
    let token = config.token.as_str();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(FacilitatorError::Token);
    }
    for address in config.validators.iter().flatten() {
        PublicKey::from_ss58(address).map_err(|source| FacilitatorError::Validator {
            address: address.clone(),
            source,
        })?;
    }
    Ok(())
}
