//! `precise_number.json`: checked fixed-point arithmetic.

use serde_json::{Value, json};
use tig_protocol::PreciseNumber;

use crate::outcome::same_outcome;
use crate::vectors::{self, Report, field};

fn operations(file: &Value) -> Report {
    Report::of(file, "cases", |case| same_outcome(case, operation(case)))
}

/// A failed operation is `None`; its text does not matter.
fn operation(case: &Value) -> Result<Value, String> {
    let number = |result: Option<PreciseNumber>| result.map(|number| json!(number));
    let done = match field::<String>(case, "op")?.as_str() {
        "from_dec_str" => number(field::<String>(case, "input")?.parse().ok()),
        "from_hex_str" => number(PreciseNumber::from_hex(&field::<String>(case, "input")?).ok()),
        "json_parse" => serde_json::from_str::<PreciseNumber>(&field::<String>(case, "input")?)
            .ok()
            .map(|number| json!(json!(number).to_string())),
        "from_u64" => number(Some(PreciseNumber::from_u64(field(case, "input")?))),
        "from_i32" => number(
            u64::try_from(field::<i32>(case, "input")?)
                .ok()
                .map(PreciseNumber::from_u64),
        ),
        "from_f64" => {
            let bits: String = field(&case["input"], "f64_bits")?;
            let bits = u64::from_str_radix(&bits, 16).map_err(|error| error.to_string())?;
            number(PreciseNumber::from_f64(f64::from_bits(bits)))
        }
        "approx_inv_exp" => number(field::<PreciseNumber>(case, "input")?.inverse_exp()),
        op @ ("add" | "sub" | "mul" | "div" | "cmp") => binary(op, field(case, "input")?),
        op => list(op, &field::<Vec<PreciseNumber>>(case, "input")?),
    };
    done.ok_or_else(|| "none".to_owned())
}

fn binary(op: &str, [a, b]: [PreciseNumber; 2]) -> Option<Value> {
    let number = match op {
        "add" => a.checked_add(b),
        "sub" => a.checked_sub(b),
        "mul" => a.checked_mul(b),
        "div" => a.checked_div(b),
        _ => return Some(json!(a.cmp(&b) as i8)),
    };
    number.map(|number| json!(number))
}

fn list(op: &str, values: &[PreciseNumber]) -> Option<Value> {
    match op {
        "sum" => PreciseNumber::sum(values).map(|number| json!(number)),
        "arithmetic_mean" => PreciseNumber::mean(values).map(|number| json!(number)),
        "variance" => PreciseNumber::variance(values).map(|number| json!(number)),
        "normalise" => PreciseNumber::normalise(values).map(|numbers| json!(numbers)),
        other => panic!("unknown operation {other}"),
    }
}

#[test]
fn arithmetic_is_that_of_the_original() {
    operations(&vectors::read("precise_number.json")).assert_conforms();
}

/// tig-protocol.md section 17.
#[test]
fn inverse_exponential_keeps_the_error_of_its_series() {
    let golden = [
        (0.0, "1000000000000000000"),
        (0.5, "606530659712633423"),
        (1.0, "367879441171442320"),
        (1.5, "223130160148429829"),
        (3.0, "49787068367863944"),
        (10.0, "134255613862873"),
    ];
    for (x, expected) in golden {
        let result = PreciseNumber::from_f64(x)
            .and_then(PreciseNumber::inverse_exp)
            .unwrap();
        assert_eq!(result.to_string(), expected, "e^-{x}");
    }
}
