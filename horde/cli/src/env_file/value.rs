//! The value of an entry: bare, in single quotes (as it stands) or in double quotes (with escapes).

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ValueFault {
    /// The quote at its beginning has no partner.
    #[error("has no closing quote; add it at the end of the line")]
    Open,
    /// Something follows the closing quote.
    #[error("has text after its closing quote; put all of it into the quotes")]
    Rest,
}

/// Reads what follows the `=`.
///
/// # Errors
///
/// See [`ValueFault`].
pub(super) fn parse(text: &str) -> Result<String, ValueFault> {
    let text = text.trim();
    let quoted = text.strip_prefix(['\'', '"']);
    let Some(inner) = quoted else {
        return Ok(bare(text).to_owned());
    };
    let (value, rest) = if text.starts_with('\'') {
        let (value, rest) = inner.split_once('\'').ok_or(ValueFault::Open)?;
        (value.to_owned(), rest)
    } else {
        escaped(inner).ok_or(ValueFault::Open)?
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(value)
    } else {
        Err(ValueFault::Rest)
    }
}

/// A bare value ends at a `#` that follows white space.
fn bare(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    let comment = text.match_indices('#').find(|(index, _)| {
        let before = text[..*index].chars().next_back();
        before.is_some_and(char::is_whitespace)
    });
    let value = comment.map_or(text, |(index, _)| &text[..index]);
    value.trim_end()
}

/// A text up to its closing double quote, and what follows; `None` if there is none.
fn escaped(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_of_a_bare_value_needs_white_space() {
        assert_eq!(parse(" a#b # c").unwrap(), "a#b");
        assert_eq!(parse("# c").unwrap(), "");
        assert_eq!(parse("é # c").unwrap(), "é");
    }

    #[test]
    fn quotes_keep_white_space_and_signs() {
        assert_eq!(parse("' a # b '").unwrap(), " a # b ");
        assert_eq!(parse(r#""\\ \$ \x""#).unwrap(), r"\ $ \x");
        assert_eq!(parse("''").unwrap(), "");
        assert_eq!(parse(r#""a\"#), Err(ValueFault::Open));
        assert_eq!(parse("'a'b"), Err(ValueFault::Rest));
    }
}
