//! A local network of ComputeHorde miners, and a chain for them, for validators under test.
//!
//! [`Devnet`] starts so many miners on ports of loopback that follow each other. They speak the protocol of sections 2.1 to 2.5
//! of the specification as the reference's miner does, but for what section 10 corrects, and their executors really do the
//! work. [`Vice`]s make a miner misbehave, from the start or at run time. [`MinerReport`] says what a miner has seen: when
//! which frame came, the receipts, and what the validator did against the protocol.
//!
//! Where the reference's miner differs on purpose: one that is busy declines at once (the reference waits, as the vice
//! `blocks-when-busy` does), volumes and outputs have 256 MiB at most, programs run without a container, and every validator is
//! known. The images of language models give the published solver's mock answers, so that all honest machines agree.
//!
//! [`Config::trusted`] adds the trusted miner of a validator, a miner in local mode.
//!
//! [`s3`] is an S3 service, and [`facilitator`] a facilitator, each started by itself.
//!
//! [`Config::chain`] adds a chain with one subnet, on which the miners are registered, behind a service in the shape of Pylon:
//! see [`chain`].
//!
//! A miner is a state machine without I/O and clock (`miner`), behind a lock (`hub`), behind a server (`server`). Everything
//! listens on loopback, and nothing is taken from web pages.
//!
//! ```
//! use horde_devnet::{Config, Devnet, Vices, miner_addresses};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let config = Config { miners: 3, seed: 7, ..Config::default() };
//! let devnet = Devnet::start(config).await?;
//! let first_port = devnet.miners()[0].address.port();
//! assert_eq!(devnet.miners(), miner_addresses(7, 3, first_port));
//! devnet.set_vices(Some(1), &Vices::parse(&["drops-once:ready", "slow:50"])?)?;
//! assert!(devnet.report(1)?.violations.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod address;
pub mod chain;
mod choice;
mod clock;
mod config;
mod control;
mod devnet;
pub mod facilitator;
mod hub;
mod journal;
mod miner;
mod port;
mod receipts;
pub mod s3;
mod server;
pub mod simulation;
mod vice;
mod work;

pub use address::{MinerAddress, miner_addresses, miner_keypair, trusted_keypair};
pub use clock::Clock;
pub use config::{Config, EXECUTORS_COUNT_MAX, MINERS_COUNT_MAX, TrustedConfig};
pub use control::{Control, TrustedControl, UnknownMiner};
pub use devnet::{Devnet, StartError};
pub use journal::{MessageKind, MinerReport, ReadFrame, Violation, ViolationKind};
pub use vice::{
    AnswersFault, ArgumentError, Count, Mebibytes, Milliseconds, PerSecond, Seconds, SeriesFault,
    Step, VICES_COUNT_MAX, Vice, ViceError, ViceInfo, Vices, VicesError, Whose,
};
