//! Weights, their integers, and the commit to them.

use std::collections::BTreeMap;

use horde_calc::weights::{
    CommitError, CommitInterval, CommitSettings, ProcessError, UidWeights, WeightLimits,
    WeightsCommit, cap_weights, cap_weights_f64, process_weights, quantize_for_commit,
    quantize_for_set, weights_by_uid,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tig_keyring::PublicKey;

use crate::vectors::{Exact, exact_scores, exact_values, formula, load, recorded};

#[derive(Deserialize)]
struct Cap {
    x: Vec<Exact>,
    limit: f64,
    out: Vec<Exact>,
}

#[derive(Deserialize)]
struct LongCaps {
    rows: Vec<LongCap>,
}

#[derive(Deserialize)]
struct LongCap {
    count: u32,
    modulus: u32,
    limit: f64,
    precision: u32,
    first: Vec<Exact>,
    largest: Exact,
    sha256: String,
}

#[derive(Deserialize)]
struct Process {
    n: usize,
    weights: Vec<f32>,
    min_allowed_weights: usize,
    max_weight_limit: f64,
    uids: Vec<u16>,
    out: Vec<Exact>,
}

#[derive(Deserialize)]
struct ForCommit {
    weights: Vec<Exact>,
    max: u16,
    out: Vec<u16>,
}

#[derive(Deserialize)]
struct ForSet {
    uids: Vec<u16>,
    weights: Vec<Exact>,
    out: (Vec<u16>, Vec<u16>),
}

#[derive(Deserialize)]
struct CommitHash {
    address: String,
    netuid: u16,
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
    salt: Vec<u16>,
    hash: String,
}

#[derive(Deserialize)]
struct Interval {
    block: u32,
    start: i64,
    stop: i64,
    reveal: (i64, i64),
    commit: (i64, i64),
    in_commit: bool,
    in_reveal: bool,
}

fn limits(count_min: usize, share_max: f64) -> WeightLimits {
    WeightLimits {
        count_min,
        share_max,
    }
}

#[test]
fn capped_weights_match_bit_for_bit() {
    let rows: Vec<Cap> = formula("normalize_max_weight");
    assert_eq!(rows.len(), 5);
    for Cap { x, limit, out } in rows {
        let weights: Vec<_> = x.iter().map(|Exact(weight)| *weight as f32).collect();
        let capped = cap_weights(&weights, limit).into_iter();
        let capped: Vec<_> = capped.map(f64::from).map(Exact).collect();
        assert_eq!(capped, out, "{x:?} {limit}");
    }
}

/// Long enough for NumPy's pairwise sums, which differ from plain ones.
#[test]
fn capped_weights_of_many_match_numpy() {
    for row in load::<LongCaps>("cap_weights.json").rows {
        let weights = (0..row.count).map(|index| {
            let fraction = if index.is_multiple_of(5) {
                1.0 / 3.0
            } else {
                1.0
            };
            f64::from((index * 7919 + 13) % row.modulus) + fraction
        });
        let (capped, bits): (Vec<f64>, Vec<u8>) = match row.precision {
            32 => {
                let weights: Vec<_> = weights.map(|weight| weight as f32).collect();
                let capped = cap_weights(&weights, row.limit);
                let bits = capped.iter().flat_map(|it| it.to_be_bytes()).collect();
                (capped.into_iter().map(f64::from).collect(), bits)
            }
            _ => {
                let capped = cap_weights_f64(&weights.collect::<Vec<_>>(), row.limit);
                let bits = capped.iter().flat_map(|it| it.to_be_bytes()).collect();
                (capped, bits)
            }
        };
        assert_eq!(capped[..3], exact_values(&row.first));
        let largest = capped.iter().copied().fold(0.0, f64::max);
        assert_eq!(Exact(largest), row.largest);
        assert_eq!(hex::encode(Sha256::digest(bits)), row.sha256);
    }
}

#[test]
fn processed_weights_match_bit_for_bit() {
    for row in formula::<Process>("process_weights") {
        assert_eq!(row.weights.len(), row.n);
        let limits = limits(row.min_allowed_weights, row.max_weight_limit);
        let expected = UidWeights {
            uids: row.uids,
            weights: exact_values(&row.out),
        };
        assert_eq!(process_weights(&row.weights, limits), Ok(expected));
    }
}

#[test]
fn bad_weights_are_refused_by_uid() {
    for weight in [f32::INFINITY, -1.0] {
        let error = process_weights(&[1.0, weight], limits(1, 1.0));
        assert_eq!(error, Err(ProcessError::BadWeight { uid: 1, weight }));
    }
    let error = process_weights(&[f32::NAN], limits(1, 1.0));
    assert!(matches!(error, Err(ProcessError::BadWeight { uid: 0, .. })));
    let count = (1 << 16) + 1;
    let error = process_weights(&vec![1.0; count], limits(1, 1.0));
    assert_eq!(error, Err(ProcessError::TooManyNeurons { count }));
    assert_eq!(
        process_weights(&[], limits(1, 1.0)),
        Ok(UidWeights::default())
    );
}

#[test]
fn integers_match_those_of_the_library() {
    for ForCommit { weights, max, out } in formula("normalize_for_commit") {
        let weights = exact_values(&weights);
        assert_eq!(quantize_for_commit(&weights, max), out, "{weights:?}");
    }
    for ForSet { uids, weights, out } in formula("weights_emit_u16") {
        let weights = exact_values(&weights);
        assert_eq!(quantize_for_set(&UidWeights { uids, weights }), out);
    }
    assert_eq!(quantize_for_commit(&[0.0, 0.0], 65535), [0, 0]);
    let zeros = UidWeights {
        uids: vec![3],
        weights: vec![0.0],
    };
    assert_eq!(quantize_for_set(&zeros), (vec![], vec![]));
}

#[test]
fn recorded_scores_become_the_recorded_commit() {
    let scores = exact_scores(recorded("scores"));
    let hotkeys = [
        "5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U",
        "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht",
        "5Dh7jEmH8ZjVrYCQFqxHEi4oSuFR21V4xfAKfyuoQrGw95Yj",
    ];
    let by_uid = weights_by_uid(&scores, &hotkeys);
    assert_eq!(by_uid.unregistered, [""; 0]);
    let processed = process_weights(&by_uid.weights, limits(1, 1.0)).unwrap();
    let values = quantize_for_commit(&processed.weights, u16::MAX);
    let commit: Value = recorded("commit_weights");
    assert_eq!(serde_json::json!(processed.uids), commit["uids"]);
    assert_eq!(serde_json::json!(values), commit["weights"]);
}

#[test]
fn scores_of_unregistered_hotkeys_are_dropped() {
    let scores = BTreeMap::from([("gone".to_owned(), 1.0), ("here".to_owned(), 2.0)]);
    let by_uid = weights_by_uid(&scores, &["new", "here"]);
    assert_eq!(by_uid.weights, [0.0, 2.0]);
    assert_eq!(by_uid.unregistered, ["gone"]);
}

#[test]
fn commit_hashes_match() {
    for row in formula::<CommitHash>("commit_hash") {
        let account = *PublicKey::from_ss58(&row.address).unwrap().as_bytes();
        let commit = WeightsCommit {
            netuid: row.netuid,
            uids: row.uids,
            values: row.values,
            salt: row.salt,
            version_key: row.version_key,
        };
        let hash = commit.hash(&account).unwrap();
        assert_eq!(format!("0x{}", hex::encode(hash)), row.hash);
    }
}

#[test]
fn impossible_commits_are_refused() {
    let commit = |uids: usize, values: usize, salt: usize| WeightsCommit {
        netuid: 12,
        uids: vec![0; uids],
        values: vec![0; values],
        salt: vec![7; salt],
        version_key: 2,
    };
    let hash = |commit: WeightsCommit| commit.hash(&[0; 32]);
    let lengths = CommitError::Lengths { uids: 2, values: 1 };
    assert_eq!(hash(commit(2, 1, 8)), Err(lengths));
    let count = (1 << 16) + 1;
    assert_eq!(
        hash(commit(1, 1, count)),
        Err(CommitError::TooLong { count })
    );
    assert!(hash(commit(1 << 16, 1 << 16, 8)).is_ok());
    assert!(!format!("{:?}", commit(1, 1, 1)).contains('7'));
}

#[test]
fn windows_match_the_reference() {
    for row in formula::<Interval>("commit_reveal") {
        let interval = CommitInterval::containing(row.block, CommitSettings::default());
        let pair = |range: horde_calc::schedule::BlockRange| (range.start, range.stop);
        assert_eq!(pair(interval.blocks), (row.start, row.stop));
        assert_eq!(pair(interval.reveal), row.reveal);
        assert_eq!(pair(interval.commit), row.commit);
        assert_eq!(interval.commit.contains(row.block), row.in_commit);
        assert_eq!(interval.reveal.contains(row.block), row.in_reveal);
    }
}

#[test]
fn reveal_belongs_into_the_next_interval() {
    let settings = CommitSettings::default();
    let committed = CommitInterval::containing(4_400_540, settings);
    let may_reveal = |block| committed.may_reveal(block, settings);
    // The recorded reveal.
    assert!(may_reveal(4_400_593));
    assert!(!may_reveal(4_400_540) && !may_reveal(4_400_589));
    assert!(may_reveal(4_400_590) && may_reveal(4_400_935));
    assert!(!may_reveal(4_400_936) && !may_reveal(4_400_590 + 722));
}

proptest! {
    #[test]
    fn shares_sum_up_to_one_and_none_is_above_the_limit(
        weights in prop::collection::vec(0.001..1000.0_f32, 1..400),
        limit in 0.001..1.0_f64,
    ) {
        let capped = cap_weights(&weights, limit);
        let sum: f64 = capped.iter().copied().map(f64::from).sum();
        prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
        let equal = 1.0 / weights.len() as f64;
        let largest = capped.iter().copied().fold(0.0, f32::max);
        prop_assert!(f64::from(largest) <= limit.max(equal) * 1.001, "{} {}", largest, limit);
    }

    #[test]
    fn larger_weights_get_no_smaller_integers(weights in prop::collection::vec(0.0..1.0_f64, 1..300)) {
        let values = quantize_for_commit(&weights, u16::MAX);
        let mut pairs: Vec<_> = weights.into_iter().zip(values).collect();
        pairs.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        prop_assert!(pairs.is_sorted_by_key(|(_, value)| *value));
        let (largest, value) = pairs[pairs.len() - 1];
        prop_assert_eq!(value, if largest > 0.0 { u16::MAX } else { 0 });
    }

    #[test]
    fn a_block_commits_or_reveals_but_not_both(block: u32) {
        let interval = CommitInterval::containing(block, CommitSettings::default());
        prop_assert!(interval.blocks.contains(block));
        prop_assert!(!(interval.commit.contains(block) && interval.reveal.contains(block)));
    }
}
