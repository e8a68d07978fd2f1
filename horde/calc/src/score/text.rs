//! Scores as text, as receipts have them: C's `%.6g` (section 2.4).

/// Significant digits.
const DIGITS: i32 = 6;

/// The score with six significant digits and no zeros at the end.
pub fn score_text(score: f64) -> String {
    if !score.is_finite() {
        let sign = if score.is_sign_negative() { "-" } else { "" };
        return if score.is_nan() {
            "nan".to_owned()
        } else {
            format!("{sign}inf")
        };
    }
    let scientific = format!("{score:.0$e}", DIGITS as usize - 1);
    // Rust writes an exponent in each such text, and one that is a number.
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..DIGITS).contains(&exponent) {
        let decimals = DIGITS - 1 - exponent;
        return without_end_zeros(&format!("{score:.0$}", decimals as usize)).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let mantissa = without_end_zeros(mantissa);
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn without_end_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}
