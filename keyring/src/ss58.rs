//! SS58 addresses: base 58 of network prefix, account and checksum.

use blake2::{Blake2b512, Digest};

/// Bytes of an account's id, which is a public key.
pub(crate) const ACCOUNT_BYTES: usize = 32;

/// Separates the checksum from other uses of the hash.
const CHECKSUM_CONTEXT: &[u8] = b"SS58PRE";
/// Of the hash, at the end of an address.
const CHECKSUM_BYTES: usize = 2;
/// Characters of an address with a prefix of two bytes; one with one byte has one fewer at most.
const ADDRESS_CHARS_MAX: usize = 50;
/// Prefixes below this one take one byte, the others two.
const ONE_BYTE_PREFIXES: u16 = 64;
/// Prefixes have 14 bits.
const PREFIXES: u16 = 1 << 14;

/// The network that an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ss58Prefix(u16);

impl Ss58Prefix {
    /// Substrate's general prefix, which Bittensor uses: addresses begin with `5`.
    pub const SUBSTRATE: Self = Self(42);

    /// The prefix with this number, or nothing if it has more than 14 bits.
    pub const fn new(number: u16) -> Option<Self> {
        if number < PREFIXES {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Why a text is not an SS58 address of an account with a key of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ss58Error {
    /// Empty text.
    #[error("the address is empty")]
    Empty,
    /// More characters than any address has.
    #[error("the address has {actual} characters, expected {ADDRESS_CHARS_MAX} at most")]
    TooLong {
        /// Bytes of the text.
        actual: usize,
    },
    /// A character outside of base 58.
    #[error("character {place} of the address, {character:?}, is not a base 58 digit")]
    Digit {
        /// Counted from 1.
        place: usize,
        /// What is there.
        character: char,
    },
    /// Another number of bytes than prefix, key and checksum have.
    #[error("the address holds {actual} bytes, expected {expected}; copy the whole address")]
    Length {
        /// Bytes found.
        actual: usize,
        /// Bytes of an address whose prefix is as long.
        expected: usize,
    },
    /// First byte from 128 on.
    #[error("the address begins with byte {first}, which is reserved")]
    Reserved {
        /// The byte.
        first: u8,
    },
    /// A prefix in two bytes that fits into one: each account has one address a network.
    #[error("the address spells the prefix {number} in two bytes, expected one")]
    LongPrefix {
        /// The prefix.
        number: u16,
    },
    /// The last two bytes do not belong to the others.
    #[error("the checksum of the address is wrong; a character of it was mistyped")]
    Checksum,
    /// An address for another network.
    #[error("the address is for the network with prefix {actual}, expected {expected}")]
    Network {
        /// Prefix found.
        actual: u16,
        /// Prefix wanted.
        expected: u16,
    },
}

/// The address of an account.
pub(crate) fn encode(account: &[u8; ACCOUNT_BYTES], prefix: Ss58Prefix) -> String {
    let mut bytes = prefix_bytes(prefix);
    bytes.extend(account);
    let checksum = checksum(&bytes);
    bytes.extend(checksum);
    bs58::encode(bytes).into_string()
}

/// The account of an address, and the network that it is for.
pub(crate) fn decode(address: &str) -> Result<([u8; ACCOUNT_BYTES], Ss58Prefix), Ss58Error> {
    // Base 58 takes quadratic time, so the length comes first.
    let actual = address.len();
    if actual > ADDRESS_CHARS_MAX {
        return Err(Ss58Error::TooLong { actual });
    }
    let bytes = bs58::decode(address)
        .into_vec()
        .map_err(|error| bad_digit(address, &error))?;
    let (prefix, prefix_length) = read_prefix(&bytes)?;
    let expected = prefix_length + ACCOUNT_BYTES + CHECKSUM_BYTES;
    let parts = bytes[prefix_length..].split_first_chunk();
    let Some((account, stated)) = parts.filter(|_| bytes.len() == expected) else {
        let actual = bytes.len();
        return Err(Ss58Error::Length { actual, expected });
    };
    if checksum(&bytes[..prefix_length + ACCOUNT_BYTES]) != *stated {
        return Err(Ss58Error::Checksum);
    }
    Ok((*account, prefix))
}

fn bad_digit(address: &str, error: &bs58::decode::Error) -> Ss58Error {
    use bs58::decode::Error;
    let index = match error {
        Error::InvalidCharacter { index, .. } | Error::NonAsciiCharacter { index } => *index,
        // The only errors of decoding into a vector are those above.
        _ => 0,
    };
    let rest = address.get(index..).unwrap_or_default();
    Ss58Error::Digit {
        // All characters before the first bad one are ASCII.
        place: index + 1,
        character: rest.chars().next().unwrap_or_default(),
    }
}

/// The prefix at the beginning of `bytes` and the number of bytes it takes.
fn read_prefix(bytes: &[u8]) -> Result<(Ss58Prefix, usize), Ss58Error> {
    match *bytes {
        [] => Err(Ss58Error::Empty),
        [first @ 0..64, ..] => Ok((Ss58Prefix(first.into()), 1)),
        // The first byte has bits 2 to 7 of the number, the second one bits 0 and 1 above bits 8 to 13.
        [first @ 64..128, second, ..] => {
            let low = u16::from(first << 2 | second >> 6);
            let high = u16::from(second & 0b11_1111);
            match low | high << 8 {
                number @ ONE_BYTE_PREFIXES.. => Ok((Ss58Prefix(number), 2)),
                number => Err(Ss58Error::LongPrefix { number }),
            }
        }
        [64..128] => Err(Ss58Error::Length {
            actual: 1,
            expected: 2 + ACCOUNT_BYTES + CHECKSUM_BYTES,
        }),
        [first, ..] => Err(Ss58Error::Reserved { first }),
    }
}

fn prefix_bytes(Ss58Prefix(number): Ss58Prefix) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    if number < ONE_BYTE_PREFIXES {
        vec![low]
    } else {
        vec![low >> 2 | 0b0100_0000, low << 6 | high]
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Blake2b512::new()
        .chain_update(CHECKSUM_CONTEXT)
        .chain_update(bytes)
        .finalize();
    [hash[0], hash[1]]
}
