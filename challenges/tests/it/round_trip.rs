//! What a host writes a guest reads, and bytes that are no instance are refused.

use proptest::prelude::*;
use tig_challenges::{ChallengeKind, DecodeError, Instance, knapsack, satisfiability};

fn from_bytes(kind: ChallengeKind, bytes: &[u8]) -> Result<Instance, DecodeError> {
    match kind {
        ChallengeKind::Satisfiability => {
            satisfiability::Instance::from_bytes(bytes).map(Instance::Satisfiability)
        }
        ChallengeKind::Knapsack => knapsack::Instance::from_bytes(bytes).map(Instance::Knapsack),
    }
}

fn any_kind() -> impl Strategy<Value = ChallengeKind> {
    prop::sample::select(ChallengeKind::ALL.to_vec())
}

proptest! {
    #[test]
    fn instances_round_trip(kind in any_kind(), seed in any::<[u8; 32]>(), size in 1i32..200, second in 0i32..500) {
        let instance = Instance::generate(kind, &seed, &[size, second]).unwrap();
        prop_assert_eq!(from_bytes(kind, &instance.to_bytes()), Ok(instance));
    }

    #[test]
    fn truncated_or_longer_bytes_are_refused(kind in any_kind(), cut in any::<prop::sample::Index>()) {
        let mut bytes = Instance::generate(kind, &[5; 32], &[6, 300]).unwrap().to_bytes();
        let truncated = from_bytes(kind, &bytes[..cut.index(bytes.len())]);
        let refused = matches!(truncated, Err(DecodeError::Truncated { .. }));
        prop_assert!(refused, "{truncated:?}");
        bytes.push(0);
        prop_assert_eq!(from_bytes(kind, &bytes), Err(DecodeError::TrailingBytes { rest: 1 }));
    }

    #[test]
    fn any_bytes_are_read_without_panic(kind in any_kind(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
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
fn lists_of_other_lengths_than_the_number_of_items_are_refused() {
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
