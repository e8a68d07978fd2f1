//! Scores.

use std::collections::BTreeMap;

use horde_calc::hash_job::HashJobVersion;
use horde_calc::score::{
    HordeSettings, JobFailure, JobKind, ManifestBonus, ParseClassValuesError, PreviousCount,
    ScoredJob, UnknownWeightsVersion, WeightsVersion, batch_scores, horde_score, job_score,
    normalize, parse_class_values,
};
use proptest::prelude::*;
use serde::Deserialize;

use crate::vectors::{Exact, exact_scores, exact_values, formula, recorded};

const SPIN_UP: &str = "spin_up-4min.gpu-24gb";
const LLM: &str = "always_on.llm.a6000";

#[derive(Deserialize)]
struct Horde {
    benchmarks: Vec<Exact>,
    alpha: f64,
    beta: f64,
    delta: f64,
    score: Exact,
}

#[derive(Deserialize)]
struct Normalize {
    scores: BTreeMap<String, Exact>,
    weight: f64,
    out: BTreeMap<String, Exact>,
}

#[test]
fn horde_scores_match_bit_for_bit() {
    let rows: Vec<Horde> = formula("horde_score");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let settings = HordeSettings {
            alpha: row.alpha,
            beta: row.beta,
            delta: row.delta,
        };
        let score = horde_score(&exact_values(&row.benchmarks), settings);
        assert_eq!(Exact(score), row.score, "{:?}", row.benchmarks);
    }
    assert_eq!(horde_score(&[], HordeSettings::default()), 0.0);
}

#[test]
fn normalized_scores_match_bit_for_bit() {
    for row in formula::<Normalize>("normalize") {
        let mut scores = exact_scores(row.scores);
        normalize(&mut scores, row.weight);
        assert_eq!(scores, exact_scores(row.out));
    }
}

/// The recording has no batch. This one gives its scores to the last bit, with the default bonus: two spin-up jobs of one miner, and one of them and an LLM job of the other, all
/// with the bonus of new miners.
#[test]
fn recorded_scores_come_out() {
    let miner = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";
    let trusted = "5Dh7jEmH8ZjVrYCQFqxHEi4oSuFR21V4xfAKfyuoQrGw95Yj";
    let score = ManifestBonus::default().multiplier(PreviousCount::NotOffered, 1);
    let job = |hotkey, class| ScoredJob {
        hotkey,
        class,
        score,
    };
    let jobs = [
        job(miner, SPIN_UP),
        job(trusted, LLM),
        job(miner, SPIN_UP),
        job(trusted, SPIN_UP),
    ];
    let weights = BTreeMap::from([(SPIN_UP.to_owned(), 99.0), (LLM.to_owned(), 1.0)]);
    let scores = batch_scores(jobs, &weights, HordeSettings::default());
    assert_eq!(scores, exact_scores(recorded("scores")));
}

#[test]
fn classes_without_weight_do_not_count() {
    let job = |class, score| ScoredJob {
        hotkey: "hk",
        class,
        score,
    };
    let weights = BTreeMap::from([(LLM.to_owned(), 15.0), ("unused".to_owned(), 85.0)]);
    let jobs = [job(LLM, 1.0), job(LLM, 0.0), job("always_on.gpu-24gb", 5.0)];
    let scores = batch_scores(jobs, &weights, HordeSettings::default());
    assert_eq!(scores, BTreeMap::from([("hk".to_owned(), 15.0)]));
    let scores = batch_scores([job(LLM, 0.0)], &weights, HordeSettings::default());
    assert_eq!(scores, BTreeMap::from([("hk".to_owned(), 0.0)]));
}

#[test]
fn class_values_of_the_network_are_read() {
    let weights = parse_class_values("spin_up-4min.gpu-24gb=85,always_on.llm.a6000=15");
    let expected = [(LLM.to_owned(), 15.0), (SPIN_UP.to_owned(), 85.0)];
    assert_eq!(weights, Ok(BTreeMap::from(expected)));
    let counts = parse_class_values(" always_on.llm.a6000 = 5 ");
    assert_eq!(counts, Ok(BTreeMap::from([(LLM.to_owned(), 5_u32)])));
    assert_eq!(parse_class_values::<f64>(""), Ok(BTreeMap::new()));
}

