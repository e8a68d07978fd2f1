//! The digest of a sealed plugin file, inside the file.
//!
//! Invariant: the digest covers the whole file but its own digits, so a file that is half of one build and half of
//! another is rejected whenever it is read.

use std::ops::Range;

use tig_plugin_api::abi::DIGEST_DIGITS;

/// Text before the digits, and after them, at the end of a manifest.
const HEAD: &[u8] = br#""digest":""#;
const TAIL: &[u8] = br#""}"#;

/// The state of a file's seal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seal {
    /// The file is not sealed: the digest is zeros.
    Open,
    /// The digest is right.
    Intact,
    /// The digest is wrong.
    Broken,
}

/// Place of the digest's digits in a file whose manifest lies at `manifest`; `None` if it has no room for them.
pub(super) fn slot(bytes: &[u8], manifest: Range<usize>) -> Option<Range<usize>> {
    let text = bytes.get(manifest.clone())?.strip_suffix(TAIL)?;
    let (before, digits) = text.split_at_checked(text.len().checked_sub(DIGEST_DIGITS)?)?;
    let is_slot = before.ends_with(HEAD) && digits.iter().all(u8::is_ascii_hexdigit);
    let start = manifest.start + before.len();
    is_slot.then(|| start..start + DIGEST_DIGITS)
}

/// Compares the file with the digest in its `slot`.
pub(super) fn check(bytes: &[u8], slot: Range<usize>) -> Seal {
    let digits = &bytes[slot.clone()];
    if digits.iter().all(|digit| *digit == b'0') {
        Seal::Open
    } else if digits == digest(bytes, slot).as_bytes() {
        Seal::Intact
    } else {
        Seal::Broken
    }
}

/// Writes the file's digest into its `slot`.
pub(super) fn write(bytes: &mut [u8], slot: Range<usize>) {
    let digest = digest(bytes, slot.clone());
    bytes[slot].copy_from_slice(digest.as_bytes());
}

fn digest(bytes: &[u8], slot: Range<usize>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..slot.start]);
    hasher.update(&[b'0'; DIGEST_DIGITS]);
    hasher.update(&bytes[slot.end..]);
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (Vec<u8>, Range<usize>) {
        let manifest = format!(r#"{{"name":"x","digest":"{}"}}"#, "0".repeat(DIGEST_DIGITS));
        let bytes = [b"code", manifest.as_bytes(), b"data"].concat();
        let end = bytes.len() - b"data".len();
        let slot = slot(&bytes, b"code".len()..end).unwrap();
        (bytes, slot)
    }

    #[test]
    fn any_changed_byte_breaks_the_seal() {
        let (mut bytes, slot) = file();
        assert_eq!(check(&bytes, slot.clone()), Seal::Open);
        write(&mut bytes, slot.clone());
        assert_eq!(check(&bytes, slot.clone()), Seal::Intact);
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            assert_eq!(check(&other, slot.clone()), Seal::Broken, "byte {place}");
        }
    }

    #[test]
    fn file_sealed_twice_stays_the_same() {
        let (mut bytes, slot) = file();
        write(&mut bytes, slot.clone());
        let once = bytes.clone();
        write(&mut bytes, slot);
        assert_eq!(bytes, once);
    }

    #[test]
    fn manifest_of_an_earlier_sdk_has_no_slot() {
        for manifest in [r#"{"name":"x"}"#, r#"{"digest":"12"}"#, "", "\"}"] {
            assert_eq!(
                slot(manifest.as_bytes(), 0..manifest.len()),
                None,
                "{manifest}"
            );
        }
    }
}
