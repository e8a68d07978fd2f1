//! Slips that other formats and word processors allow, and JSON does not.

use crate::place::Place;

/// A slip that is known by its characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Slip {
    /// `//`, `/*` or `#`.
    #[error("JSON has no comments; remove this one")]
    Comment,
    /// `,}` or `,]`.
    #[error("no comma may stand before the closing bracket; remove it")]
    TrailingComma,
    /// `'`.
    #[error("JSON has double quotes only; write \" for '")]
    SingleQuote,
    /// As word processors make of `"`.
    #[error("this is a typographic quote; write \" for it")]
    TypographicQuote,
    /// `True`, `False` and `None`, as Python writes them.
    #[error("JSON writes true, false and null, in small letters")]
    PythonWord,
}

/// The slip that has led to `error`: the first of `text`, unless the parser stopped before it.
pub(super) fn find(text: &str, error: &serde_json::Error) -> Option<(Slip, Place)> {
    let (offset, slip) = first(text)?;
    let place = Place::behind(&text[..offset]);
    (place.line <= error.line()).then_some((slip, place))
}

/// Looks outside of strings only.
fn first(text: &str) -> Option<(usize, Slip)> {
    let mut is_in_string = false;
    let mut is_escaped = false;
    for (offset, character) in text.char_indices() {
        if is_in_string {
            is_in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
        } else if character == '"' {
            is_in_string = true;
        } else if let Some(slip) = slip_at(&text[offset..]) {
            return Some((offset, slip));
        }
    }
    None
}

fn slip_at(rest: &str) -> Option<Slip> {
    let closes = |rest: &str| rest.trim_start().starts_with(['}', ']']);
    let is_python = |word: &&str| rest.starts_with(*word);
    match rest.chars().next()? {
        '/' | '#' => Some(Slip::Comment),
        ',' if closes(&rest[1..]) => Some(Slip::TrailingComma),
        '\'' => Some(Slip::SingleQuote),
        '\u{2018}'..='\u{201f}' => Some(Slip::TypographicQuote),
        _ if ["True", "False", "None"].iter().any(is_python) => Some(Slip::PythonWord),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::{JsonError, parse};

    #[test]
    fn each_slip_is_known_by_its_characters() {
        for (text, expected) in [
            ("[1] # one", Slip::Comment),
            ("{\"a\": [1,]}", Slip::TrailingComma),
            ("['a']", Slip::SingleQuote),
            ("[\u{201e}a\u{201d}]", Slip::TypographicQuote),
            ("{\"a\": None}", Slip::PythonWord),
        ] {
            let error = parse(text).unwrap_err();
            let found = matches!(error, JsonError::Slip { slip, .. } if slip == expected);
            assert!(found, "{text}: {error:?}");
        }
    }

    #[test]
    fn slips_are_named_with_their_place() {
        for (text, expected) in [
            (
                "{\n  // port\n}",
                "no comments; remove this one (line 2, column 3)",
            ),
            ("{\"a\": \"//\", /* b */ \"c\": 1}", "(line 1, column 13)"),
            (
                "# first\n{}",
                "no comments; remove this one (line 1, column 1)",
            ),
            ("{\"a\": 1} // last", "(line 1, column 10)"),
            (
                "{\"a\": [1,\n 2,\n]}",
                "before the closing bracket; remove it (line 2, column 3)",
            ),
            (
                "{'a': 1}",
                "double quotes only; write \" for ' (line 1, column 2)",
            ),
            (
                "{\u{201c}a\u{201d}: 1}",
                "typographic quote; write \" for it (line 1, column 2)",
            ),
            ("{\"a\\\"#\": True}", "small letters (line 1, column 10)"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_comma_behind_the_fault_is_not_blamed() {
        let error = parse("{\"a\": 1 2\n, \"b\": [1,]}")
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 1 column 9"), "{error}");
    }
}
