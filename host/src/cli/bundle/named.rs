//! Removes values that stand behind the name of a secret in a line: `name=value`, `--name value`. Pure.
//!
//! Invariant: a line that is clean stays as it is.

use crate::secrets::names::{REMOVED, is_secret_name, looks_random, squashed};

/// Names whose value is all that follows on the line.
const WHOLE_LINE_NAMES: [&str; 5] = ["authorization", "cookie", "mnemonic", "phrase", "suri"];

/// Whether a text is a single name: `--api-key`, `X-Api-Key`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}

/// Whether the value of `name` may have several words.
pub(super) fn is_whole_line(name: &str) -> bool {
    let squashed = squashed(name);
    WHOLE_LINE_NAMES.iter().any(|name| squashed.contains(name))
}

/// Whether a character may be in a name.
fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == '-'
}

fn is_quote(char: char) -> bool {
    char == '"' || char == '\''
}

/// Values of `--name value`, `name "value"` and `"name", "value"` with the name of a secret.
///
/// Of a name without `-` and `_` only a value in quotes is removed: `the token is missing` is a sentence.
pub(super) fn arguments(line: &str) -> String {
    let (mut rest, mut cleaned) = (line, String::new());
    // The character before `rest`.
    let mut before = ' ';
    while let Some(begin) = rest.find(is_name_char) {
        let (other, after) = rest.split_at(begin);
        cleaned.push_str(other);
        before = other.chars().next_back().unwrap_or(before);
        let end = after.find(|char| !is_name_char(char));
        let (name, after) = after.split_at(end.unwrap_or(after.len()));
        cleaned.push_str(name);
        rest = after;
        // The last part of a path names a file or a config key.
        let is_part = matches!(before, '/' | '.');
        before = name.chars().next_back().unwrap_or(before);
        if !is_part && is_secret_name(name) {
            rest = remove_argument(name, rest, &mut cleaned);
        }
    }
    cleaned + rest
}

/// Passes what stands before the value of `name` to `cleaned`, and removes the value; returns what follows.
fn remove_argument<'a>(name: &str, rest: &'a str, cleaned: &mut String) -> &'a str {
    let value = rest.trim_start_matches([' ', '\t', '"', '\'', '\\', ',']);
    let gap = &rest[..rest.len() - value.len()];
    let is_list = gap.contains(',');
    let is_value = if gap.ends_with(is_quote) {
        let is_apart = gap.contains([' ', '\t']) || is_list;
        // A comma parts two texts of a list, or two parts of a sentence.
        is_apart && (!is_list || gap.starts_with(['"', '\'', '\\']))
    } else {
        let is_blank = !gap.is_empty() && gap.trim().is_empty();
        is_blank && name.contains(['-', '_'])
    };
    // `=` and `:` are those of an assignment.
    if !is_value || value.is_empty() || value.starts_with(['=', ':', '[', '\n', '\r']) {
        return rest;
    }
    let end = quoted_end(gap, value).unwrap_or_else(|| argument_end(name, value));
    cleaned.push_str(gap);
    cleaned.push_str(REMOVED);
    let (removed, after) = value.split_at(end);
    // `--password --api-key V`: either of both may be what it looks like.
    if is_name(removed) && is_secret_name(removed) {
        return remove_argument(removed, after, cleaned);
    }
    after
}

fn argument_end(name: &str, value: &str) -> usize {
    let ends = |char: char| match is_whole_line(name) {
        true => is_quote(char) || "\n\r".contains(char),
        false => is_quote(char) || char.is_whitespace(),
    };
    value.find(ends).unwrap_or(value.len())
}

/// Where a value ends that follows a quote at the end of `gap`; `None` if it follows none.
fn quoted_end(gap: &str, value: &str) -> Option<usize> {
    let quote = gap.chars().next_back().filter(|char| is_quote(*char))?;
    let before = gap.strip_suffix(quote).unwrap_or(gap);
    // The quotes of an empty value.
    if before.trim_end_matches('\\').ends_with(quote) {
        return None;
    }
    let line_end = value.find(['\n', '\r']).unwrap_or(value.len());
    if before.ends_with('\\') {
        // A text within a text: its end is escaped as its begin is.
        let end = value.find(&format!("\\{quote}"));
        return Some(end.unwrap_or(line_end).min(line_end));
    }
    let mut is_escaped = false;
    for (at, char) in value[..line_end].char_indices() {
        if char == quote && !is_escaped {
            return Some(at);
        }
        is_escaped = char == '\\' && !is_escaped;
    }
    Some(line_end)
}

