//! A facilitator for validators under test (sections 2.6 and 10.10): the websocket of validators, the REST of users, and a page.
//!
//! [`FacilitatorCore`] is the facilitator without sockets and clock. [`Facilitator`] serves it on loopback. [`Fault`]s make it
//! misbehave, from the start or at run time, and [`FacilitatorReport`] says what it has sent and seen.
//!
//! Where the specification is thin, this facilitator decides:
//!
//! - Authentication counts as a heartbeat, as the recordings show a job 40 s after it and before the first heartbeat.
//! - A job goes to the validator with the fewest jobs among those with a heartbeat, on all of its connections; without an
//!   open connection it goes nowhere, as with the reference, and has no delivery in the report.
//! - A user's signature is in the headers `X-CH-Signature-Type`, `X-CH-Signatory`, `X-CH-Timestamp-NS` and `X-CH-Signature`, and
//!   covers what that of a V2 request covers. Without these headers the facilitator signs with the user key of its seed.
//! - `executor_class`, `version`, `miner_hotkey`, `volumes` and `uploads` are optional fields of an order over REST.
//! - The control routes, for programs: `GET /control/report`, and `POST /control/faults` with `{"faults": ["late-row:500"]}`.
//!
//! ```
//! use horde_devnet::facilitator::{
//!     Facilitator, FacilitatorConfig, Faults, JobOrder, OrderError, user_keypair,
//! };
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let facilitator = Facilitator::start(FacilitatorConfig::default()).await?;
//! let settings = (facilitator.socket_url(), user_keypair(0).public().to_ss58());
//! println!("connect a validator to {} and let it trust the signer {}", settings.0, settings.1);
//! facilitator.set_faults(Faults::parse(&["late-row:500", "drops:job-once"])?);
//! let order = JobOrder { raw_script: "print('hello')".to_owned(), ..JobOrder::default() };
//! assert_eq!(facilitator.submit(&order), Err(OrderError::NoValidator));
//! assert!(facilitator.report().violations.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod config;
mod core;
mod fault;
mod hub;
mod journal;
mod keys;
mod order;
mod running;
mod server;

pub use config::FacilitatorConfig;
pub use core::{FacilitatorCore, FacilitatorEffect};
pub use fault::{
    Attempts, Fault, FaultError, FaultInfo, FaultStep, Faults, FaultsError, Kibibytes, SignedField,
    When,
};
pub use journal::{
    ConnectionRecord, Delivery, FacilitatorReport, FacilitatorViolation, FacilitatorViolationKind,
    JobRecord, JobState, StatusAnswer, StatusRecord,
};
pub use keys::{unknown_user_keypair, user_keypair};
pub use order::{JobOrder, JobVersion, OrderError};
pub use running::{Facilitator, FacilitatorControl, FacilitatorError};
