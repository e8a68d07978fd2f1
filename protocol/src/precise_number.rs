//! Fixed-point numbers of the protocol: fees, balances, rewards (tig-protocol.md section 17).

mod statistics;

use std::fmt;
use std::str::FromStr;

use ruint::aliases::U256;

use crate::text::serde_as_text;

/// An unsigned 256-bit integer that counts units of 10^-18.
///
/// On the wire it is a JSON string of decimal digits without a point: `"1000000000000000000"` is one. All arithmetic
/// is checked and rounds down; `None` means overflow, a negative result or a division by zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PreciseNumber(U256);

/// Why a text is not a [`PreciseNumber`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePreciseNumberError {
    /// Signs, points, spaces and exponents are refused.
    #[error("precise number has a character that is not a digit")]
    NotADigit,
    /// More than 2^256 - 1.
    #[error("precise number exceeds 256 bits")]
    TooLarge,
}

impl PreciseNumber {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);
    /// One, 10^18 units.
    pub const ONE: Self = Self(U256::from_limbs([UNITS_PER_ONE, 0, 0, 0]));

    /// The integer `value`.
    pub fn from_u64(value: u64) -> Self {
        // Below 2^64 * 2^60, far from overflow.
        Self(U256::from(value) * Self::ONE.0)
    }

    /// `value` times 10^18 in double precision, truncated; not a number is zero.
    ///
    /// `None` if the result is negative. Values from 2^127 units on saturate, as the original does.
    pub fn from_f64(value: f64) -> Option<Self> {
        let units = (value * UNITS_PER_ONE as f64) as i128;
        u128::try_from(units)
            .ok()
            .map(|units| Self(U256::from(units)))
    }

    /// `units` of 10^-18.
    pub fn from_units(units: u128) -> Self {
        Self(U256::from(units))
    }

    /// Units in hex digits, with or without `0x`: how Ethereum nodes write amounts.
    ///
    /// # Errors
    /// Digits that are not hexadecimal, or too many of them.
    pub fn from_hex(text: &str) -> Result<Self, ParsePreciseNumberError> {
        parse_units(text.strip_prefix("0x").unwrap_or(text), 16)
    }

    /// The nearest double, for display and statistics.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / UNITS_PER_ONE as f64
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The product, rounded down; the intermediate product must fit 256 bits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Some(Self(self.0.checked_mul(other.0)? / Self::ONE.0))
    }

    /// The quotient, rounded down; the dividend times 10^18 must fit 256 bits.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        self.0
            .checked_mul(Self::ONE.0)?
            .checked_div(other.0)
            .map(Self)
    }
}

const UNITS_PER_ONE: u64 = 1_000_000_000_000_000_000;

fn parse_units(text: &str, radix: u32) -> Result<PreciseNumber, ParsePreciseNumberError> {
    let radix_units = U256::from(radix);
    let units = text.chars().try_fold(U256::ZERO, |units, c| {
        let digit = c
            .to_digit(radix)
            .ok_or(ParsePreciseNumberError::NotADigit)?;
        let shifted = units
            .checked_mul(radix_units)
            .ok_or(ParsePreciseNumberError::TooLarge)?;
        shifted
            .checked_add(U256::from(digit))
            .ok_or(ParsePreciseNumberError::TooLarge)
    });
    units.map(PreciseNumber)
}

impl fmt::Display for PreciseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Decimal digits only; the empty text is zero and leading zeros are accepted, as in the original.
impl FromStr for PreciseNumber {
    type Err = ParsePreciseNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_units(text, 10)
    }
}

serde_as_text!(PreciseNumber);
