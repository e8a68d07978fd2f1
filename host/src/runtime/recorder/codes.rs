//! Codes that a shared secret has made: they open what they sign for a while, so they are not recorded.
//!
//! Each spelling of a code becomes that of as many asterisks. A replay answers with the asterisks, and so comes to the same text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Stands for each byte of an answer that must not be known.
const COVER: u8 = b'*';

/// A shorter code protects nothing, and would be found everywhere.
const CODE_BYTES_MIN: usize = 8;

/// The codes of one handler.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// Each spelling with that of the asterisks.
    spellings: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Codes {
    /// Adds a code, and returns what stands for it.
    pub(super) fn add(&mut self, code: &[u8]) -> Vec<u8> {
        let cover = vec![COVER; code.len()];
        if code.len() >= CODE_BYTES_MIN {
            self.spellings
                .extend(spell(code).into_iter().zip(spell(&cover)));
        }
        cover
    }

    /// `bytes` without any of the codes.
    pub(super) fn cover<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut covered = Cow::Borrowed(bytes);
        for (spelling, cover) in &self.spellings {
            if let Some(replaced) = replace(&covered, spelling, cover) {
                covered = Cow::Owned(replaced);
            }
        }
        covered
    }

    pub(super) fn clear(&mut self) {
        self.spellings.clear();
    }
}

fn spell(code: &[u8]) -> [Vec<u8>; 6] {
    let numbers: Vec<String> = code.iter().map(u8::to_string).collect();
    [
        code.to_vec(),
        hex::encode(code).into_bytes(),
        hex::encode_upper(code).into_bytes(),
        STANDARD_NO_PAD.encode(code).into_bytes(),
        URL_SAFE_NO_PAD.encode(code).into_bytes(),
        numbers.join(",").into_bytes(),
    ]
}

/// `None` if `bytes` do not hold `part`.
fn replace(bytes: &[u8], part: &[u8], by: &[u8]) -> Option<Vec<u8>> {
    let mut replaced = None;
    let mut rest = bytes;
    while let Some(at) = rest.windows(part.len()).position(|window| window == part) {
        let replaced = replaced.get_or_insert_with(Vec::new);
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(by);
        rest = &rest[at + part.len()..];
    }
    let mut replaced = replaced?;
    replaced.extend_from_slice(rest);
    Some(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_covered_in_each_spelling() {
        let code: Vec<u8> = (0..32).map(|byte| byte * 7 + 1).collect();
        let mut codes = Codes::default();
        let cover = codes.add(&code);
        assert_eq!(cover, vec![b'*'; 32]);
        let text = |code: &[u8]| {
            let spellings = spell(code).map(|it| [b"<", it.as_slice(), b">"].concat());
            spellings.concat()
        };
        assert_eq!(codes.cover(&text(&code)), text(&cover));
        assert_eq!(&*codes.cover(b"nothing"), b"nothing");
        codes.clear();
        assert_eq!(codes.cover(&text(&code)), text(&code));
    }

    #[test]
    fn short_code_is_not_looked_for() {
        let mut codes = Codes::default();
        assert_eq!(codes.add(b"a"), b"*");
        assert_eq!(&*codes.cover(b"a cat"), b"a cat");
    }
}
