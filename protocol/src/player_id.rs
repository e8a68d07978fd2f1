//! The id of a player: an Ethereum address, which people copy from wallets in other spellings than the network's.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use sha3::{Digest, Keccak256};

/// Hex digits of an address.
const DIGITS: usize = 40;

/// A player's id as the network writes and compares it: `0x` and 40 lower-case hex digits (tig-api.md section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayerId(String);

/// The text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlayerIdError {
    /// Nothing there.
    #[error("it is empty; write your account's address, 0x and {DIGITS} hex digits")]
    Empty,
    /// A digit is missing, or there is one too many.
    #[error(
        "it has {count} hex digits and an address has {DIGITS}; copy it again from your wallet"
    )]
    Length {
        /// Digits without `0x`.
        count: usize,
    },
    /// Something else than a hex digit.
    #[error(
        "its character {place} is {character:?}, which is not a hex digit; copy it again from your wallet"
    )]
    Digit {
        /// Counted from 1, with `0x` if that is there.
        place: usize,
        /// What is there.
        character: char,
    },
    /// Capital and small letters are not as EIP-55 wants them for these digits.
    #[error(
        "its capital and small letters do not fit its digits (EIP-55), so one may be mistyped; copy it again from your \
         wallet, or write it in small letters if it is right"
    )]
    Checksum,
}

impl FromStr for PlayerId {
    type Err = ParsePlayerIdError;

    /// Takes every usual spelling: with `0x`, `0X` or neither, in small letters, capitals, or mixed as EIP-55 has it.
    fn from_str(text: &str) -> Result<Self, ParsePlayerIdError> {
        let text = text.trim();
        let unprefixed = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let digits = unprefixed.unwrap_or(text);
        if digits.is_empty() {
            return Err(ParsePlayerIdError::Empty);
        }
        let other = |character: &char| !character.is_ascii_hexdigit();
        if let Some(index) = digits.chars().position(|character| other(&character)) {
            return Err(ParsePlayerIdError::Digit {
                place: text.chars().count() - digits.chars().count() + index + 1,
                character: digits.chars().find(other).unwrap_or_default(),
            });
        }
        if digits.len() != DIGITS {
            let count = digits.len();
            return Err(ParsePlayerIdError::Length { count });
        }
        let lower = digits.to_ascii_lowercase();
        let is_mixed = lower != digits && digits.to_ascii_uppercase() != digits;
        if is_mixed && checksummed(&lower) != digits {
            return Err(ParsePlayerIdError::Checksum);
        }
        Ok(Self(format!("0x{lower}")))
    }
}

/// The digits as EIP-55 writes them: a letter is a capital where the digit of the hash at its place is 8 or more.
fn checksummed(lower: &str) -> String {
    let mut hash = String::with_capacity(2 * DIGITS);
    for byte in Keccak256::digest(lower) {
        // A string takes all that is written to it.
        let _ = write!(hash, "{byte:02x}");
    }
    let digit = |(digit, hash): (char, char)| match hash {
        '8'.. => digit.to_ascii_uppercase(),
        _ => digit,
    };
    lower.chars().zip(hash.chars()).map(digit).collect()
}

impl PlayerId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of EIP-55.
    const CHECKSUMMED: [&str; 6] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    fn parse(text: &str) -> Result<String, ParsePlayerIdError> {
        text.parse().map(|id: PlayerId| id.to_string())
    }

    #[test]
    fn usual_spellings_become_that_of_the_network() {
        for text in CHECKSUMMED {
            let expected = text.to_lowercase();
            let digits = &text[2..];
            for spelling in [
                text.to_owned(),
                expected.clone(),
                digits.to_owned(),
                format!("0X{}", digits.to_uppercase()),
                format!(" {text}\n"),
            ] {
                assert_eq!(parse(&spelling).unwrap(), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        let digits = &CHECKSUMMED[2][2..];
        let error = |text: &str| parse(text).unwrap_err();
        assert_eq!(error("0x"), ParsePlayerIdError::Empty);
        assert_eq!(
            error(&digits[1..]),
            ParsePlayerIdError::Length { count: 39 }
        );
        let (place, character) = (3, 'g');
        assert_eq!(
            error(&format!("0xg{}", &digits[1..])),
            ParsePlayerIdError::Digit { place, character }
        );
        for mistyped in [digits.replace("Aed", "aed"), digits.replace('6', "7")] {
            assert_eq!(error(&mistyped), ParsePlayerIdError::Checksum);
        }
    }
}