#[test]
fn class_values_with_a_fault_name_it() {
    let error = |text| parse_class_values::<f64>(text).unwrap_err();
    let pair = |place, pair: &str| ParseClassValuesError::Pair {
        place,
        pair: pair.to_owned(),
    };
    let value = |value: &str| ParseClassValuesError::Value {
        class: "a".to_owned(),
        value: value.to_owned(),
    };
    assert_eq!(error("a=1,b"), pair(2, "b"));
    assert_eq!(error("a=1,"), pair(2, ""));
    assert_eq!(error("=1"), pair(1, "=1"));
    assert_eq!(error("a=-1"), value("-1"));
    assert_eq!(error("a=NaN"), value("NaN"));
    assert_eq!(error("a=1=2"), value("1=2"));
    let class = "a".to_owned();
    assert_eq!(error("a=1,a=2"), ParseClassValuesError::Repeated { class });
    let counts = parse_class_values::<u32>("a=1.5").unwrap_err();
    assert_eq!(counts, value("1.5"));
}

#[test]
fn job_scores_follow_their_version() {
    let score = |version, seconds| job_score(JobKind::Hash(version), seconds, 90).unwrap();
    assert_eq!(score(WeightsVersion::V0, 45.0), 1.5);
    assert_eq!(score(WeightsVersion::V0, 90.0), 1.0);
    assert_eq!(score(WeightsVersion::V1, 4.0), 0.25);
    assert_eq!(score(WeightsVersion::V2, 31.415926), 1.0 / 31.415926);
    assert_eq!(score(WeightsVersion::V3, 4.0), 1.0);
    assert_eq!(score(WeightsVersion::V4, 90.0), 1.0);
    assert_eq!(job_score(JobKind::Llm, 47.9, 48), Ok(1.0));
}

#[test]
fn late_or_early_answers_score_nothing() {
    let judge = |seconds| job_score(JobKind::Llm, seconds, 48);
    let late = JobFailure::Late {
        taken_seconds: 48.1,
        timeout_seconds: 48,
    };
    assert_eq!(judge(48.1), Err(late));
    for taken_seconds in [0.0, -1.0] {
        assert_eq!(
            judge(taken_seconds),
            Err(JobFailure::OutOfOrder { taken_seconds })
        );
    }
    assert!(matches!(
        judge(f64::NAN),
        Err(JobFailure::OutOfOrder { .. })
    ));
}

#[test]
fn versions_decide_jobs_and_bonus() {
    let versions = (0..5).map(|number| WeightsVersion::try_from(number).unwrap());
    let facts: Vec<_> = versions
        .map(|it| (it.hash_job(), it.has_manifest_bonus()))
        .collect();
    let [v1, v2] = [HashJobVersion::V1, HashJobVersion::V2].map(Some);
    assert_eq!(
        facts,
        [
            (None, false),
            (v1, false),
            (v1, true),
            (v1, true),
            (v2, true)
        ]
    );
    let unknown = WeightsVersion::try_from(5);
    assert_eq!(unknown, Err(UnknownWeightsVersion { number: 5 }));
}

#[test]
fn bonus_needs_a_change_that_can_be_seen() {
    use PreviousCount::{Known, NoBatch, NotOffered};
    let multiplier = |previous, current| ManifestBonus::default().multiplier(previous, current);
    for (previous, current, expected) in [
        (NotOffered, 1, 1.05),
        (NoBatch, 1, 1.0),
        (Known(5), 7, 1.05),
        (Known(7), 5, 1.05),
        (Known(5), 6, 1.0),
        (Known(5), 5, 1.0),
        (Known(0), 3, 1.05),
        (Known(3), 0, 1.05),
    ] {
        assert_eq!(
            multiplier(previous, current),
            expected,
            "{previous:?} {current}"
        );
    }
}

proptest! {
    #[test]
    fn normalized_scores_sum_up_to_the_weight(
        scores in prop::collection::vec(1e-6..1e6_f64, 1..300),
        weight in 0.1..100.0_f64,
    ) {
        let named = scores.iter().enumerate().map(|(index, score)| (index.to_string(), *score));
        let mut scores: BTreeMap<String, f64> = named.collect();
        normalize(&mut scores, weight);
        let total: f64 = scores.values().sum();
        prop_assert!((total - weight).abs() <= 1e-9 * weight, "{} {}", total, weight);
    }

    #[test]
    fn more_executors_never_score_less(count in 1_usize..50, score in 0.01..2.0_f64) {
        let scores = vec![score; count + 1];
        let settings = HordeSettings::default();
        prop_assert!(horde_score(&scores, settings) > horde_score(&scores[1..], settings));
    }
}
