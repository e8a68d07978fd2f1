//! `output_hash.json`: canonical text, signature and leaf hash of outputs.

use serde_json::{Value, json};
use tig_protocol::{OutputData, Solution, canonical, solution_signature};

use super::{Context, List, error_upheld, no_law};
use crate::case::{Case, Checked, equal, text};

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold: no_law,
};
pub(super) const BAD_SOLUTIONS: List = List {
    name: "bad_solution_text",
    check: |_, case| case.same_result(parse(case)?),
    uphold: |_, law, case| error_upheld(law, parse(case)?),
};

fn check(_: &Context<'_>, case: Case<'_>) -> Checked {
    let solution: Solution =
        serde_json::from_str(&case.field::<String>("solution_text")?).map_err(text)?;
    let output = OutputData {
        nonce: case.field("nonce")?,
        runtime_signature: case.field("runtime_signature")?,
        fuel_consumed: case.field("fuel_consumed")?,
        solution: solution.clone(),
    };
    case.same_fields(&json!({
        "solution_canonical": canonical::to_canonical(&Value::from(solution.clone())),
        "solution_signature": solution_signature(&solution),
        "metadata_canonical": output.metadata(),
        "leaf_hash": output.leaf_hash(),
        "output_data_canonical": output.canonical(),
    }))?;
    // The general encoder must agree with the one made for outputs.
    let encoded = serde_json::to_value(&output).map_err(text)?;
    let expected = case.get("output_data_canonical");
    equal(
        "output_data_canonical of the JSON value",
        expected,
        canonical::to_canonical(&encoded),
    )
}

/// The outer error is a case that cannot be read, the inner one an answer.
fn parse(case: Case<'_>) -> Result<Result<Value, String>, String> {
    let solution = serde_json::from_str::<Solution>(&case.field::<String>("solution_text")?);
    Ok(solution.map(Value::from).map_err(text))
}
