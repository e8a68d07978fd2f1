//! Printing of measurements: a table, or one JSON object a line.

use serde_json::json;

use super::commands::{Failure, print_line};

/// A name, a number and its unit.
pub(super) type Line<'a> = (&'a str, f64, &'a str);

/// Prints the lines of a measurement.
pub(super) fn print(lines: &[Line<'_>], json: bool) -> Result<(), Failure> {
    if !json {
        print_line("| Measurement | Value | Unit |\n|---|---:|---|")?;
    }
    for &(name, value, unit) in lines {
        if json {
            let line = json!({"name": name, "value": value, "unit": unit});
            print_line(&line.to_string())?;
        } else {
            print_line(&format!("| {name} | {} | {unit} |", significant(value)))?;
        }
    }
    Ok(())
}

/// Prints whether all is done in time: a sentence, or a JSON object.
pub(super) fn print_verdict(fits: bool, sentence: &str, json: bool) -> Result<(), Failure> {
    if json {
        let line =
            json!({"name": "fits the lifespan", "value": fits, "unit": "", "text": sentence});
        print_line(&line.to_string())
    } else {
        print_line(sentence)
    }
}

/// Two to three digits that count; more are noise.
fn significant(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
