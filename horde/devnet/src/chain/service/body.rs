//! Bodies of requests.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::BodyFault;
use crate::chain::extrinsic::{Extrinsic, WeightVector};

/// Hex digits of a hash of 32 bytes.
const HASH_DIGITS: usize = 64;

#[derive(Deserialize)]
struct ByHotkeyBody {
    weights: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct CommitBody {
    commit_hash: String,
}

#[derive(Deserialize)]
struct SetBody {
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
}

#[derive(Deserialize)]
struct RevealBody {
    uids: Vec<u16>,
    values: Vec<u16>,
    salt: Vec<u16>,
    version_key: u64,
}

/// Weights of `PUT /weights`, by hotkey.
pub(super) fn weights_by_hotkey(body: &[u8]) -> Result<BTreeMap<String, f64>, BodyFault> {
    let ByHotkeyBody { weights } = read(body, "weights")?;
    let fault = |message: &str| BodyFault {
        message: message.to_owned(),
        key: "weights",
    };
    if weights.is_empty() {
        return Err(fault("Value error, No weights provided"));
    }
    let is_good = |weight: &f64| weight.is_finite() && *weight >= 0.0;
    match weights.values().all(is_good) {
        true => Ok(weights),
        false => Err(fault(
            "Value error, weights must be finite and not negative",
        )),
    }
}

/// The body of `POST /weights/commit`.
pub(super) fn commit(body: &[u8]) -> Result<Extrinsic, BodyFault> {
    let CommitBody { commit_hash } = read(body, "commit_hash")?;
    let digits = commit_hash.strip_prefix("0x").unwrap_or_default();
    let is_hash = digits.len() == HASH_DIGITS && digits.bytes().all(|it| it.is_ascii_hexdigit());
    match is_hash {
        true => Ok(Extrinsic::Commit {
            commit_hash: commit_hash.to_ascii_lowercase(),
        }),
        false => Err(BodyFault {
            message: "Value error, a hash is 0x and 64 hex digits".to_owned(),
            key: "commit_hash",
        }),
    }
}

/// The body of `POST /weights/set`.
pub(super) fn set(body: &[u8]) -> Result<Extrinsic, BodyFault> {
    let SetBody {
        uids,
        values,
        version_key,
    } = read(body, "uids")?;
    Ok(Extrinsic::Set {
        weights: WeightVector { uids, values },
        version_key,
    })
}

/// The body of `POST /weights/reveal`.
pub(super) fn reveal(body: &[u8]) -> Result<Extrinsic, BodyFault> {
    let RevealBody {
        uids,
        values,
        salt,
        version_key,
    } = read(body, "uids")?;
    Ok(Extrinsic::Reveal {
        weights: WeightVector { uids, values },
        salt,
        version_key,
    })
}

fn read<T: DeserializeOwned>(body: &[u8], key: &'static str) -> Result<T, BodyFault> {
    serde_json::from_slice(body).map_err(|error| BodyFault {
        message: error.to_string(),
        key,
    })
}
