//! Entries that are added to the text of a `.env` file, whose other lines stay as they are.

use super::{Entry, LineFault, parse};

/// What became of the entries that were to be added.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Edited {
    /// The text with them.
    pub(crate) text: String,
    /// Keys with another value that stay: they are the operator's.
    pub(crate) kept: Vec<String>,
    /// Keys that were added.
    pub(crate) added: Vec<String>,
}

/// Adds `entries`. A key without a value gets one where it stands; a key with another value stays.
///
/// # Errors
///
/// The faults of the text.
pub(crate) fn add(text: &str, entries: &[(&str, &str)]) -> Result<Edited, Vec<LineFault>> {
    let present = parse(text)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut edited = Edited {
        text: String::new(),
        kept: Vec::new(),
        added: Vec::new(),
    };
    for &(key, value) in entries {
        match present.iter().find(|entry| entry.key == key) {
            Some(entry) if entry.value == value => {}
            Some(entry) if !entry.value.is_empty() => edited.kept.push(key.to_owned()),
            empty => {
                let line = format!("{key}={}{end}", quoted(value));
                place(&mut lines, empty, line, end);
                edited.added.push(key.to_owned());
            }
        }
    }
    edited.text = lines.concat();
    // An empty entry may stand there twice.
    parse(&edited.text)?;
    Ok(edited)
}

/// Puts a line in the place of an entry, or else at the end.
fn place(lines: &mut Vec<String>, entry: Option<&Entry>, line: String, end: &str) {
    let former = entry.and_then(|entry| lines.get_mut(entry.line - 1));
    if let Some(former) = former {
        *former = line;
        return;
    }
    if let Some(last) = lines.last_mut()
        && !last.ends_with('\n')
    {
        last.push_str(end);
    }
    lines.push(line);
}

/// As it is read again, and by a shell: bare if it has letters, digits and some signs only.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+=@,%".contains(c);
    if value.chars().all(is_plain) {
        value.to_owned()
    } else if value.contains('\'') {
        let escaped = value.chars().flat_map(|c| {
            let backslash = ['"', '\\', '$', '`'].contains(&c).then_some('\\');
            backslash.into_iter().chain([c])
        });
        format!("\"{}\"", escaped.collect::<String>())
    } else {
        format!("'{value}'")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_lines_stay() {
        let text = "# mine\nA=1\nB=\n\nC='x' # why";
        let edited = add(text, &[("A", "2"), ("B", "b"), ("C", "x"), ("D", "d d")]).unwrap();
        assert_eq!(edited.text, "# mine\nA=1\nB=b\n\nC='x' # why\nD='d d'\n");
        assert_eq!(edited.kept, ["A"]);
        assert_eq!(edited.added, ["B", "D"]);
    }

    #[test]
    fn line_ends_of_windows_stay() {
        assert_eq!(
            add("A=1\r\n", &[("B", "2")]).unwrap().text,
            "A=1\r\nB=2\r\n"
        );
        assert_eq!(add("", &[("B", "2")]).unwrap().text, "B=2\n");
    }

    #[test]
    fn faulty_text_is_not_edited() {
        let faults = add("A", &[("B", "2")]).unwrap_err();
        assert_eq!(faults, [LineFault::NoValue { line: 1 }]);
        let faults = add("B=\nB=", &[("B", "2")]).unwrap_err();
        assert!(matches!(faults[..], [LineFault::Twice { .. }]));
    }

    proptest! {
        #[test]
        fn added_value_is_read_as_it_was_given(value in "[ -~]{1,40}") {
            let edited = add("A=1\n", &[("KEY", &value)]).unwrap();
            let entries = parse(&edited.text).ok().unwrap();
            prop_assert_eq!(&entries[1].value, &value);
            let again = add(&edited.text, &[("KEY", &value)]).unwrap();
            prop_assert_eq!(again.text, edited.text);
            prop_assert_eq!(again.added.len() + again.kept.len(), 0);
        }
    }
}
