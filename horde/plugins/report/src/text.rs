//! Names from outside.

/// Longest name of a miner or a job that becomes part of a key of the storage, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Whether a hotkey or a uuid can be part of a key of the storage.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_has_letters_digits_and_dashes() {
        assert!(is_name("5F6ee") && is_name("00000000-0000-4000-8000-000000000001"));
        for not in ["", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(!is_name(not), "{not}");
        }
    }
}
