//! Statistics over precise numbers, for influence and rewards (tig-protocol.md sections 14 and 17).

use super::PreciseNumber;

/// Terms of the series for e^-x after the first.
const INV_EXP_TERMS: u64 = 32;

impl PreciseNumber {
    /// The sum of all values.
    pub fn sum(values: &[Self]) -> Option<Self> {
        values
            .iter()
            .try_fold(Self::ZERO, |sum, &value| sum.checked_add(value))
    }

    /// The arithmetic mean; `None` of nothing.
    pub fn mean(values: &[Self]) -> Option<Self> {
        Self::sum(values)?.checked_div(Self::from_u64(values.len() as u64))
    }

    /// The population variance; `None` of nothing.
    pub fn variance(values: &[Self]) -> Option<Self> {
        let mean = Self::mean(values)?;
        let squares = values.iter().map(|&value| {
            let deviation = value.max(mean).checked_sub(value.min(mean))?;
            deviation.checked_mul(deviation)
        });
        Self::mean(&squares.collect::<Option<Vec<_>>>()?)
    }

    /// Each value's share of the sum; all zero if the sum is.
    pub fn normalise(values: &[Self]) -> Option<Vec<Self>> {
        let sum = Self::sum(values)?;
        if sum == Self::ZERO {
            return Some(vec![Self::ZERO; values.len()]);
        }
        values.iter().map(|&value| value.checked_div(sum)).collect()
    }

    /// e^-x by a series of 32 terms. It leaves the true value for large x (at 10 it is three times too large) and ends
    /// in `None` for very large x; the protocol counts on exactly that.
    pub fn inverse_exp(self) -> Option<Self> {
        let (mut numerator, mut denominator) = (Self::ONE, Self::ONE);
        let (mut added, mut subtracted) = (Self::ONE, Self::ZERO);
        for i in 1..=INV_EXP_TERMS {
            numerator = numerator.checked_mul(self)?;
            denominator = denominator.checked_mul(Self::from_u64(i))?;
            let side = if i.is_multiple_of(2) {
                &mut added
            } else {
                &mut subtracted
            };
            *side = side.checked_add(numerator.checked_div(denominator)?)?;
        }
        added.checked_sub(subtracted)
    }
}
