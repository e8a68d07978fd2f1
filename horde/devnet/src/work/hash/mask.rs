//! Masks: which passwords are tried.

/// Letters of `?1`, which the script of the job sets to lower case, digits and upper case.
const ALPHANUMERICS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Letters of `?d`.
const DIGITS: &[u8] = b"0123456789";

/// The letters of each place of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mask(Vec<&'static [u8]>);

impl Mask {
    /// The mask of a text, or nothing if it has other parts than `?1` and `?d`, or none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts = text.as_bytes().chunks(2).map(|part| match part {
            b"?1" => Some(ALPHANUMERICS),
            b"?d" => Some(DIGITS),
            _ => None,
        });
        let parts: Option<Vec<&[u8]>> = parts.collect();
        parts.filter(|parts| !parts.is_empty()).map(Self)
    }

    /// How many passwords the mask has.
    pub(super) fn count(&self) -> u64 {
        let sizes = self.0.iter().map(|letters| letters.len() as u64);
        sizes.fold(1, u64::saturating_mul)
    }

    /// Writes the password with this number over `password`.
    pub(super) fn write(&self, number: u64, password: &mut Vec<u8>) {
        password.clear();
        let mut rest = number;
        for letters in &self.0 {
            let size = letters.len() as u64;
            // A remainder is less than the number of letters.
            password.extend(letters.get((rest % size) as usize));
            rest /= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn mask_writes_each_password_once() {
        let mask = Mask::parse("?1?d").unwrap();
        assert_eq!(mask.count(), 620);
        let mut password = Vec::new();
        let passwords = (0..620).map(|number| {
            mask.write(number, &mut password);
            password.clone()
        });
        let passwords: BTreeSet<Vec<u8>> = passwords.collect();
        assert_eq!(passwords.len(), 620);
        assert!(passwords.contains(&b"Z9"[..]));
        for faulty in ["", "?", "?x", "?1d", "?1?"] {
            assert_eq!(Mask::parse(faulty), None, "{faulty}");
        }
    }
}
