//! A stage: passwords, of which the miner gets salted hashes.

use std::collections::BTreeSet;

use hex::encode as hex;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::draws::Draws;

/// Passwords of a stage.
const PASSWORDS: usize = 100;
/// Bytes of a stage's salt. The passwords of a stage share it: hashcat tries each candidate once per salt, and a hundred
/// salts would take a hundred times the time that a job has.
const SALT_BYTES: usize = 8;

/// How a password and a salt are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// hashcat's number for the hash of password and salt.
    pub(super) const fn hashcat_mode(self) -> u32 {
        match self {
            Self::Sha256 => 1410,
            Self::Sha384 => 10810,
            Self::Sha512 => 1710,
        }
    }

    /// Hex of the hash of password, then salt.
    pub(super) fn hash(self, password: &str, salt: &[u8]) -> String {
        let salted = [password.as_bytes(), salt].concat();
        match self {
            Self::Sha256 => hex(Sha256::digest(salted)),
            Self::Sha384 => hex(Sha384::digest(salted)),
            Self::Sha512 => hex(Sha512::digest(salted)),
        }
    }
}

/// The kind of passwords and hashes of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StageSpec {
    pub(super) algorithm: Algorithm,
    pub(super) letters: usize,
    pub(super) digits: usize,
}

/// Number of stages of a job.
pub(super) const STAGES: usize = 3;

/// The stages of a full job, each some seconds of work for a GPU of the class.
const FULL: [StageSpec; STAGES] = [
    StageSpec {
        algorithm: Algorithm::Sha256,
        letters: 6,
        digits: 0,
    },
    StageSpec {
        algorithm: Algorithm::Sha384,
        letters: 5,
        digits: 1,
    },
    StageSpec {
        algorithm: Algorithm::Sha512,
        letters: 5,
        digits: 1,
    },
];

/// Letters of a password of a small job, beside its digit: 620 passwords to try.
const SMALL_LETTERS: usize = 1;

/// How much work a job is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum JobSize {
    /// Some seconds for a GPU of the class.
    #[default]
    Full,
    /// Milliseconds for any processor: for test networks, whose miners have no GPU. Says nothing about a machine.
    Small,
}

impl JobSize {
    /// The stages of a job of this size.
    pub(super) fn stages(self) -> [StageSpec; STAGES] {
        match self {
            Self::Full => FULL,
            Self::Small => FULL.map(|spec| StageSpec {
                letters: SMALL_LETTERS,
                digits: 1,
                ..spec
            }),
        }
    }
}

impl StageSpec {
    /// hashcat's mask of a password; its custom charset 1 has the letters.
    pub(super) fn mask(self) -> String {
        "?1".repeat(self.letters) + &"?d".repeat(self.digits)
    }
}

/// A stage with its passwords.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) spec: StageSpec,
    /// Distinct, and in order: that is how the miner joins them, too.
    pub(super) passwords: BTreeSet<String>,
    pub(super) salt: [u8; SALT_BYTES],
}

impl Stage {
    pub(super) fn draw(spec: StageSpec, draws: &mut Draws) -> Self {
        let mut passwords = BTreeSet::new();
        while passwords.len() < PASSWORDS {
            passwords.insert(draws.password(spec.letters, spec.digits));
        }
        let salt = draws.bytes();
        Self {
            spec,
            passwords,
            salt,
        }
    }

    /// What hashcat reads: a line `hash:salt` for each password.
    pub(super) fn text(&self) -> String {
        let salt = hex(self.salt);
        let line = |password: &String| {
            let hash = self.spec.algorithm.hash(password, &self.salt);
            format!("{hash}:{salt}")
        };
        let lines: Vec<_> = self.passwords.iter().map(line).collect();
        lines.join("\n")
    }

    /// What the key of the next stage is made of.
    pub(super) fn joined_passwords(&self) -> String {
        let passwords: Vec<_> = self.passwords.iter().map(String::as_str).collect();
        passwords.join("\n")
    }
}
