//! Reads labels as Prometheus writes them: `extension="a",kind="x"`.

use std::collections::BTreeMap;

/// Labels by name; the rest is left out if the text is damaged.
pub(super) fn parse(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once("=\"") {
        let Some((value, after)) = unquote(after) else {
            break;
        };
        labels.insert(name.to_owned(), value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    labels
}

/// The value before the closing quotation mark, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::meters::quoted;

    #[test]
    fn any_value_reads_back_as_it_was_quoted() {
        for value in ["", "a", "a\"b", "\\", "a\nb", "x=\"y\",z=\"", "é\u{1F980}"] {
            let text = format!("first={},second=\"2\"", quoted(value));
            let labels = parse(&text);
            assert_eq!(labels["first"], value);
            assert_eq!(labels["second"], "2");
        }
        assert!(parse("").is_empty());
        assert!(parse("a=\"b").is_empty());
    }
}
