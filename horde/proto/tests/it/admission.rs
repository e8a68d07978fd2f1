//! The admission of validators by a miner.

use horde_proto::miner::{Admission, AdmissionError, AuthenticateRequest, GenericError};

use crate::vectors::examples;

const VALIDATOR: &str = "5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U";
const MINER: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";
const SIGNED_AT: i64 = 1_732_806_192;

fn request() -> AuthenticateRequest {
    serde_json::from_value(examples("mv.V0AuthenticateRequest").swap_remove(0)).unwrap()
}

fn admission() -> Admission<'static> {
    Admission {
        now: SIGNED_AT,
        miner_hotkey: Some(MINER),
        validator_hotkey: VALIDATOR,
    }
}

#[test]
fn validator_is_admitted_for_ten_seconds() {
    // As in the reference, a clock that is behind does not matter.
    for (now, is_admitted) in [
        (i64::MIN, true),
        (SIGNED_AT - 1_000_000, true),
        (SIGNED_AT + 10, true),
        (SIGNED_AT + 11, false),
        (i64::MAX, false),
    ] {
        let admitted = Admission { now, ..admission() }.check(&request());
        let expected = is_admitted.then_some(()).ok_or(AdmissionError::TooOld);
        assert_eq!(admitted, expected, "{now}");
    }
}

#[test]
fn refusals_have_the_words_of_the_reference() {
    let miner_hotkey = Some(VALIDATOR);
    let other_miner = Admission {
        miner_hotkey,
        ..admission()
    };
    let error = other_miner.check(&request()).unwrap_err();
    assert!(matches!(error, AdmissionError::Miner { .. }));
    assert_eq!(
        error.to_string(),
        format!("wrong miner hotkey ({MINER}!={VALIDATOR})")
    );
    let validator_hotkey = MINER;
    let other_validator = Admission {
        validator_hotkey,
        ..admission()
    };
    let error = other_validator.check(&request()).unwrap_err();
    assert!(matches!(error, AdmissionError::Validator { .. }));
    assert_eq!(
        error.to_string(),
        format!("wrong validator hotkey ({VALIDATOR}!={MINER})")
    );
    let mut unsigned = request();
    unsigned.signature.clear();
    let error = admission().check(&unsigned).unwrap_err();
    assert!(matches!(error, AdmissionError::Signature(_)));
    assert_eq!(error.to_string(), "Signature mismatches");
    let sent = examples("mv.GenericError").into_iter();
    let sent: Vec<GenericError> = sent.map(|it| serde_json::from_value(it).unwrap()).collect();
    assert_eq!(
        sent,
        [
            GenericError::unknown_validator(VALIDATOR),
            GenericError::inactive_validator(VALIDATOR),
            GenericError::not_authenticated(VALIDATOR, &AdmissionError::TooOld),
        ]
    );
}

#[test]
fn own_miner_of_a_validator_takes_any_hotkey() {
    let miner_hotkey = None;
    let own = Admission {
        miner_hotkey,
        ..admission()
    };
    assert_eq!(own.check(&request()), Ok(()));
}
