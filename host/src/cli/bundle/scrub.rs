//! Removes what may be secret from JSON and texts, by the names of keys and by the shape of values. Pure.
//!
//! What is removed by mistake costs a reader a little; so in doubt it is removed. Values that are known to be secret are removed by
//! [`crate::secrets`] wherever they stand.

use serde_json::{Map, Value};

use super::named;
use crate::secrets::names::{RANDOM_CHARS_MIN, REMOVED, is_secret_name, looks_random, squashed};

/// Beginnings of keys of well-known services.
const KEY_PREFIXES: [&str; 9] = [
    "eyJ", "AKIA", "ASIA", "sk-", "sk_", "ghp_", "xoxb-", "xoxp-", "$NACL",
];

/// JSON without what may be secret.
pub(super) fn json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(self::text(text)),
        Value::Array(items) => match &items[..] {
            // A header as a pair.
            [Value::String(name), Value::String(_)] if is_secret_name(name) => {
                Value::Array(vec![Value::String(name.clone()), REMOVED.into()])
            }
            items => array(items),
        },
        Value::Object(object) => {
            let is_named_secret = has_secret_name(object);
            let cleaned = object.iter().map(|(key, value)| {
                let value = match key.as_str() {
                    "value" if is_named_secret => without_scalars(value),
                    key => member(key, value),
                };
                (self::text(key), value)
            });
            Value::Object(cleaned.collect())
        }
        other => other.clone(),
    }
}

/// An array, such as a command line: what follows the name of a secret is the secret.
fn array(items: &[Value]) -> Value {
    let (mut follows_name, mut is_phrase) = (false, false);
    let cleaned = items.iter().map(|item| {
        let is_secret = follows_name || is_phrase;
        // A sentence with such a name in it is followed by anything.
        let name = item.as_str().filter(|text| named::is_name(text));
        let name = name.filter(|name| is_secret_name(name));
        follows_name = name.is_some();
        is_phrase |= name.is_some_and(named::is_whole_line);
        match item {
            Value::String(_) | Value::Number(_) if is_secret => REMOVED.into(),
            item => json(item),
        }
    });
    cleaned.collect()
}

/// Whether an object names a secret that its `value` holds: `{"name": "X-Api-Key", "value": ..}`.
fn has_secret_name(object: &Map<String, Value>) -> bool {
    let named = ["name", "key", "header"]
        .iter()
        .filter_map(|key| object.get(*key)?.as_str());
    named.into_iter().any(is_secret_name)
}

/// The value of `key`.
fn member(key: &str, value: &Value) -> Value {
    let is_place = key.ends_with("_file") || key.ends_with("_env");
    match value {
        // The place of a secret, unless it is the secret, put there by mistake.
        Value::String(text) if is_place => match looks_random(text) {
            true => REMOVED.into(),
            false => Value::String(self::text(text)),
        },
        Value::String(text) if squashed(key) == "key" && looks_random(text) => REMOVED.into(),
        value if is_secret_name(key) && !is_place => without_scalars(value),
        value => json(value),
    }
}

/// The shape of `value` alone.
fn without_scalars(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Array(items) => items.iter().map(without_scalars).collect(),
        Value::Object(object) => {
            let members = object.iter();
            let cleaned = members.map(|(key, value)| (text(key), without_scalars(value)));
            Value::Object(cleaned.collect())
        }
        Value::String(_) | Value::Number(_) => REMOVED.into(),
    }
}

/// A text without what may be secret; other words and line ends stay.
pub(super) fn text(text: &str) -> String {
    let text = without_pem(text);
    let lines = text.split_inclusive('\n');
    lines
        .map(|line| named::assignments(&named::arguments(&words(&urls(line)))))
        .collect()
}

