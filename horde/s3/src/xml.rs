//! As much of XML as the answers of S3 and IAM need: texts of elements by name.
//!
//! Attributes, comments and nesting are passed over; an element within another of the same name does not occur there.

/// The text in the first element of this name, without the outer blanks.
///
/// ```
/// let body = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>a &lt; b</Message></Error>";
/// assert_eq!(horde_s3::xml::first(body, "Code").as_deref(), Some("NoSuchKey"));
/// assert_eq!(horde_s3::xml::first(body, "Message").as_deref(), Some("a < b"));
/// assert_eq!(horde_s3::xml::first(body, "Region"), None);
/// ```
pub fn first(body: &str, name: &str) -> Option<String> {
    elements(body, name).next().map(unescape)
}

/// The texts in all elements of this name.
pub fn all(body: &str, name: &str) -> Vec<String> {
    elements(body, name).map(unescape).collect()
}

/// What is between the tags of each element of this name, as it stands, for elements that hold others.
pub fn elements<'a>(body: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let end = format!("</{name}>");
    let mut rest = body;
    std::iter::from_fn(move || {
        loop {
            let (_, tag) = rest.split_once('<')?;
            rest = tag;
            let Some(after) = tag.strip_prefix(name) else {
                continue;
            };
            // A longer name, or a tag that closes itself, is another element or an empty one.
            let Some((attributes, content)) = after.split_once('>') else {
                continue;
            };
            let is_name = attributes.is_empty() || attributes.starts_with([' ', '\t', '\n', '\r']);
            if !is_name || attributes.ends_with('/') {
                continue;
            }
            let (content, after) = content.split_once(end.as_str())?;
            rest = after;
            return Some(content);
        }
    })
}

/// The text as it stands in an element.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML cannot carry them at all.
            '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
            // A parser would make a line feed of it.
            '\r' => escaped.push_str("&#13;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The text of an element; what is not an entity stays as it is.
fn unescape(text: &str) -> String {
    let mut rest = text.trim();
    let mut plain = String::with_capacity(rest.len());
    while let Some((before, entity)) = rest.split_once('&') {
        plain.push_str(before);
        let known = entity.split_once(';').and_then(|(name, after)| {
            let character = entity_character(name)?;
            Some((character, after))
        });
        match known {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = entity;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn entity_character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
