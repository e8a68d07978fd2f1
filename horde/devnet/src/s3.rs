//! An S3 service in path style, with regions, policies, lifecycle rules and IAM users (sections 2.9 and 10.7).
//!
//! [`S3`] listens on loopback. Signatures of version 4 are verified strictly, in headers and in the query; who has none may do
//! what the bucket's policy lets everybody do. Objects are in memory. [`S3Faults`] make it misbehave, for all requests or for
//! those of one station of a pipeline, and the [`S3Report`] says who has done what, and what is left.
//!
//! ```
//! use horde_devnet::s3::{S3, S3BucketConfig, S3Config, S3Faults};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let config = S3Config {
//!     buckets: vec!["answers@eu-west-3".parse::<S3BucketConfig>()?],
//!     ..S3Config::default()
//! };
//! let s3 = S3::start(config).await?;
//! s3.put_object("answers", "solved/1.json", "{}")?;
//! s3.set_faults(S3Faults::parse(&["403@get=answers/solved/*3", "slow:20"])?);
//! assert_eq!(s3.report().buckets[0].objects.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! Where it differs from AWS: the one address serves all regions; a region is known by the signature. An object that is not there
//! is answered 404 to everybody, unless the fault `hides-missing` holds. Bodies in chunks of their own signature, checksums in
//! headers, ranges, multipart uploads, ACLs, versions and conditions in policies are left out; what is left out is refused.

mod call;
mod config;
mod core;
mod fault;
mod hub;
mod journal;
mod running;
mod server;

pub use call::S3Call;
pub use config::{S3Account, S3BucketConfig, S3BucketConfigError, S3Config, s3_credentials};
pub use core::OBJECT_BYTES_MAX;
pub use fault::{
    ParseS3FaultError, S3_FAULTS_COUNT_MAX, S3Fault, S3FaultInfo, S3FaultKind, S3Faults,
    S3FaultsError,
};
pub use journal::{S3BucketReport, S3Caller, S3Entry, S3ObjectReport, S3Report, S3UserReport};
pub use running::{S3, S3Control, S3PutError, S3StartError};