/// Without blocks of PEM.
fn without_pem(text: &str) -> String {
    let (mut rest, mut cleaned) = (text, String::new());
    while let Some(begin) = rest.find("-----BEGIN") {
        cleaned.push_str(&rest[..begin]);
        cleaned.push_str(REMOVED);
        // A block without its end goes on to the end of the text.
        let block = &rest[begin..];
        let end = block.find("-----END").map(|end| {
            let tail = &block[end + "-----END".len()..];
            let dashes = tail
                .find("-----")
                .map_or(tail.len(), |at| at + "-----".len());
            end + "-----END".len() + dashes
        });
        rest = end.map_or("", |end| &block[end..]);
    }
    cleaned + rest
}

/// Whether a character ends a URL in a text.
fn ends_url(char: char) -> bool {
    char.is_whitespace() || "\"'<>`)]},;|".contains(char)
}

/// URLs without user, password, query, fragment, and parts of the path that may be keys.
fn urls(line: &str) -> String {
    let (mut rest, mut cleaned) = (line, String::new());
    while let Some(at) = rest.find("://") {
        let after = at + "://".len();
        let mut end = rest[after..]
            .find(ends_url)
            .map_or(rest.len(), |end| after + end);
        // What was removed before ends with a bracket, which else ends a URL.
        let is_clean = rest[after..end].ends_with(REMOVED.trim_end_matches(']'));
        if is_clean && rest[end..].starts_with(']') {
            end += 1;
        }
        cleaned.push_str(&rest[..after]);
        cleaned.push_str(&without_secrets(&rest[after..end]));
        rest = &rest[end..];
    }
    cleaned + rest
}

/// What follows the scheme of a URL.
fn without_secrets(url: &str) -> String {
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let query = if place.len() < url.len() {
        "?[removed]"
    } else {
        ""
    };
    let (authority, path) = place
        .split_once('/')
        .map_or((place, None), |(a, p)| (a, Some(p)));
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{REMOVED}@{host}"),
        None => authority.to_owned(),
    };
    let segment = |segment: &str| match looks_random(segment) {
        true => REMOVED.to_owned(),
        false => segment.to_owned(),
    };
    let path = path.map(|path| {
        let segments: Vec<String> = path.split('/').map(segment).collect();
        format!("/{}", segments.join("/"))
    });
    format!("{authority}{}{query}", path.unwrap_or_default())
}

