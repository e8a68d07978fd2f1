//! Messages, receipts and signed texts of the ComputeHorde protocols.
//!
//! [`miner`] has the messages between validator and miner, [`facilitator`] those between validator and facilitator, both
//! directions each, and [`executor`] those between miner and executor. [`receipt`] has the receipts and the files in which
//! miners serve them, [`collector`] has the header that authenticates a validator's events.
//!
//! Sections are those of the ComputeHorde specification; its section 10 corrects the others.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no source of randomness. No text that comes from
//! outside makes it panic.
//!
//! ```
//! use horde_proto::miner::{AcceptJobRequest, ToValidator};
//!
//! let frame = r#"{"job_uuid": "0b8f5ab8", "message_type": "V0AcceptJobRequest", "unknown": 1}"#;
//! let message = ToValidator::parse(frame)?;
//! assert_eq!(message.job_uuid(), Some("0b8f5ab8"));
//! assert!(matches!(message, ToValidator::AcceptJob(AcceptJobRequest { .. })));
//! assert_eq!(message.to_text(), r#"{"job_uuid":"0b8f5ab8","message_type":"V0AcceptJobRequest"}"#);
//! # Ok::<(), horde_proto::MessageError>(())
//! ```
//!
//! # Texts
//!
//! Any text that JSON can carry is read and written as it is, NUL and other control characters included. A log has to escape
//! it. The one exception is an escape such as `\ud800`, half of a pair, which no Unicode text can hold: it is read as
//! U+FFFD.
//!
//! # Numbers
//!
//! Integers that the schemas leave unbounded must fit into 64 bits. In [`Specs`], which are opaque, a number beyond that becomes
//! the nearest 64-bit float, and one beyond those makes the frame invalid.

mod blob;
pub mod collector;
mod error;
pub mod executor;
mod executor_class;
pub mod facilitator;
mod job_rules;
mod json;
pub mod miner;
pub mod receipt;
mod secret;
mod signing;
mod specs;
mod text_map;
mod time;
pub mod upload;
mod url;
mod uuid;
pub mod volume;

pub use error::{FieldError, MessageError, Reason};
pub use executor_class::{EXECUTOR_TIMEOUT_MAX, ExecutorClass};
pub use secret::Secret;
pub use signing::{Payload, SignatureError};
pub use specs::{MachineSpecs, Specs};
pub use text_map::TextMap;
pub use time::Timestamp;
pub use upload::OutputUpload;
pub use url::Url;
pub use uuid::{is_uuid, uuid_v4};
pub use volume::{Volume, VolumeType};
