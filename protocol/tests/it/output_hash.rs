//! `output_hash.json`: canonical text, signature and leaf hash of outputs.

use serde_json::Value;
use tig_protocol::{OutputData, Solution, canonical, solution_signature};

use crate::outcome::same_outcome;
use crate::vectors::{self, Report, equal, field};

fn outputs(file: &Value) -> Report {
    Report::of(file, "cases", |case| {
        let text: String = field(case, "solution_text")?;
        let solution: Solution = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let canonical_solution = canonical::to_canonical(&Value::from(solution.clone()));
        equal("solution", &case["solution_canonical"], canonical_solution)?;
        equal(
            "signature",
            &case["solution_signature"],
            solution_signature(&solution),
        )?;
        let output = OutputData {
            nonce: field(case, "nonce")?,
            runtime_signature: field(case, "runtime_signature")?,
            fuel_consumed: field(case, "fuel_consumed")?,
            solution,
        };
        equal("metadata", &case["metadata_canonical"], output.metadata())?;
        equal("leaf hash", &case["leaf_hash"], output.leaf_hash())?;
        equal("output", &case["output_data_canonical"], output.canonical())?;
        let as_value = serde_json::to_value(&output).map_err(|error| error.to_string())?;
        equal(
            "output",
            &case["output_data_canonical"],
            canonical::to_canonical(&as_value),
        )
    })
}

fn bad_solutions(file: &Value) -> Report {
    Report::of(file, "bad_solution_text", |case| {
        let text: String = field(case, "solution_text")?;
        same_outcome(case, serde_json::from_str::<Solution>(&text))
    })
}

#[test]
fn outputs_hash_as_in_the_original() {
    outputs(&vectors::read("output_hash.json")).assert_conforms();
}

#[test]
fn texts_that_are_no_object_are_no_solutions() {
    bad_solutions(&vectors::read("output_hash.json")).assert_conforms();
}
