//! Difficulties beyond the bounds are errors, and are refused before anything is allocated.

use proptest::prelude::*;
use tig_challenges::{ChallengeKind, GenerateError, Instance};

#[track_caller]
fn refused(kind: ChallengeKind, difficulty: &[i32]) -> GenerateError {
    Instance::generate(kind, &[3; 32], difficulty).expect_err("the difficulty is absurd")
}

#[test]
fn absurd_sizes_are_refused() {
    for difficulty in [
        [i32::MAX - 1, i32::MAX],
        [1, -1],
        [1, i32::MIN],
        [i32::MAX - 1, 300],
    ] {
        let error = refused(ChallengeKind::Satisfiability, &difficulty);
        assert!(
            matches!(error, GenerateError::TooLarge { .. }),
            "{difficulty:?}: {error}"
        );
    }
    for difficulty in [[i32::MAX, 10], [-1, 10], [i32::MIN, 0]] {
        for kind in [
            ChallengeKind::Knapsack,
            ChallengeKind::VehicleRouting,
            ChallengeKind::VectorSearch,
        ] {
            let error = refused(kind, &difficulty);
            assert!(
                matches!(error, GenerateError::TooLarge { .. }),
                "{kind:?} {difficulty:?}: {error}"
            );
        }
    }
}

#[test]
fn variables_must_exist() {
    for num_variables in [0, -1, i32::MIN, i32::MAX] {
        let error = refused(ChallengeKind::Satisfiability, &[num_variables, 0]);
        assert_eq!(error, GenerateError::NumVariables { num_variables });
    }
}

#[test]
fn there_must_be_a_depot() {
    let error = refused(ChallengeKind::VehicleRouting, &[0, 250]);
    assert_eq!(error, GenerateError::NoDepot);
}

#[test]
fn difficulties_have_two_values() {
    for kind in ChallengeKind::ALL {
        for difficulty in [&[][..], &[50], &[50, 300, 1]] {
            let actual = difficulty.len();
            assert_eq!(
                refused(kind, difficulty),
                GenerateError::DifficultyLength { actual }
            );
        }
    }
}

#[test]
fn ids_name_their_challenge() {
    for kind in ChallengeKind::ALL {
        assert_eq!(ChallengeKind::from_id(kind.id()), Some(kind));
    }
    assert_eq!(ChallengeKind::from_id("c999"), None);
    assert_eq!(ChallengeKind::from_id("C001"), None);
}

proptest! {
    #[test]
    fn small_sizes_with_any_second_value_do_not_panic(first in -3i32..20, second in -3i32..3_000_000) {
        for kind in ChallengeKind::ALL {
            if let Ok(instance) = Instance::generate(kind, &[9; 32], &[first, second]) {
                prop_assert_eq!(instance.kind(), kind);
            }
        }
    }
}
