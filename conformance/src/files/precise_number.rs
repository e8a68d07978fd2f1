//! `precise_number.json`: checked fixed-point arithmetic.

use serde_json::{Value, json};
use tig_protocol::PreciseNumber;

use super::{List, error_upheld};
use crate::case::{Case, field, text};

pub(super) const CASES: List = List {
    name: "cases",
    check: |_, case| case.same_result(answer(case)?),
    uphold: |_, law, case| error_upheld(law, answer(case)?),
};

/// The outer error is a case that cannot be read, the inner one an answer.
fn answer(case: Case<'_>) -> Result<Result<Value, String>, String> {
    let input = case.get("input");
    let done = match case.field::<String>("op")?.as_str() {
        "from_dec_str" => number(case.field::<String>("input")?.parse().ok()),
        "from_hex_str" => number(PreciseNumber::from_hex(&case.field::<String>("input")?).ok()),
        "json_parse" => serde_json::from_str::<PreciseNumber>(&case.field::<String>("input")?)
            .ok()
            .map(|number| json!(json!(number).to_string())),
        "from_u64" => number(Some(PreciseNumber::from_u64(case.field("input")?))),
        "from_i32" => {
            let value = u64::try_from(case.field::<i32>("input")?).ok();
            number(value.map(PreciseNumber::from_u64))
        }
        "from_f64" => {
            let bits: String = field(input, "f64_bits")?;
            let bits = u64::from_str_radix(&bits, 16).map_err(text)?;
            number(PreciseNumber::from_f64(f64::from_bits(bits)))
        }
        "approx_inv_exp" => number(case.field::<PreciseNumber>("input")?.inverse_exp()),
        op @ ("add" | "sub" | "mul" | "div" | "cmp") => binary(op, case.field("input")?),
        op @ ("sum" | "arithmetic_mean" | "variance" | "normalise") => {
            list(op, &case.field::<Vec<PreciseNumber>>("input")?)
        }
        other => return Err(format!("unknown operation `{other}`")),
    };
    Ok(done.ok_or_else(|| "none".to_owned()))
}

fn binary(op: &str, [a, b]: [PreciseNumber; 2]) -> Option<Value> {
    number(match op {
        "add" => a.checked_add(b),
        "sub" => a.checked_sub(b),
        "mul" => a.checked_mul(b),
        "div" => a.checked_div(b),
        _ => return Some(json!(a.cmp(&b) as i8)),
    })
}

fn list(op: &str, values: &[PreciseNumber]) -> Option<Value> {
    number(match op {
        "sum" => PreciseNumber::sum(values),
        "arithmetic_mean" => PreciseNumber::mean(values),
        "variance" => PreciseNumber::variance(values),
        _ => return PreciseNumber::normalise(values).map(|numbers| json!(numbers)),
    })
}

fn number(result: Option<PreciseNumber>) -> Option<Value> {
    result.map(|number| json!(number))
}
