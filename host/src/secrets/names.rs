//! What names and looks like a secret. Pure.

/// Stands in the place of what was removed.
pub(crate) const REMOVED: &str = "[removed]";

/// Length from which a word of letters and digits may be a key.
pub(crate) const RANDOM_CHARS_MIN: usize = 16;

/// Parts of the names of secrets, without separators.
const SECRET_NAMES: [&str; 14] = [
    "password",
    "passwd",
    "phrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "authorization",
    "cookie",
    "mnemonic",
    "bearer",
    "signature",
];

/// Whole names of secrets.
const SECRET_WORDS: [&str; 8] = ["auth", "pwd", "pin", "dsn", "sig", "nacl", "seed", "suri"];

/// A name in lower case, without separators.
pub(crate) fn squashed(name: &str) -> String {
    let letters = name.chars().filter(|char| char.is_ascii_alphanumeric());
    letters.collect::<String>().to_ascii_lowercase()
}

/// Whether a value of this name is secret: `api_key`, `X-Auth-Token`, `secretSeed`.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let squashed = squashed(name);
    let has_secret_part = SECRET_NAMES.iter().any(|part| squashed.contains(part));
    let is_key = squashed.ends_with("key") && squashed != "key" && !squashed.ends_with("publickey");
    has_secret_part || is_key || SECRET_WORDS.contains(&squashed.as_str())
}

/// Whether a text may be a key: long, of letters and digits.
pub(crate) fn looks_random(text: &str) -> bool {
    let is_word = text
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || "-_+=:.".contains(char));
    is_word
        && text.len() >= RANDOM_CHARS_MIN
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundle_knows_names_of_secrets() {
        for name in [
            "api_key",
            "X-Api-Key",
            "apiKey",
            "secretSeed",
            "PASSWORD",
            "token",
            "auth",
            "session_token",
            "signing_key",
            "seed",
            "suri",
            "recovery-phrase",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "key",
            "public_key",
            "keys",
            "name",
            "port",
            "author",
            "block",
            "document_id",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
