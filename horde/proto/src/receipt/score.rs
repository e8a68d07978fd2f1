//! Scores as receipts state them.

/// The score of an organic job.
pub const ORGANIC_SCORE: &str = "0.000000";

/// Significant digits of a score.
const DIGITS: i32 = 6;
/// The least power of ten that is written without an exponent.
const PLAIN_EXPONENT_MIN: i32 = -4;

/// The text of a score: six significant digits without zeros at the end, as `%.6g` of C and Python prints them.
pub fn score_text(score: f64) -> String {
    if !score.is_finite() {
        return format!("{score}").to_ascii_lowercase();
    }
    let scientific = format!("{score:.*e}", (DIGITS - 1).unsigned_abs() as usize);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    // Rounding may have raised the exponent, as from 999999.5 to 1e6.
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (PLAIN_EXPONENT_MIN..DIGITS).contains(&exponent) {
        let decimals = (DIGITS - 1 - exponent).unsigned_abs() as usize;
        without_zeros(&format!("{score:.decimals$}")).to_owned()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let mantissa = without_zeros(mantissa);
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_are_printed_as_python_does() {
        for (score, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.0318, "0.0318"),
            (3.447_870_123, "3.44787"),
            (1.0 / 3.0, "0.333333"),
            (2.0 / 3.0, "0.666667"),
            (2.0 / 3.0 * 1.05, "0.7"),
            (-2.5, "-2.5"),
            (100_000.0, "100000"),
            (99_999.95, "99999.9"),
            (123_456.5, "123456"),
            (123_457.5, "123458"),
            (999_999.0, "999999"),
            (999_999.5, "1e+06"),
            (1_234_567.0, "1.23457e+06"),
            (1.5e16, "1.5e+16"),
            (9.999_999_5, "10"),
            (0.0001, "0.0001"),
            (0.000_099_999_95, "0.0001"),
            (0.000_123_456_78, "0.000123457"),
            (0.000_01, "1e-05"),
            (0.000_012_345_678, "1.23457e-05"),
            (1e-300, "1e-300"),
            (5e-324, "4.94066e-324"),
            (f64::MAX, "1.79769e+308"),
            (-1e300, "-1e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(score_text(score), expected);
        }
    }

    proptest! {
        #[test]
        fn score_text_is_the_score_to_six_digits(score in -1e9..1e9_f64) {
            let back: f64 = score_text(score).parse().unwrap();
            prop_assert!((back - score).abs() <= score.abs() * 5.0001e-6);
        }
    }
}