/// Words that are keys by their shape, and those after `Bearer` and `Basic`.
fn words(line: &str) -> String {
    let mut cleaned = String::with_capacity(line.len());
    let mut scheme = None;
    for piece in
        line.split_inclusive(|char: char| char.is_whitespace() || "\"',;()<>[]{}".contains(char))
    {
        let word = piece
            .trim_end_matches(|char: char| char.is_whitespace() || "\"',;()<>[]{}".contains(char));
        let end = &piece[word.len()..];
        let is_credential = match scheme {
            Some("bearer") => word.len() >= 4,
            Some(_) => {
                word.len() >= 8
                    && word
                        .bytes()
                        .any(|it| it.is_ascii_digit() || it.is_ascii_uppercase() || it == b'=')
            }
            None => false,
        };
        let bare = word.rsplit(['=', ':']).next().unwrap_or(word);
        let is_key = bare.len() >= RANDOM_CHARS_MIN
            && KEY_PREFIXES.iter().any(|prefix| bare.starts_with(prefix));
        if is_credential || is_key {
            cleaned.push_str(REMOVED);
        } else {
            cleaned.push_str(word);
        }
        cleaned.push_str(end);
        if !word.is_empty() {
            scheme = match word
                .rsplit([':', '='])
                .next()
                .unwrap_or(word)
                .to_ascii_lowercase()
                .as_str()
            {
                "bearer" => Some("bearer"),
                "basic" => Some("basic"),
                _ => None,
            };
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn bundle_removes_secrets_from_json() {
        let cleaned = json(&json!({
            "port": 5115,
            "token": "t0",
            "nested": { "password": ["p0", { "x": 1 }], "enabled_token": null },
            "api_key_file": "keys/api_key", "token_env": "MY_TOKEN",
            "key_file": "0123456789abcdef0123456789abcdef",
            "columns": [{ "key": "agent" }, { "key": "k0123456789abcdefg" }],
            "headers": [["X-Api-Key", "h0"], ["Accept", "a"]],
            "argv": ["run", "--password", "x", "--pin", 7, "--verbose", "a token is missing", "y"],
            "words": ["--mnemonic", "a", "b"],
            "seed": "0x00",
            "more": { "name": "Cookie", "value": "c0" },
            "url": "https://me:pw0@host:1/v1/T01234567890ABCDEFG/x?sig=q0#f",
        }));
        assert_eq!(
            cleaned,
            json!({
                "port": 5115,
                "token": "[removed]",
                "nested": { "password": ["[removed]", { "x": "[removed]" }], "enabled_token": null },
                "api_key_file": "keys/api_key", "token_env": "MY_TOKEN",
                "key_file": "[removed]",
                "columns": [{ "key": "agent" }, { "key": "[removed]" }],
                "headers": [["X-Api-Key", "[removed]"], ["Accept", "a"]],
                "argv": [
                    "run", "--password", "[removed]", "--pin", "[removed]", "--verbose", "a token is missing", "y",
                ],
                "words": ["--mnemonic", "[removed]", "[removed]"],
                "seed": "[removed]",
                "more": { "name": "Cookie", "value": "[removed]" },
                "url": "https://[removed]@host:1/v1/[removed]/x?[removed]",
            })
        );
    }

    #[test]
    fn bundle_removes_secrets_from_texts() {
        for (text, expected) in [
            ("all is well: 3 jobs", "all is well: 3 jobs"),
            ("time 12:30:45 x=1", "time 12:30:45 x=1"),
            ("password=hunter2, user=me", "password=[removed], user=me"),
            ("api-key: abc; next", "api-key: [removed]; next"),
            (r#"{"token":"abc","n":1}"#, r#"{"token":"[removed]","n":1}"#),
            (
                r#"payload \"secret\": \"abc\" x"#,
                r#"payload \"secret\": \"[removed]\" x"#,
            ),
            (
                "Authorization: Token abc def\nnext",
                "Authorization: [removed]\nnext",
            ),
            (
                "sent with Bearer abcd now",
                "sent with Bearer [removed] now",
            ),
            ("Basic dXNlcjpwdw== ok", "Basic [removed] ok"),
            ("a basic check", "a basic check"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.e30.x ok", "jwt [removed] ok"),
            (
                "GET http://a:b@c/d?e=f, then",
                "GET http://[removed]@c/d?[removed], then",
            ),
            (
                "x -----BEGIN PRIVATE KEY-----\nab\n-----END PRIVATE KEY----- y",
                "x [removed] y",
            ),
            ("-----BEGIN X", "[removed]"),
            (
                "m{token=\"abc\",le=\"1\"} 3",
                "m{token=\"[removed]\",le=\"1\"} 3",
            ),
            ("ünïcödé: pässword=ä", "ünïcödé: pässword=ä"),
        ] {
            assert_eq!(self::text(text), expected);
        }
    }

    proptest! {
        #[test]
        fn bundle_removes_a_named_secret_from_any_text(
            before in "[^\\n]{0,40}",
            name in "(api_key|password|X-Auth-Token|secretSeed)",
            sign in "(=|: |\": \")",
            secret in "[a-z0-9]{6,20}",
            after in "\\PC{0,40}",
        ) {
            let line = format!("{before} {name}{sign}{secret}, {after}");
            let cleaned = self::text(&line);
            let found = format!("{name}{sign}{secret}");
            prop_assert!(!cleaned.contains(&found), "{cleaned}");
        }

        #[test]
        fn bundle_leaves_what_is_clean(
            text in "(password|--api-key|mnemonic|seed|[a-z]{1,3}|[\"'=:, /\\\\\\[\n]){0,24}",
        ) {
            let cleaned = self::text(&text);
            prop_assert_eq!(self::text(&cleaned), cleaned);
        }

        #[test]
        fn bundle_keeps_any_text_readable(text in ".{0,200}") {
            let cleaned = self::text(&text);
            // What is clean stays as it is.
            prop_assert_eq!(self::text(&cleaned), cleaned);
        }
    }
}
