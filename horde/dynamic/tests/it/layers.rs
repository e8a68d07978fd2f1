//! What is in force, by profile, files, operator and time.

use std::collections::BTreeMap;

use horde_dynamic::{
    Conflict, DynamicConfig, KeyError, Layers, LocalValue, ParamFile, Profile, Resolved, Source,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const VERSION: &str = "DYNAMIC_WEIGHTS_VERSION";
const CLASS_WEIGHTS: &str = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
const LIMITS: &str = "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS";

/// 2024-11-28T00:00:00Z.
const NOVEMBER_28_MS: u64 = 1_732_752_000_000;

fn file(keys: &[(&str, Value)]) -> ParamFile {
    let keys = keys.iter();
    let params: BTreeMap<_, _> = keys
        .map(|(key, items)| (*key, json!({ "description": "d", "items": items })))
        .collect();
    ParamFile::parse(json!(params).to_string().as_bytes()).expect("the file has no fault")
}

fn local(keys: &[(&str, &str)]) -> BTreeMap<String, LocalValue> {
    let value = |text: &str| LocalValue {
        text: text.to_owned(),
        since_ms: 7,
    };
    let keys = keys.iter();
    keys.map(|(key, text)| ((*key).to_owned(), value(text)))
        .collect()
}

fn resolve(files: &[(Source, &ParamFile)], at_ms: u64) -> Result<Resolved, Conflict> {
    let layers = Layers {
        profile: Profile::Reference,
        files,
        local: &BTreeMap::new(),
    };
    layers.resolve(at_ms)
}

fn version_at(items: Value, at_ms: u64) -> u64 {
    let file = file(&[(VERSION, items)]);
    let resolved = resolve(&[(Source::Validator, &file)], at_ms).expect("no conflict");
    resolved.config.weights_version
}

#[test]
fn items_count_by_their_time_not_by_their_place() {
    let items = json!([
        { "value": 4, "effective_from": "2024-10-03T10:43:20.000Z" },
        { "value": 3, "effective_from": "2024-08-29T06:28:24.000Z" },
        { "value": 2 },
    ]);
    for (at, expected) in [
        (0, 2),
        (1_724_912_903_999, 2),
        (1_724_912_904_000, 3),
        (1_727_952_200_000, 4),
        (u64::MAX, 4),
    ] {
        assert_eq!(version_at(items.clone(), at), expected, "{at}");
    }
}

#[test]
fn value_of_tomorrow_does_not_count_today() {
    let items = json!([{ "value": 4, "effective_from": "2999-01-01T00:00:00+02:00" }]);
    assert_eq!(version_at(items, NOVEMBER_28_MS), 1);
}

#[test]
fn value_does_not_count_before_its_microsecond() {
    let items = json!([{ "value": 4, "effective_from": "1970-01-01T00:00:01.000001" }]);
    assert_eq!(version_at(items.clone(), 1_000), 1);
    assert_eq!(version_at(items, 1_001), 4);
}

#[test]
fn later_of_two_items_of_one_moment_counts() {
    let time = "2024-01-01T00:00:00Z";
    let items = json!([
        { "value": 2, "effective_from": time },
        { "value": 3, "effective_from": time },
    ]);
    assert_eq!(version_at(items, NOVEMBER_28_MS), 3);
}

proptest! {
    /// The order of items in the file is of no account, as long as their times differ.
    #[test]
    fn shuffled_items_count_the_same(
        (times, shuffled) in prop::collection::btree_set(0_u64..2_000, 1..20)
            .prop_map(|times| times.into_iter().collect::<Vec<_>>())
            .prop_flat_map(|times| (Just(times.clone()), Just(times).prop_shuffle())),
        at_seconds in 0_u64..2_100,
    ) {
        let item = |seconds: &u64| json!({
            "value": seconds % 5,
            "effective_from": format!("1970-01-01T00:{:02}:{:02}Z", seconds / 60, seconds % 60),
        });
        let items: Vec<_> = shuffled.iter().map(item).collect();
        let last = times.iter().rev().find(|time| **time <= at_seconds);
        let expected = last.map_or(1, |time| time % 5);
        prop_assert_eq!(version_at(json!(items), at_seconds * 1_000), expected);
    }
}

#[test]
fn common_file_wins_over_validator_file() {
    let validator = file(&[
        (VERSION, json!([{ "value": 2, "reason": "v" }])),
        ("DYNAMIC_MAX_WEIGHT", json!([{ "value": 9 }])),
    ]);
    let common = file(&[(VERSION, json!([{ "value": 3, "reason": "c" }]))]);
    let files = [(Source::Validator, &validator), (Source::Common, &common)];
    let resolved = resolve(&files, 1).unwrap();
    assert_eq!(resolved.config.weights_version, 3);
    assert_eq!(resolved.config.max_weight, 9);
    assert_eq!(resolved.origin(VERSION).source, Source::Common);
    assert_eq!(resolved.origin(VERSION).reason.as_deref(), Some("c"));
    assert_eq!(resolved.origin("SERVING").source, Source::Profile);
}

/// A key whose items all lie in the future is not set by the common file yet.
#[test]
fn common_item_of_tomorrow_hides_nothing() {
    let validator = file(&[(VERSION, json!([{ "value": 2 }]))]);
    let tomorrow = json!([{ "value": 3, "effective_from": "2999-01-01T00:00:00Z" }]);
    let common = file(&[(VERSION, tomorrow)]);
    let files = [(Source::Validator, &validator), (Source::Common, &common)];
    let resolved = resolve(&files, NOVEMBER_28_MS).unwrap();
    assert_eq!(resolved.config.weights_version, 2);
}

#[test]
fn operator_wins_over_files() {
    let file = file(&[(VERSION, json!([{ "value": 2 }]))]);
    let layers = Layers {
        profile: Profile::Reference,
        files: &[(Source::Inline, &file)],
        local: &local(&[(VERSION, "0"), ("SERVING", "false")]),
    };
    let resolved = layers.resolve(1).unwrap();
    assert_eq!(resolved.config.weights_version, 0);
    assert!(!resolved.config.serving);
    let origin = resolved.origin(VERSION);
    assert_eq!((origin.source, origin.since_ms), (Source::Local, Some(7)));
}

#[test]
fn local_value_that_is_not_allowed_is_a_conflict() {
    let layers = Layers {
        profile: Profile::Reference,
        files: &[],
        local: &local(&[(VERSION, "9")]),
    };
    let conflict = layers.resolve(1).unwrap_err();
    assert!(matches!(conflict, Conflict::Local(KeyError::Value { .. })));
}

#[test]
fn file_that_turns_every_class_off_is_refused() {
    let spin_up = "spin_up-4min.gpu-24gb";
    let weights = |text: &str| (CLASS_WEIGHTS, json!([{ "value": text }]));
    let limits = |text: &str| (LIMITS, json!([{ "value": text }]));
    for keys in [
        vec![weights("")],
        vec![weights("spin_up-4min.gpu-24gb=0,always_on.llm.a6000=0.0")],
        // The one class that counts has no executor.
        vec![
            weights("spin_up-4min.gpu-24gb=1"),
            limits("spin_up-4min.gpu-24gb=0"),
        ],
        vec![limits("spin_up-4min.gpu-24gb=0,always_on.llm.a6000=0")],
    ] {
        let file = file(&keys);
        let conflict = resolve(&[(Source::Common, &file)], 1).unwrap_err();
        assert_eq!(conflict, Conflict::EveryClassOff, "{keys:?}");
    }
    let only = format!("{spin_up}=0.5");
    let file = file(&[weights(&only), limits("always_on.llm.a6000=0")]);
    resolve(&[(Source::Common, &file)], 1).unwrap();
}

#[test]
fn conflict_of_tomorrow_is_seen_today() {
    let tomorrow = json!([{ "value": "", "effective_from": "2999-01-01T00:00:00Z" }]);
    let file = file(&[(CLASS_WEIGHTS, tomorrow)]);
    let layers = Layers {
        profile: Profile::Reference,
        files: &[(Source::Validator, &file)],
        local: &BTreeMap::new(),
    };
    layers.resolve(NOVEMBER_28_MS).unwrap();
    assert_eq!(
        layers.check_from(NOVEMBER_28_MS),
        Err(Conflict::EveryClassOff)
    );
    assert_eq!(layers.next_after(NOVEMBER_28_MS), Some(32_472_144_000_000));
    assert_eq!(layers.next_after(32_472_144_000_000), None);
}

#[test]
fn window_without_a_block_is_refused() {
    let offset = "DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET";
    for (blocks, left_out) in [(707, "commit"), (15, "reveal")] {
        let file = file(&[(offset, json!([{ "value": blocks }]))]);
        let conflict = resolve(&[(Source::Common, &file)], 1).unwrap_err();
        assert_eq!(conflict, Conflict::EmptyWindow { left_out });
    }
    let off = (
        "DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED",
        json!([{ "value": false }]),
    );
    let file = file(&[(offset, json!([{ "value": 15 }])), off]);
    resolve(&[(Source::Common, &file)], 1).unwrap();
}

#[test]
fn changes_name_both_values_and_the_reason() {
    let items = json!([{ "value": 4, "reason": "flow", "effective_from": "2024-10-03T10:43:20Z" }]);
    let file = file(&[(VERSION, items)]);
    let resolved = resolve(&[(Source::Common, &file)], NOVEMBER_28_MS).unwrap();
    let changes = resolved.changes(&DynamicConfig::default());
    assert_eq!(
        json!(changes),
        json!([{
            "key": VERSION, "from": "1", "to": "4", "source": "common", "reason": "flow",
            "since_ms": 1_727_952_200_000_u64,
        }])
    );
    assert!(resolved.changes(&resolved.config).is_empty());
}

/// The production file of 2024-11-26 above the reference gives the built-in profile (section 10.2).
#[test]
fn production_file_gives_the_mainnet_profile() {
    let text = include_bytes!("validator-prod.2024-11-26.json");
    let file = ParamFile::parse(text).unwrap();
    assert_eq!(file.ignored, ["DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION"]);
    assert!(file.unknown.is_empty());
    let resolved = resolve(&[(Source::Validator, &file)], NOVEMBER_28_MS).unwrap();
    assert_eq!(resolved.config, Profile::MainnetNovember2024.config());
    assert_eq!(
        resolved.origin("DYNAMIC_MANIFEST_SCORE_MULTIPLIER").reason,
        Some("anti weight copying bonus from 200 -> 30%".to_owned())
    );
}
