//! What a host writes a guest reads, and bytes that are no instance are refused.

use proptest::prelude::*;
use tig_challenges::{
    ChallengeKind, DecodeError, Instance, InvalidSolution, knapsack, satisfiability, vector_search,
    vehicle_routing,
};

/// Challenges whose instances are small enough for many of them.
const SMALL: [ChallengeKind; 3] = [
    ChallengeKind::Satisfiability,
    ChallengeKind::VehicleRouting,
    ChallengeKind::Knapsack,
];

fn from_bytes(kind: ChallengeKind, bytes: &[u8]) -> Result<Instance, DecodeError> {
    match kind {
        ChallengeKind::Satisfiability => {
            satisfiability::Instance::from_bytes(bytes).map(Instance::Satisfiability)
        }
        ChallengeKind::VehicleRouting => {
            vehicle_routing::Instance::from_bytes(bytes).map(Instance::VehicleRouting)
        }
        ChallengeKind::Knapsack => knapsack::Instance::from_bytes(bytes).map(Instance::Knapsack),
        ChallengeKind::VectorSearch => unreachable!("not among the small ones"),
    }
}

fn small_kind() -> impl Strategy<Value = ChallengeKind> {
    prop::sample::select(SMALL.to_vec())
}

proptest! {
    #[test]
    fn instances_round_trip(kind in small_kind(), seed in any::<[u8; 32]>(), size in 1i32..200, second in 0i32..500) {
        let instance = Instance::generate(kind, &seed, &[size, second]).unwrap();
        let bytes = instance.to_bytes();
        prop_assert_eq!(bytes.len(), instance.num_bytes());
        let mut written = vec![7; bytes.len()];
        instance.write_bytes(&mut written);
        prop_assert_eq!(&written, &bytes);
        prop_assert_eq!(from_bytes(kind, &bytes), Ok(instance));
    }

    #[test]
    fn truncated_or_longer_bytes_are_refused(kind in small_kind(), cut in any::<prop::sample::Index>()) {
        let mut bytes = Instance::generate(kind, &[5; 32], &[6, 300]).unwrap().to_bytes();
        let truncated = from_bytes(kind, &bytes[..cut.index(bytes.len())]);
        let refused = matches!(truncated, Err(DecodeError::Truncated { .. }));
        prop_assert!(refused, "{truncated:?}");
        bytes.push(0);
        prop_assert_eq!(from_bytes(kind, &bytes), Err(DecodeError::TrailingBytes { rest: 1 }));
    }

    #[test]
    fn any_bytes_are_read_without_panic(kind in small_kind(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(instance) = from_bytes(kind, &bytes) {
            prop_assert_eq!(instance.to_bytes(), bytes);
        }
    }
}

/// A length field that promises more than there is must not make us allocate for it.
#[test]
fn lying_lengths_are_refused() {
    let mut bytes = Instance::generate(ChallengeKind::Satisfiability, &[5; 32], &[6, 300])
        .unwrap()
        .to_bytes();
    bytes[44..52].copy_from_slice(&u64::MAX.to_le_bytes());
    let result = satisfiability::Instance::from_bytes(&bytes);
    assert!(
        matches!(result, Err(DecodeError::Truncated { .. })),
        "{result:?}"
    );
}

#[test]
fn clauses_of_other_lengths_are_refused() {
    let mut bytes = Instance::generate(ChallengeKind::Satisfiability, &[5; 32], &[6, 300])
        .unwrap()
        .to_bytes();
    bytes[52] = 2;
    let result = satisfiability::Instance::from_bytes(&bytes);
    assert_eq!(
        result,
        Err(DecodeError::BadValue {
            field: "literals of a clause",
            value: 2
        })
    );
}

#[test]
fn lists_of_a_wrong_length_are_refused() {
    let mut bytes = Instance::generate(ChallengeKind::Knapsack, &[5; 32], &[6, 10])
        .unwrap()
        .to_bytes();
    bytes[32] = 7;
    let result = knapsack::Instance::from_bytes(&bytes);
    assert_eq!(
        result,
        Err(DecodeError::BadValue {
            field: "weights",
            value: 6
        })
    );
}

#[test]
fn rows_of_a_wrong_length_are_refused() {
    let mut bytes = Instance::generate(ChallengeKind::VehicleRouting, &[5; 32], &[3, 10])
        .unwrap()
        .to_bytes();
    bytes[72] = 2;
    let result = vehicle_routing::Instance::from_bytes(&bytes);
    assert_eq!(
        result,
        Err(DecodeError::BadValue {
            field: "distances of a node",
            value: 2
        })
    );
}

/// The verification jumps to the vectors it needs; the guest reads them all. Both must see the same ones.
#[test]
fn vectors_are_verified_as_they_are_written() {
    let instance = vector_search::Instance::generate(&[5; 32], 3, 6000).unwrap();
    let bytes = instance.to_bytes();
    assert_eq!(bytes.len(), instance.num_bytes());
    let view = vector_search::Instance::from_bytes(&bytes).unwrap();
    assert_eq!((view.seed, view.better_than_baseline), ([5; 32], 6000));
    assert_eq!(view.max_distance, instance.max_distance());
    for indexes in [[0, 1, 2], [99_999, 0, 54_321], [7, 7, 99_999]] {
        let distance = |(query, &index): (vector_search::Vector<'_>, &usize)| {
            query.distance(&view.database.get(index).unwrap())
        };
        let pairs = view.queries.iter().zip(&indexes);
        let average = pairs.map(distance).sum::<f32>() / 3.0;
        let solution = vector_search::Solution {
            indexes: indexes.to_vec(),
        };
        let expected = InvalidSolution::TooDistant { average, max: 0.0 };
        assert_eq!(instance.verify(&solution), Err(expected));
    }
    let mut longer = bytes;
    longer.pop();
    let result = vector_search::Instance::from_bytes(&longer);
    assert_eq!(result, Err(DecodeError::Truncated { missing: 1 }));
    longer.extend([0; 2]);
    let result = vector_search::Instance::from_bytes(&longer);
    assert_eq!(result, Err(DecodeError::TrailingBytes { rest: 1 }));
}

proptest! {
    #[test]
    fn any_bytes_are_viewed_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(view) = vector_search::Instance::from_bytes(&bytes) {
            prop_assert!(view.database.get(view.database.len()).is_none());
        }
    }
}
