//! Keys by name, with values as text.

use std::collections::BTreeSet;

use horde_dynamic::{DynamicConfig, KeyError, Profile};
use serde_json::Value;

#[test]
fn every_value_is_read_and_set_by_its_key() {
    for profile in [Profile::Reference, Profile::MainnetNovember2024] {
        let config = profile.config();
        let mut copy = DynamicConfig {
            serving: false,
            ..DynamicConfig::default()
        };
        for key in DynamicConfig::keys() {
            let text = config.get(key).unwrap();
            copy.set(key, &text)
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(copy.get(key).unwrap(), text, "{key}");
        }
        assert_eq!(copy, config);
    }
}

/// Every field has a key: no value is out of the operator's reach.
#[test]
fn keys_are_as_many_as_values() {
    let Value::Object(values) = serde_json::to_value(DynamicConfig::default()).unwrap() else {
        panic!("not an object");
    };
    let nested = values["commit_reveal"].as_object().unwrap().len();
    let keys: BTreeSet<_> = DynamicConfig::keys().collect();
    assert_eq!(keys.len(), values.len() - 1 + nested);
    assert_eq!(DynamicConfig::keys().count(), keys.len());
}

#[test]
fn texts_are_read_by_the_type_of_their_key() {
    let mut config = DynamicConfig::default();
    config.set("SERVING", "false").unwrap();
    config
        .set("DYNAMIC_MANIFEST_SCORE_MULTIPLIER", " 3 ")
        .unwrap();
    config
        .set("DYNAMIC_EXECUTOR_CLASS_WEIGHTS", "always_on.gpu-24gb = 2.5")
        .unwrap();
    assert!(!config.serving);
    assert!((config.manifest_score_multiplier - 3.0).abs() < f64::EPSILON);
    assert_eq!(
        config.get("DYNAMIC_EXECUTOR_CLASS_WEIGHTS").unwrap(),
        "always_on.gpu-24gb=2.5"
    );
}

#[test]
fn value_with_a_fault_changes_nothing() {
    let mut config = DynamicConfig::default();
    for (key, text, expected) in [
        (
            "SERVING",
            "maybe",
            "SERVING: \"maybe\" is not true or false",
        ),
        (
            "DYNAMIC_WEIGHTS_VERSION",
            "5",
            "DYNAMIC_WEIGHTS_VERSION: 5 is not from 0 to 4",
        ),
        (
            "DYNAMIC_WEIGHT_REVEALING_HARD_TTL",
            "5",
            "key DYNAMIC_WEIGHT_REVEALING_HARD_TTL is not used by this validator",
        ),
        (
            "DYNAMIC_\n",
            "5",
            "key \"DYNAMIC_\\n\" is unknown; `constance_list` shows all keys",
        ),
    ] {
        let error = config.set(key, text).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(config, DynamicConfig::default());
}

/// With more, the validators of a cycle would be known after the first slot, or a batch would begin in the slot of another.
#[test]
fn blocks_beyond_the_first_slots_are_refused() {
    let mut config = DynamicConfig::default();
    for (key, max) in [
        ("DYNAMIC_BLOCK_FINALIZATION_NUMBER", 24),
        ("DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS", 29),
    ] {
        config.set(key, &max.to_string()).unwrap();
        let error = config.set(key, &(max + 1).to_string()).unwrap_err();
        let expected = format!("{key}: {} is not from 0 to {max}", max + 1);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn refused_keys_have_a_kind_each() {
    let mut config = DynamicConfig::default();
    let mut error = |key: &str| config.set(key, "x").unwrap_err();
    assert!(matches!(error("x"), KeyError::UnknownKey { .. }));
    let unused = error("DYNAMIC_SYNTHETIC_JOBS_PLANNER_POLL_INTERVAL");
    assert!(matches!(unused, KeyError::Unused { .. }));
    assert!(matches!(error("SERVING"), KeyError::Value { .. }));
    assert!(config.get("x").is_err());
}

#[test]
fn profiles_are_found_by_their_names() {
    for name in ["reference", "mainnet-2024-11"] {
        assert_eq!(Profile::find(name).unwrap().name(), name);
    }
    assert_eq!(Profile::find("mainnet"), None);
    assert_eq!(Profile::default().config(), DynamicConfig::default());
}
