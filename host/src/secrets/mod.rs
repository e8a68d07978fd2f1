//! The secrets of this host, to be found and removed wherever they stand.
//!
//! Invariant: secrets are read for this purpose only; they leave this module in no form but a [`Mask`]. Their `Debug` shows nothing.

pub(crate) mod names;

use std::env;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use tig_process::text_file;
use tig_recording::{Mask, MaskError};
use zeroize::Zeroizing;

use self::names::{REMOVED, is_secret_name, looks_random};
use crate::config::Config;
use crate::config::section_files::FILE_KEY;
use crate::http::proxy;

/// A shorter text is found everywhere, and is not a secret that protects anything.
const SECRET_CHARS_MIN: usize = 6;

/// A longer file holds no key.
const SECRET_FILE_BYTES_MAX: u64 = 64 << 10;

/// Spellings of all known secrets.
#[derive(Default)]
pub(crate) struct Secrets(Vec<Zeroizing<String>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// Those of the environment, of the config at `path`, of the files that it names, and of `others`.
    pub(crate) fn collect(path: &Path, others: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut secrets = Self::default();
        secrets.add_environment();
        let mut config = Config::read_unchecked_whole(path).unwrap_or_default();
        let variables = variables(&config);
        if let Some(config) = config.as_object_mut() {
            // Names, kinds and users of keys, which are words of messages. The keys themselves are in files.
            config.remove("keys");
        }
        secrets.add_json(&config);
        let values = variables.iter().filter_map(|name| env::var(name).ok());
        values.for_each(|value| secrets.add(&value));
        let files = Config::secret_files(path).into_iter().map(|(_, file)| file);
        let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let credentials = credentials
            .into_iter()
            .flat_map(std::fs::read_dir)
            .flatten()
            .flatten();
        let credentials = credentials.map(|entry| entry.path());
        for file in files.chain(credentials).chain(others) {
            secrets.add_file(&file);
        }
        secrets
    }

    fn add_environment(&mut self) {
        for (name, value) in env::vars_os() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
                continue;
            };
            if is_secret_name(name) && !name.ends_with("_FILE") {
                self.add(value);
            }
            match proxy::VARIABLES.contains(&name) {
                true => self.add_proxy(value),
                false => self.add_url(value),
            }
        }
    }

    /// What a file holds: one secret, JSON with some, or PEM.
    fn add_file(&mut self, path: &Path) {
        // What cannot be read cannot be in the bundle by way of this program either.
        let Ok(text) = text_file::read_lossy(path, SECRET_FILE_BYTES_MAX).map(Zeroizing::new)
        else {
            return;
        };
        if let Ok(json @ Value::Object(_)) = serde_json::from_str(&text) {
            return self.add_json(&json);
        }
        self.add(&text);
        for line in text.lines().filter(|line| !line.starts_with("-----")) {
            self.add(line);
        }
    }

    /// Values under the names of secrets, and what URLs hold.
    fn add_json(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add_url(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_json(item)),
            Value::Object(object) => {
                for (key, value) in object {
                    let is_place = is_place(key);
                    match value {
                        Value::String(text) if is_secret_name(key) && !is_place => self.add(text),
                        Value::String(text) if is_place && looks_random(text) => self.add(text),
                        // The name of a file, such as `api_key`, would cover the name of a field too.
                        value if is_secret_name(key) && !is_place => self.add_texts(value),
                        value => self.add_json(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Each text of a section with the name of a secret, but places of secrets.
    fn add_texts(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.add(text);
                self.add_url(text);
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_texts(item)),
            Value::Object(object) => {
                for (key, value) in object {
                    match is_place(key) {
                        true => self.add_json(value),
                        false => self.add_texts(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// User, password, query and key-like parts of the path of a URL.
    fn add_url(&mut self, text: &str) {
        let Ok(url) = reqwest::Url::parse(text) else {
            return;
        };
        if !url.has_host() {
            return;
        }
        self.add(url.password().unwrap_or_default());
        if url.password().is_some() {
            self.add(url.username());
        }
        for (_, value) in url.query_pairs() {
            self.add(&value);
        }
        let segments = url.path_segments().into_iter().flatten();
        let keys = segments.filter(|segment| looks_random(segment));
        keys.for_each(|key| self.add(key));
    }

    /// User and password of a proxy, also together: one alone may be too short to be searched for.
    fn add_proxy(&mut self, value: &str) {
        self.add_url(&proxy::url(value));
        let parts = proxy::Parts::from_value(value);
        let credentials = parts.credentials.unwrap_or_default();
        self.add(credentials);
        if let Some((user, password)) = credentials.split_once(':') {
            self.add(user);
            self.add(password);
        }
    }

    /// Adds a secret in the spellings in which it may be met.
    pub(crate) fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.chars().count() < SECRET_CHARS_MIN {
            return;
        }
        let quoted = serde_json::to_string(secret).unwrap_or_default();
        let escaped = quoted.trim_matches('"').to_owned();
        // JSON within JSON.
        let twice = serde_json::to_string(&escaped).unwrap_or_default();
        let percent = percent_encoded(secret);
        let mut spellings = vec![
            secret.to_owned(),
            twice.trim_matches('"').to_owned(),
            escaped,
            percent.to_ascii_lowercase(),
            // As forms have it.
            percent.replace("%20", "+"),
            percent,
            hex::encode(secret),
            hex::encode_upper(secret),
        ];
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            // Without padding, so that the end of a longer text is found too.
            spellings.push(alphabet.encode(secret));
            spellings.extend((0..3).map(|before| base64_within(secret, before, &alphabet)));
        }
        spellings.sort_unstable();
        spellings.dedup();
        self.0.extend(spellings.into_iter().map(Zeroizing::new));
    }

    /// Adds those of `others`; whether any of them is new.
    pub(crate) fn merge(&mut self, others: Self) -> bool {
        let known = self.0.len();
        for secret in others.0 {
            if !self.0.contains(&secret) {
                self.0.push(secret);
            }
        }
        self.0.len() > known
    }

    /// These and another.
    #[must_use]
    pub(crate) fn with(mut self, secret: &str) -> Self {
        self.add(secret);
        self
    }

    /// A mask for all of them.
    ///
    /// # Errors
    ///
    /// They are too many to be searched for.
    pub(crate) fn mask(&self) -> Result<Mask, MaskError> {
        Mask::new(self.0.iter().map(|secret| secret.as_bytes()))
    }

    /// `text` without any of them.
    pub(crate) fn remove_from(&self, text: &str) -> String {
        // The longest first: a shorter one may be a part of it.
        let mut known: Vec<&str> = self.0.iter().map(|secret| secret.as_str()).collect();
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut cleaned = text.to_owned();
        for secret in known {
            if cleaned.contains(secret) {
                cleaned = cleaned.replace(secret, REMOVED);
            }
        }
        cleaned
    }
}

/// Whether a value under this key names the place of a secret.
fn is_place(key: &str) -> bool {
    key.ends_with("_file") || key.ends_with("_env") || key == FILE_KEY
}

/// Names of variables that a config says hold secrets.
fn variables(config: &Value) -> Vec<String> {
    match config {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(name) if key.ends_with("_env") => vec![name.clone()],
                value => variables(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(variables).collect(),
        _ => Vec::new(),
    }
}

/// The characters that stand for `secret` alone in the base64 of a longer text, with this number of bytes before it beyond multiples of
/// three.
fn base64_within(secret: &str, before: usize, alphabet: &GeneralPurpose) -> String {
    let text = [&[0; 2][..before], secret.as_bytes()].concat();
    let encoded = Zeroizing::new(alphabet.encode(Zeroizing::new(text)));
    // A character stands for six bits. Those at both ends have some of other bytes.
    let first = (before * 8).div_ceil(6);
    let end = (before + secret.len()) * 8 / 6;
    encoded.get(first..end).unwrap_or_default().to_owned()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing into a text cannot fail.
            byte => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundle_removes_known_secrets_in_each_spelling() {
        let mut secrets = Secrets::default();
        secrets.add("a\"b c/d\n");
        secrets.add("tiny");
        let text = r#"a"b c/d | a\"b c/d | a%22b%20c%2Fd | 6122622063 | YSJiIGMvZA== | tiny"#;
        assert_eq!(
            secrets.remove_from(text),
            "[removed] | [removed] | [removed] | 6122622063 | [removed]== | tiny"
        );
        assert_eq!(secrets.remove_from("61226220632f64"), REMOVED);
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
    }

    #[test]
    fn secret_within_a_longer_base64_is_covered() {
        let secret = "s3cret/of?mine";
        let mut secrets = Secrets::default();
        secrets.add(secret);
        let mask = secrets.mask().unwrap();
        for before in ["", "u", "us", "user:"] {
            for behind in ["", "!", ":x", " and more"] {
                for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                    let mut text = alphabet.encode(format!("{before}{secret}{behind}"));
                    let inner = base64_within(secret, before.len() % 3, &alphabet);
                    assert!(inner.len() > 16 && text.contains(&inner), "{text} {inner}");
                    text = cover(&mask, &text);
                    assert!(!text.contains(&inner[..4]), "{text}");
                }
            }
        }
        assert_eq!(cover(&mask, "S3CRET"), "S3CRET");
        assert_eq!(cover(&mask, "s3cret%2fof%3fmine"), "*".repeat(18));
    }

    fn cover(mask: &Mask, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        mask.cover(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn proxy_password_is_found_unescaped() {
        let mut secrets = Secrets::default();
        secrets.add_proxy("user:pass/wo?rd@proxy:3128");
        secrets.add_proxy("http://me:p#w@proxy:3128");
        let text = "pass/wo?rd me:p#w bWU6cCN3 user proxy:3128";
        let expected = "[removed] [removed] [removed] user proxy:3128";
        assert_eq!(secrets.remove_from(text), expected);
    }

    #[test]
    fn section_of_secrets_holds_only_secrets() {
        let config = serde_json::json!({
            "tokens": { "desk": "token-of-desk", "door_file": "path/to/door", "list": ["token-in-list"] },
            "names": { "desk": "public-name" },
            "api_key_file": "api_key",
        });
        let mut secrets = Secrets::default();
        secrets.add_json(&config);
        let text = "token-of-desk token-in-list path/to/door public-name api_key";
        let expected = "[removed] [removed] path/to/door public-name api_key";
        assert_eq!(secrets.remove_from(text), expected);
    }

    #[test]
    fn merged_secrets_are_new_once() {
        let one = || Secrets::default().with("first-secret");
        let mut all = one();
        assert!(!all.merge(one()));
        assert!(all.merge(Secrets::default().with("second-secret")));
        assert_eq!(
            all.remove_from("first-secret second-secret"),
            "[removed] [removed]"
        );
    }

    #[test]
    fn bundle_finds_secrets_of_config_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("key", "key-in-a-file\n");
        write(
            "hot",
            r#"{"secretSeed":"seed-of-hotkey","ss58Address":"public-address"}"#,
        );
        write(
            "config.json",
            r#"{"api_key_file":"key","keys":{"hotkey":{"kind":"sr25519","file":"hot",
                "extensions":["chooser"]}},"config":{"n":{"secret":"inline-one",
                "hook":"https://u:pass-word@h/T0123456789abcdefg?x=query-value"}}}"#,
        );
        let secrets = Secrets::collect(&folder.path().join("config.json"), []);
        let text = "key-in-a-file seed-of-hotkey public-address inline-one pass-word query-value T0123456789abcdefg \
            hotkey sr25519 chooser";
        let expected = "[removed] [removed] public-address [removed] [removed] [removed] [removed] \
            hotkey sr25519 chooser";
        assert_eq!(secrets.remove_from(text), expected);
    }

    #[test]
    fn secrets_in_files_of_sections_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("webhook.json", r#""https://h/services/T0123456789abcdefg""#);
        write("pw.json", r#""pass-word""#);
        write(
            "section.json",
            r#"{"token":"token-in-a-file","name":"public-name"}"#,
        );
        write(
            "config.json",
            r#"{"config":{"n":{"hook":{"url":{"$file":"webhook.json"}},"password":{"$file":"pw.json"},
                "secret":{"$file":"missing.json"}},"m":{"$file":"section.json"}}}"#,
        );
        let secrets = Secrets::collect(&folder.path().join("config.json"), []);
        let text = "T0123456789abcdefg pass-word token-in-a-file public-name pw.json missing.json";
        let expected = "[removed] [removed] [removed] public-name pw.json missing.json";
        assert_eq!(secrets.remove_from(text), expected);
    }
}
