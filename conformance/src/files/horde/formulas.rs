//! Scores and weights, bit for bit.

use horde_calc::score::{HordeSettings, horde_score, normalize};
use horde_calc::weights::{
    UidWeights, WeightLimits, WeightsCommit, cap_weights, process_weights, quantize_for_commit,
    quantize_for_set,
};
use serde_json::json;
use tig_keyring::PublicKey;

use super::scores;
use crate::case::{equal, text};
use crate::files::{List, no_law};

pub(super) const HORDE_SCORES: List = List {
    name: "horde_score",
    check: |_, case| {
        let settings = HordeSettings {
            alpha: case.field("alpha")?,
            beta: case.field("beta")?,
            delta: case.field("delta")?,
        };
        let benchmarks: Vec<f64> = case.field("benchmarks")?;
        equal(
            "score",
            case.get("score"),
            horde_score(&benchmarks, settings),
        )
    },
    uphold: no_law,
};

pub(super) const NORMALIZED: List = List {
    name: "normalize",
    check: |_, case| {
        let mut scores = scores(case.get("scores"))?;
        normalize(&mut scores, case.field("weight")?);
        equal("out", case.get("out"), scores)
    },
    uphold: no_law,
};

pub(super) const CAPPED: List = List {
    name: "normalize_max_weight",
    check: |_, case| {
        let weights: Vec<f32> = case.field("x")?;
        let capped = cap_weights(&weights, case.field("limit")?).into_iter();
        let capped: Vec<_> = capped.map(f64::from).collect();
        equal("out", case.get("out"), capped)
    },
    uphold: no_law,
};

pub(super) const PROCESSED: List = List {
    name: "process_weights",
    check: |_, case| {
        let limits = WeightLimits {
            count_min: case.field("min_allowed_weights")?,
            share_max: case.field("max_weight_limit")?,
        };
        let weights: Vec<f32> = case.field("weights")?;
        let UidWeights { uids, weights } = process_weights(&weights, limits).map_err(text)?;
        case.same_fields(&json!({"uids": uids, "out": weights}))
    },
    uphold: no_law,
};

pub(super) const FOR_COMMIT: List = List {
    name: "normalize_for_commit",
    check: |_, case| {
        let weights: Vec<f64> = case.field("weights")?;
        let values = quantize_for_commit(&weights, case.field("max")?);
        equal("out", case.get("out"), values)
    },
    uphold: no_law,
};

pub(super) const FOR_SET: List = List {
    name: "weights_emit_u16",
    check: |_, case| {
        let weights = UidWeights {
            uids: case.field("uids")?,
            weights: case.field("weights")?,
        };
        equal("out", case.get("out"), quantize_for_set(&weights))
    },
    uphold: no_law,
};

pub(super) const COMMIT_HASHES: List = List {
    name: "commit_hash",
    check: |_, case| {
        let address: String = case.field("address")?;
        let account = PublicKey::from_ss58(&address).map_err(text)?;
        let commit = WeightsCommit {
            netuid: case.field("netuid")?,
            uids: case.field("uids")?,
            values: case.field("values")?,
            salt: case.field("salt")?,
            version_key: case.field("version_key")?,
        };
        let hash = commit.hash(account.as_bytes()).map_err(text)?;
        let hash = format!("0x{}", hex::encode(hash));
        equal("hash", case.get("hash"), hash)
    },
    uphold: no_law,
};