/// Values of `name=value`, `name: value` and `"name": "value"` with the name of a secret.
pub(super) fn assignments(line: &str) -> String {
    let (mut rest, mut cleaned) = (line, String::new());
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at);
        let (sign, value) = after.split_at(1);
        let name = before.trim_end_matches(['"', '\'', ' ', '\\']);
        let begin = name.rfind(|char| !is_name_char(char)).map_or(0, |at| {
            at + name[at..].chars().next().map_or(1, char::len_utf8)
        });
        let name = &name[begin..];
        cleaned.push_str(before);
        cleaned.push_str(sign);
        rest = value;
        let indent = value.len()
            - value
                .trim_start_matches([' ', '"', '\'', '\\', '\t', '>'])
                .len();
        let (indent, value) = value.split_at(indent);
        let is_secret = is_secret_name(name);
        if value.starts_with(REMOVED) || (value.starts_with("//") && !is_secret) {
            continue;
        }
        let end = quoted_end(indent, value).unwrap_or_else(|| value_end(name, value));
        let found = &value[..end];
        let is_key = squashed(name) == "key" && looks_random(found);
        if !found.is_empty() && (is_secret || is_key) {
            cleaned.push_str(indent);
            cleaned.push_str(REMOVED);
            rest = &value[end..];
        }
    }
    cleaned + rest
}

/// Where the value of `name` ends that stands in no quotes.
fn value_end(name: &str, value: &str) -> usize {
    let ends = |char: char| match is_whole_line(name) {
        true => "\"'\n\r".contains(char),
        false => char.is_whitespace() || "\"',;&)}]\\".contains(char),
    };
    value.find(ends).unwrap_or(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        assignments(&arguments(text))
    }

    #[test]
    fn bundle_removes_arguments_of_secrets() {
        for (text, expected) in [
            ("run --password hunter2 -v", "run --password [removed] -v"),
            ("--api-key V\n", "--api-key [removed]\n"),
            ("-H X-Api-Key V", "-H X-Api-Key [removed]"),
            ("TIG_API_KEY V", "TIG_API_KEY [removed]"),
            (
                "--password --api-key V x",
                "--password [removed] [removed] x",
            ),
            ("password \"two words\" x", "password \"[removed]\" x"),
            ("--password 'it \"is' x", "--password '[removed]' x"),
            (
                r#"["run", "--password", "x y"]"#,
                r#"["run", "--password", "[removed]"]"#,
            ),
            (
                r#"\"--password\",\"x\",\"y\""#,
                r#"\"--password\",\"[removed]\",\"y\""#,
            ),
            ("--mnemonic a b c", "--mnemonic [removed]"),
            ("the token is missing", "the token is missing"),
            ("keys/api_key is missing", "keys/api_key is missing"),
            (
                "set `operator.token_file` in it",
                "set `operator.token_file` in it",
            ),
            ("no api_key, none", "no api_key, none"),
        ] {
            assert_eq!(cleaned(text), expected);
            assert_eq!(cleaned(expected), expected, "clean stays clean");
        }
    }

    #[test]
    fn bundle_removes_whole_assigned_values() {
        for (text, expected) in [
            ("mnemonic: a b c\nnext", "mnemonic: [removed]\nnext"),
            ("seed phrase: a b c", "seed phrase: [removed]"),
            ("seed: 0x0123 x", "seed: [removed] x"),
            ("suri=//Alice//hard", "suri=[removed]"),
            ("api_key = V", "api_key = [removed]"),
            ("api_key => V", "api_key => [removed]"),
            ("password=\"two words\" x", "password=\"[removed]\" x"),
            (r#"password="a\" b" x"#, r#"password="[removed]" x"#),
            (r#"\"secret\": \"a b\" x"#, r#"\"secret\": \"[removed]\" x"#),
            ("password=\"\", user=\"me\"", "password=\"\", user=\"me\""),
        ] {
            assert_eq!(cleaned(text), expected);
            assert_eq!(cleaned(expected), expected, "clean stays clean");
        }
    }
}
