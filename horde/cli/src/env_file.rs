//! `.env` files: one `KEY=VALUE` a line, as Docker and the earlier validator read them, without substitution of variables.
//!
//! Every fault is reported with its line. A value is in no fault: it may be a secret.

pub(crate) mod edit;
mod value;

use self::value::ValueFault;

/// A key and its value.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// The value, without quotes.
    pub(crate) value: String,
    /// Where it stands, from 1.
    pub(crate) line: usize,
}

/// Why a line of the file is not an entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum LineFault {
    /// No `=`.
    #[error("line {line} has no `=`; write KEY=VALUE, or `#` in front of a comment")]
    NoValue {
        /// The line, from 1.
        line: usize,
    },
    /// A key with other characters.
    #[error("line {line} has a key that is not of A-Z, a-z, 0-9 and _; write KEY=VALUE")]
    Key {
        /// The line, from 1.
        line: usize,
    },
    /// A value that cannot be read.
    #[error("the value of {key} in line {line} {fault}")]
    Value {
        /// The key.
        key: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: ValueFault,
    },
    /// Two values for a key.
    #[error("{key} has another value in line {line} than in line {first}; remove one of them")]
    Twice {
        /// The key.
        key: String,
        /// The earlier line, from 1.
        first: usize,
        /// The later line, from 1.
        line: usize,
    },
}

/// Reads the entries of a file; the line ends may be those of Windows.
///
/// # Errors
///
/// All faults of the file.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, Vec<LineFault>> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match parse_line(line, index + 1) {
            Ok(None) => {}
            Ok(Some(entry)) => {
                let earlier = entries.iter().find(|earlier| earlier.key == entry.key);
                match earlier {
                    Some(earlier) if earlier.value != entry.value => {
                        faults.push(LineFault::Twice {
                            key: entry.key,
                            first: earlier.line,
                            line: entry.line,
                        });
                    }
                    Some(_) => {}
                    None => entries.push(entry),
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(entries)
    } else {
        Err(faults)
    }
}

fn parse_line(text: &str, line: usize) -> Result<Option<Entry>, LineFault> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let text = match text.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => text,
    };
    let Some((key, value)) = text.split_once('=') else {
        return Err(LineFault::NoValue { line });
    };
    let key = key.trim_end();
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if key.is_empty() || !key.chars().all(is_legal) || key.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(LineFault::Key { line });
    }
    let value = value::parse(value).map_err(|fault| LineFault::Value {
        key: key.to_owned(),
        line,
        fault,
    })?;
    Ok(Some(Entry {
        key: key.to_owned(),
        value,
        line,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let entries = parse(text).unwrap_or_else(|faults| panic!("{faults:?}"));
        let pair = |entry: Entry| (entry.key, entry.value);
        entries.into_iter().map(pair).collect()
    }

    fn fault(text: &str) -> String {
        match parse(text) {
            Err(faults) if faults.len() == 1 => faults[0].to_string(),
            Err(faults) => panic!("expected one fault: {faults:?}"),
            Ok(_) => panic!("expected a fault"),
        }
    }

    #[test]
    fn lines_of_the_usual_forms_are_read() {
        let text = "# comment\r\n\r\nA=1\r\nexport B = two words \nC='#1 $X' # why\nD=\"a\\\"b\\n\"\nE=\nF=a#b\nA=1\n";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "#1 $X"),
            ("D", "a\"b\n"),
            ("E", ""),
            ("F", "a#b"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(pairs(text), expected);
    }

    #[test]
    fn faults_name_the_line_and_no_value() {
        let text = fault("A=1\nsecret");
        assert!(text.starts_with("line 2 has no `=`"), "{text}");
        let text = fault("my-key=secret");
        assert!(text.starts_with("line 1 has a key"), "{text}");
        let text = fault("A=1\nB='secret");
        assert_eq!(
            text,
            "the value of B in line 2 has no closing quote; add it at the end of the line"
        );
        let text = fault("A='b' secret");
        assert!(text.contains("has text after its closing quote"), "{text}");
        let text = fault("A=secret\n\nA=other");
        assert_eq!(
            text,
            "A has another value in line 3 than in line 1; remove one of them"
        );
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let faults = parse("a\nB=1\n=c").err().unwrap();
        assert_eq!(
            faults,
            [LineFault::NoValue { line: 1 }, LineFault::Key { line: 3 }]
        );
    }
}
