//! A stage of a hash job: salted hashes, and the passwords that have them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::mask::Mask;

/// Passwords that are tried: about a minute of one processor.
const PASSWORDS_COUNT_MAX: u64 = 100_000_000;
/// Hashes of a stage.
const HASHES_COUNT_MAX: usize = 10_000;
/// Passwords that are tried between two looks at the clock.
const PASSWORDS_PER_LOOK: u64 = 4_096;

/// Why a stage cannot be solved.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    #[error("hash type {0} is unknown; this miner has 1410, 10810 and 1710")]
    Mode(u32),
    #[error("mask {0:?} is not made of ?1 and ?d")]
    Mask(String),
    #[error(
        "the mask has {0} passwords, more than the {PASSWORDS_COUNT_MAX} that this miner tries"
    )]
    TooManyPasswords(u64),
    #[error("the stage has {0} hashes, more than {HASHES_COUNT_MAX}")]
    TooManyHashes(usize),
    #[error("line {0} is not `hash:salt` in hex")]
    Line(usize),
    #[error("{0} hashes have no password under the mask")]
    NotFound(usize),
    #[error("the time of the job is over")]
    Timeout,
}

/// How a password and a salt are hashed.
#[derive(Clone, Copy, Debug)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    fn from_mode(mode: u32) -> Result<Self, StageError> {
        match mode {
            1410 => Ok(Self::Sha256),
            10810 => Ok(Self::Sha384),
            1710 => Ok(Self::Sha512),
            other => Err(StageError::Mode(other)),
        }
    }

    fn hash(self, salted: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(salted).to_vec(),
            Self::Sha384 => Sha384::digest(salted).to_vec(),
            Self::Sha512 => Sha512::digest(salted).to_vec(),
        }
    }
}

/// A stage. See the module.
#[derive(Debug)]
pub(super) struct Stage {
    algorithm: Algorithm,
    mask: Mask,
    /// Hashes by salt.
    hashes: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl Stage {
    /// The stage with these lines `hash:salt`.
    pub(super) fn new(mode: u32, mask: &str, text: &str) -> Result<Self, StageError> {
        let algorithm = Algorithm::from_mode(mode)?;
        let mask = Mask::parse(mask).ok_or_else(|| StageError::Mask(mask.to_owned()))?;
        if mask.count() > PASSWORDS_COUNT_MAX {
            return Err(StageError::TooManyPasswords(mask.count()));
        }
        let line_count = text.lines().count();
        if line_count > HASHES_COUNT_MAX {
            return Err(StageError::TooManyHashes(line_count));
        }
        let mut hashes = BTreeMap::<Vec<u8>, BTreeSet<Vec<u8>>>::new();
        for (line, number) in text.lines().zip(1..) {
            let pair = line
                .split_once(':')
                .and_then(|(hash, salt)| Some((hex::decode(hash).ok()?, hex::decode(salt).ok()?)));
            let (hash, salt) = pair.ok_or(StageError::Line(number))?;
            hashes.entry(salt).or_default().insert(hash);
        }
        Ok(Self {
            algorithm,
            mask,
            hashes,
        })
    }

    /// The passwords of all hashes, in order.
    pub(super) fn solve(mut self, deadline: Instant) -> Result<Vec<String>, StageError> {
        let mut passwords = Vec::new();
        let mut salted = Vec::new();
        for number in 0..self.mask.count() {
            if number % PASSWORDS_PER_LOOK == 0 && Instant::now() > deadline {
                return Err(StageError::Timeout);
            }
            self.mask.write(number, &mut salted);
            let length = salted.len();
            for (salt, hashes) in &mut self.hashes {
                salted.truncate(length);
                salted.extend(salt);
                if hashes.remove(&self.algorithm.hash(&salted)) {
                    let password = salted.get(..length).unwrap_or_default();
                    passwords.push(String::from_utf8_lossy(password).into_owned());
                }
            }
            self.hashes.retain(|_, hashes| !hashes.is_empty());
            if self.hashes.is_empty() {
                break;
            }
        }
        let missing = self.hashes.values().map(BTreeSet::len).sum();
        if missing > 0 {
            return Err(StageError::NotFound(missing));
        }
        passwords.sort();
        Ok(passwords)
    }
}
