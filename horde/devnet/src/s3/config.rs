//! What the service is started with.

use std::str::FromStr;

use horde_s3::{Credentials, Endpoint, EndpointError, REGION_DEFAULT};
use sha2::{Digest as _, Sha256};

use super::fault::S3Faults;

/// Stands between the name of a bucket and its region.
const REGION_START: char = '@';
/// Digits of an access key id behind its beginning, as at AWS.
const ID_DIGITS: usize = 16;
/// Characters of a secret key, as at AWS.
const SECRET_DIGITS: usize = 40;

/// An account of the service. There are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Account {
    /// Of the validator under test.
    Validator,
    /// Of somebody else.
    Stranger,
}

impl S3Account {
    pub(super) const ALL: [Self; 2] = [Self::Validator, Self::Stranger];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validator => "validator",
            Self::Stranger => "stranger",
        }
    }

    /// The twelve digits that policies name it by.
    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::Validator => "100000000001",
            Self::Stranger => "100000000002",
        }
    }
}

/// The root key of an account, which the seed of a service decides.
pub fn s3_credentials(seed: u64, account: S3Account) -> Credentials {
    key(seed, account.name())
}

/// The same key for the same arguments.
pub(super) fn key(seed: u64, purpose: &str) -> Credentials {
    let mut hash = Sha256::new();
    hash.update(b"horde-devnet s3");
    hash.update(seed.to_le_bytes());
    hash.update(purpose);
    let digits = hex::encode(hash.finalize());
    let (id, secret) = digits.split_at(ID_DIGITS);
    let id = format!("AKIA{}", id.to_ascii_uppercase());
    Credentials::new(id, &secret[..SECRET_DIGITS])
}

/// A bucket that is there from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3BucketConfig {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub region: String,
    /// Whose it is.
    pub owner: S3Account,
    /// Whether everybody may read its objects, as after provisioning. Otherwise it is as a bucket that was just made.
    pub is_public: bool,
}

/// Why a text is not a bucket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a bucket: write NAME or NAME@REGION")]
pub struct S3BucketConfigError {
    /// The text.
    pub text: String,
    /// What is wrong.
    #[source]
    pub source: EndpointError,
}

impl S3BucketConfig {
    pub(super) fn check(&self) -> Result<(), EndpointError> {
        Endpoint::parse(None, Some(&self.region), &self.name).map(|_| ())
    }
}

impl FromStr for S3BucketConfig {
    type Err = S3BucketConfigError;

    /// `NAME` or `NAME@REGION`: a public bucket of the validator.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, region) = text
            .split_once(REGION_START)
            .unwrap_or((text, REGION_DEFAULT));
        let bucket = Self {
            name: name.to_owned(),
            region: region.to_owned(),
            owner: S3Account::Validator,
            is_public: true,
        };
        let checked = bucket.check();
        checked.map_err(|source| S3BucketConfigError {
            text: text.to_owned(),
            source,
        })?;
        Ok(bucket)
    }
}

/// A service to be started. The default has no buckets, and is on a free port.
#[derive(Clone, Debug, Default)]
pub struct S3Config {
    /// The port of everything, on loopback; 0 takes a free one.
    pub port: u16,
    /// Decides the keys: see [`s3_credentials`].
    pub seed: u64,
    /// Buckets from the start.
    pub buckets: Vec<S3BucketConfig>,
    /// Faults from the start.
    pub faults: S3Faults,
}
