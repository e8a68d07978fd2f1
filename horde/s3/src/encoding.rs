//! Percent encoding by the rules of signatures: everything is encoded but letters, digits and `-._~`.

const HEX_DIGITS: [u8; 16] = *b"0123456789ABCDEF";

/// The text with each other byte as `%XX`.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 4);
    push_encoded(&mut encoded, text.as_bytes(), false);
    encoded
}

/// Appends bytes in percent encoding. In a path, slashes stay as they are.
pub(crate) fn push_encoded(encoded: &mut String, bytes: &[u8], keeps_slashes: bool) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(*byte));
            }
            b'/' if keeps_slashes => encoded.push('/'),
            _ => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.push(char::from(HEX_DIGITS[usize::from(digit)]));
                }
            }
        }
    }
}

/// What the text stands for, or `None` if a `%` has no two hexadecimal digits behind it or the result is not UTF-8.
pub fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        decoded.push(hex::decode(digits).ok()?.pop()?);
    }
    String::from_utf8(decoded).ok()
}

/// Names and values as the query of a URL, in the order of signatures. A name alone has an empty value.
pub fn query_text(pairs: &[(&str, &str)]) -> String {
    let encoded = |(name, value): &(&str, &str)| (percent_encode(name), percent_encode(value));
    sorted_query(pairs.iter().map(encoded).collect())
}

/// Encoded names and values as a query, sorted.
pub(crate) fn sorted_query(mut pairs: Vec<(String, String)>) -> String {
    pairs.sort();
    let mut query = String::new();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&name);
        query.push('=');
        query.push_str(&value);
    }
    query
}
