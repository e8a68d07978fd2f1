//! Texts on the wire: precise numbers round trip, batches have the reference's ids and fields.

use proptest::prelude::*;
use serde_json::json;
use tig_protocol::{Batch, BatchResult, ParsePreciseNumberError, PreciseNumber, canonical};

proptest! {
    #[test]
    fn precise_numbers_round_trip(units in any::<u128>()) {
        let number = PreciseNumber::from_units(units);
        let text = serde_json::to_string(&number).unwrap();
        prop_assert_eq!(&text, &format!("\"{units}\""));
        prop_assert_eq!(serde_json::from_str::<PreciseNumber>(&text).unwrap(), number);
    }
}

#[test]
fn precise_numbers_show_as_floats() {
    let three_halves = PreciseNumber::from_units(1_500_000_000_000_000_000);
    assert_eq!(three_halves.to_f64(), 1.5);
    assert_eq!(PreciseNumber::from_f64(1.5), Some(three_halves));
    assert_eq!(PreciseNumber::from_f64(-1.5), None);
}

#[test]
fn a_json_number_is_no_precise_number() {
    assert!(serde_json::from_str::<PreciseNumber>("1000").is_err());
}

#[test]
fn a_precise_number_is_digits_within_256_bits() {
    for text in ["-1", "1.5", " 1", "1e3"] {
        let error = text.parse::<PreciseNumber>().err();
        assert_eq!(error, Some(ParsePreciseNumberError::NotADigit), "{text:?}");
    }
    let too_large = "9".repeat(78).parse::<PreciseNumber>();
    assert_eq!(too_large.err(), Some(ParsePreciseNumberError::TooLarge));
}

#[test]
fn batches_keep_the_names_of_the_wire() {
    let text = json!({
        "benchmark_id": "c0ffee00c0ffee00c0ffee00c0ffee00",
        "settings": {"player_id": "p", "block_id": "b", "challenge_id": "c001", "algorithm_id": "a", "difficulty": [50, 300]},
        "num_nonces": 8, "start_nonce": 16, "batch_size": 8, "rand_hash": "r", "sampled_nonces": [17],
        "wasm_vm_config": {"max_memory": 1_000_000_000, "max_fuel": 2_000_000_000},
        "download_url": "http://127.0.0.1/c001_a001.wasm",
    });
    let batch: Batch = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(batch.id(), "c0ffee00c0ffee00c0ffee00c0ffee00_16");
    assert_eq!(serde_json::to_value(batch).unwrap(), text);
}

/// The original does not sort the keys of objects inside arrays, and slaves print what it printed.
#[test]
fn batch_results_are_printed_as_the_original_does() {
    let text = concat!(
        r#"{"merkle_proofs":[{"leaf":{"nonce":17,"runtime_signature":3,"fuel_consumed":4,"solution":{"b":1,"a":2}},"branch":""}],"#,
        r#""merkle_root":"05900c6367240ea0a6af36774059ace2358d7fa86317eed953c2d72fb2a33cb1","solution_nonces":[17]}"#,
    );
    let result: BatchResult = serde_json::from_str(text).unwrap();
    assert_eq!(
        canonical::to_canonical(&serde_json::to_value(result).unwrap()),
        text
    );
}
