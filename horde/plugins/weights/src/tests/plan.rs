//! Weights of one moment.

use horde_calc::weights::{ProcessError, WeightLimits, WeightsCommit};
use proptest::prelude::*;

use crate::config::{Config, Mode};
use crate::intent::Way;
use crate::plan::{Basis, PlanError, Planned, plan};
use crate::rules::Rules;

const ACCOUNT: [u8; 32] = [3; 32];
const LIMITS: WeightLimits = WeightLimits {
    count_min: 1,
    share_max: 1.0,
};

fn planned(
    mode: Mode,
    scores: &[(&str, f64)],
    hotkeys: &[&str],
    random: u64,
) -> Result<Planned, PlanError> {
    let config = Config {
        mode,
        ..Config::default()
    };
    let scores = scores
        .iter()
        .map(|(name, score)| ((*name).to_owned(), *score));
    let hotkeys: Vec<_> = hotkeys.iter().map(|name| (*name).to_owned()).collect();
    plan(&Basis {
        scores: &scores.collect(),
        hotkeys: &hotkeys,
        limits: LIMITS,
        rules: &Rules::new(&config, None),
        account: &ACCOUNT,
        random,
    })
}

#[test]
fn unregistered_and_scored_are_counted() {
    let scores = [("a", 1.0), ("b", 0.0), ("gone", 2.0)];
    let planned = planned(Mode::Pylon, &scores, &["own", "a", "b"], 0).unwrap();
    let counts = (planned.unregistered, planned.scored, planned.weighted);
    assert_eq!(counts, (1, 1, 1));
    let Way::Pylon { weights } = planned.way else {
        panic!("{:?}", planned.way);
    };
    assert_eq!(weights, [("a".to_owned(), 1.0)].into());
}

#[test]
fn salt_is_eight_random_bytes() {
    let random = u64::from_le_bytes([249, 212, 116, 105, 205, 32, 38, 4]);
    let planned = planned(Mode::CommitReveal, &[("a", 1.0)], &["own", "a"], random).unwrap();
    let Way::Commit { salt, .. } = planned.way else {
        panic!("{:?}", planned.way);
    };
    assert_eq!(salt.0, [249, 212, 116, 105, 205, 32, 38, 4]);
}

#[test]
fn scores_beyond_single_precision_are_refused() {
    let refused = planned(Mode::Direct, &[("a", 1e39)], &["own", "a"], 0);
    let bad = ProcessError::BadWeight {
        uid: 1,
        weight: f32::INFINITY,
    };
    assert_eq!(refused.unwrap_err(), PlanError::Process(bad));
}

proptest! {
    /// What is revealed has the hash that was committed to, whatever the scores.
    #[test]
    fn reveal_has_the_hash_of_its_commitment(
        scores in prop::collection::vec(0.0_f64..1e6, 0..300),
        random in any::<u64>(),
    ) {
        let names: Vec<_> = (0..scores.len()).map(|uid| uid.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let scores: Vec<_> = names.iter().copied().zip(scores).collect();
        let mut hotkeys = vec!["own"];
        hotkeys.extend(&names);
        let planned = planned(Mode::CommitReveal, &scores, &hotkeys, random).unwrap();
        let Way::Commit { commit_hash, values, salt } = planned.way else {
            panic!("{:?}", planned.way);
        };
        prop_assert!(values.uids.is_sorted() && !values.uids.is_empty());
        prop_assert!(values.values.contains(&u16::MAX));
        let commit = WeightsCommit {
            netuid: 12,
            uids: values.uids,
            values: values.values,
            salt: salt.0,
            version_key: values.version_key,
        };
        let hash = commit.hash(&ACCOUNT).unwrap();
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(commit_hash, format!("0x{digits}"));
    }
}
