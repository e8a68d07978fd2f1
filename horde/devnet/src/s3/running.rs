//! A running service.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use axum::body::Bytes;
use horde_s3::{Credentials, EndpointError};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::config::{S3Account, S3Config, s3_credentials};
use super::core::S3Core;
use super::fault::S3Faults;
use super::hub::Hub;
use super::journal::{S3Entry, S3Report};
use super::server;
use crate::clock::Clock;

/// Why the service cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum S3StartError {
    /// A bucket or its region has an impossible name.
    #[error("the bucket {name:?} cannot be made")]
    Bucket {
        /// The name.
        name: String,
        /// What is wrong.
        #[source]
        source: EndpointError,
    },
    /// The port is not free.
    #[error("S3 cannot listen on {address}; name another port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// Why an object cannot be put there.
#[derive(Debug, thiserror::Error)]
#[error("there is no bucket {bucket:?}, or no space for an object of {bytes} bytes")]
pub struct S3PutError {
    /// The bucket.
    pub bucket: String,
    /// The size.
    pub bytes: usize,
}

/// The handle of a running service. Clones are of the same one, which ends with the [`S3`].
#[derive(Clone, Debug)]
pub struct S3Control {
    hub: Arc<Hub>,
    address: SocketAddr,
    seed: u64,
}

/// A running service; it ends when this is dropped. Dereferences to its [`S3Control`].
#[derive(Debug)]
pub struct S3 {
    control: S3Control,
    servers: JoinSet<()>,
}

impl S3 {
    /// Starts the service on this runtime; it listens when this returns.
    ///
    /// # Errors
    ///
    /// [`S3StartError`] if the config has a fault or the port is not free.
    pub async fn start(config: S3Config) -> Result<Self, S3StartError> {
        for bucket in &config.buckets {
            bucket.check().map_err(|source| S3StartError::Bucket {
                name: bucket.name.clone(),
                source,
            })?;
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let failed = |source| S3StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let hub = Arc::new(Hub::new(S3Core::new(&config), Clock::start()));
        let mut servers = JoinSet::new();
        servers.spawn(server::serve(hub.clone(), listener));
        let control = S3Control {
            hub,
            address,
            seed: config.seed,
        };
        Ok(Self { control, servers })
    }

    /// The handle that can be cloned.
    pub fn control(&self) -> &S3Control {
        &self.control
    }

    /// Closes the port and all connections.
    pub async fn stop(mut self) {
        self.servers.shutdown().await;
    }
}

impl Deref for S3 {
    type Target = S3Control;

    fn deref(&self) -> &S3Control {
        &self.control
    }
}

impl S3Control {
    /// Where everything is: buckets, IAM, and the control routes below `/-/`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The root key of an account.
    pub fn credentials(&self, account: S3Account) -> Credentials {
        s3_credentials(self.seed, account)
    }

    /// Writes an object, whatever policies and faults say.
    ///
    /// # Errors
    ///
    /// [`S3PutError`] if the bucket is not there, or the object is too large.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<(), S3PutError> {
        let bytes = bytes.into();
        let length = bytes.len();
        match self.hub.plant(bucket, key, bytes) {
            true => Ok(()),
            false => Err(S3PutError {
                bucket: bucket.to_owned(),
                bytes: length,
            }),
        }
    }

    /// The content of an object, whatever policies and faults say.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.hub.object(bucket, key)
    }

    /// Other faults, in place of those that it has. None makes it honest.
    pub fn set_faults(&self, faults: S3Faults) {
        self.hub.set_faults(faults);
    }

    /// What it holds.
    pub fn report(&self) -> S3Report {
        self.hub.report()
    }

    /// What was asked of it, from this number on; the oldest entries are forgotten.
    pub fn journal_from(&self, number: u64) -> Vec<S3Entry> {
        self.hub.journal_from(number)
    }
}
