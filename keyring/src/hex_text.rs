//! Bytes of a known number as hex text, with or without `0x`.

use hex::FromHexError;
use zeroize::Zeroizing;

/// Why a text is not the hex form of so many bytes. Says nothing of the digits, which may be a secret's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseHexError {
    /// Wrong number of digits.
    #[error("it has {actual} hex digits, expected {expected}")]
    Length {
        /// Characters found, without `0x`.
        actual: usize,
        /// Digits wanted.
        expected: usize,
    },
    /// A character that is not a hex digit.
    #[error("character {place} is not a hex digit")]
    Digit {
        /// Counted from 1, without `0x`.
        place: usize,
    },
}

/// The `N` bytes that `text` spells, zeroed when dropped.
pub(crate) fn decode<const N: usize>(text: &str) -> Result<Zeroizing<[u8; N]>, ParseHexError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = Zeroizing::new([0; N]);
    let length = || ParseHexError::Length {
        actual: digits.chars().count(),
        expected: 2 * N,
    };
    match hex::decode_to_slice(digits, &mut *bytes) {
        Ok(()) => Ok(bytes),
        Err(FromHexError::InvalidHexCharacter { .. }) => match bad_digit(digits) {
            Some(place) => Err(ParseHexError::Digit { place }),
            None => Err(length()),
        },
        Err(_) => Err(length()),
    }
}

fn bad_digit(digits: &str) -> Option<usize> {
    let index = digits.chars().position(|it| !it.is_ascii_hexdigit())?;
    Some(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_with_and_without_prefix_decodes() {
        for text in ["0xabCD", "abcd"] {
            assert_eq!(*decode::<2>(text).unwrap(), [0xab, 0xcd], "{text}");
        }
    }

    #[test]
    fn other_text_names_length_or_place() {
        let length = |actual| ParseHexError::Length {
            actual,
            expected: 4,
        };
        for (text, expected) in [
            ("", length(0)),
            ("0xabc", length(3)),
            ("abcdef", length(6)),
            ("0X12", ParseHexError::Digit { place: 2 }),
            ("ab¾", ParseHexError::Digit { place: 3 }),
        ] {
            assert_eq!(decode::<2>(text).unwrap_err(), expected, "{text}");
        }
    }
}
