//! The host's config file beside what `.env` says: whether it is still the one that was written from it, and whether a person has
//! edited it since. The sum of what was written lies beside it.

use std::io;
use std::path::{Path, PathBuf};

use horde_s3::payload_sha256;
use serde_json::Value;
use tig_process::text_file::{self, TextError};
use tig_process::{json_text, whole_file};

/// The longest config that is read: the host reads no longer one.
const CONFIG_BYTES_MAX: u64 = 16 << 20;
/// Key of the object that names a file with the value.
const FILE_KEY: &str = "$file";
/// The longest such file that is read: the host reads no longer one.
const SECTION_FILE_BYTES_MAX: u64 = 1 << 20;
/// Ending of the file with the sum.
const SUM_SUFFIX: &str = "sum";
/// A sum has 64 digits and an end of line.
const SUM_BYTES_MAX: u64 = 1 << 10;
/// Differences that are shown.
const DIFFERENCES_COUNT_MAX: usize = 10;
/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 80;
/// Everybody may read both: they hold no secret.
const MODE: u32 = 0o644;

/// What a config file is to the variables.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// It is not there.
    Missing,
    /// It is as the variables say.
    Current {
        /// It is the very text that is written for them, without its sum, as after a full disk or a power cut between the two.
        lacks_sum: bool,
    },
    /// It was written from other variables, by another version or for another folder, and nobody has edited it since.
    Outdated(Vec<String>),
    /// It is another one than the variables say, and not the one that was written: the differences.
    Edited(Vec<String>),
}

/// The text of the config at `path`, if there is one. Reading ends, whatever lies there.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn read(path: &Path) -> Result<Option<String>, TextError> {
    match text_file::read(path, CONFIG_BYTES_MAX) {
        Ok(text) => Ok(Some(text)),
        Err(TextError::Read(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The config at `path`; null if there is none that can be read.
pub(crate) fn value(path: &Path) -> Value {
    let text = read(path).ok().flatten().unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// A setting of an extension in the config at `path`; null if it states none. `None` if it is in a file that the config names and that
/// cannot be read.
pub(crate) fn setting(path: &Path, section: &str, key: &str) -> Option<Value> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let config = value(path);
    let section = resolve(&config["config"][section], folder)?;
    resolve(&section[key], folder)
}

/// The value itself, or what is in the file that it names: the host puts it in the place of the name.
fn resolve(value: &Value, folder: &Path) -> Option<Value> {
    let Some(file) = value.get(FILE_KEY) else {
        return Some(value.clone());
    };
    // A relative path starts from the config's folder.
    let text = text_file::read(&folder.join(file.as_str()?), SECTION_FILE_BYTES_MAX).ok()?;
    json_text::parse(&text).ok()
}

/// Compares the file at `path` with the text that the variables give.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn state(path: &Path, wanted: &str) -> Result<State, TextError> {
    let Some(found) = read(path)? else {
        return Ok(State::Missing);
    };
    let has_sum = written_sum(path) == payload_sha256(found.as_bytes());
    let wanted_value: Value = serde_json::from_str(wanted).unwrap_or_default();
    let mut differences = Vec::new();
    match serde_json::from_str(&found) {
        Ok(is) => compare("", &is, &wanted_value, &mut differences),
        Err(_) => differences.push("it is not JSON".to_owned()),
    }
    Ok(match has_sum {
        _ if differences.is_empty() => State::Current {
            // White space is an edit: the text is a person's then, and gets no sum.
            lacks_sum: !has_sum && found == wanted,
        },
        true => State::Outdated(differences),
        false => State::Edited(differences),
    })
}

/// Writes the file, and the sum with which [`state`] knows it again.
///
/// # Errors
///
/// The system's reason.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    whole_file::write(path, text.as_bytes(), MODE)?;
    // If this is not reached, the file counts as edited once other variables give another one: it is not replaced without a word.
    write_sum(path, text)
}

/// Writes the sum of a file that is `text`.
///
/// # Errors
///
/// The system's reason.
pub(crate) fn write_sum(path: &Path, text: &str) -> io::Result<()> {
    let sum = payload_sha256(text.as_bytes()) + "\n";
    whole_file::write(&sum_path(path), sum.as_bytes(), MODE)
}

/// The sum beside the file; empty if there is none.
fn written_sum(path: &Path) -> String {
    let sum = text_file::read(&sum_path(path), SUM_BYTES_MAX).unwrap_or_default();
    sum.trim().to_owned()
}

/// Whether the config of a host lets miners have addresses of this machine and of private networks.
pub(crate) fn allows_private(path: &Path) -> bool {
    setting(path, "horde_miners", "allow_private") == Some(Value::Bool(true))
}

/// `.config.json.sum` for `config.json`.
fn sum_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{SUM_SUFFIX}"))
}

/// Adds where `is` differs from `wanted`, in words.
fn compare(place: &str, is: &Value, wanted: &Value, differences: &mut Vec<String>) {
    if is == wanted || differences.len() >= DIFFERENCES_COUNT_MAX {
        return;
    }
    let (Value::Object(has), Value::Object(wants)) = (is, wanted) else {
        let place = if place.is_empty() { "all of it" } else { place };
        let text = format!("{place} is {}; .env gives {}", shown(is), shown(wanted));
        differences.push(text);
        return;
    };
    let keys = has
        .keys()
        .chain(wants.keys().filter(|key| !has.contains_key(*key)));
    for key in keys {
        let place = match place {
            "" => key.clone(),
            place => format!("{place}.{key}"),
        };
        let null = Value::Null;
        let [is, wanted] = [has, wants].map(|values| values.get(key).unwrap_or(&null));
        compare(&place, is, wanted, differences);
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        value => value.to_string(),
    };
    // Anywhere in it: a section that one side has not is shown whole, and a URL in it may hold a password.
    if text.contains('@') {
        return "(a text with @)".to_owned();
    }
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const OLD: &str = r#"{"port": 1, "config": {"a": {"b": [1], "c": 2}}}"#;
    const NEW: &str = r#"{"port": 1, "config": {"a": {"b": [1, 2]}}}"#;

    const SUMMED: State = State::Current { lacks_sum: false };

    #[test]
    fn file_that_was_written_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        assert_eq!(state(&path, NEW).unwrap(), State::Missing);
        write(&path, OLD).unwrap();
        assert_eq!(state(&path, OLD).unwrap(), SUMMED);
        let differences = vec![
            "config.a.b is [1]; .env gives [1,2]".to_owned(),
            "config.a.c is 2; .env gives nothing".to_owned(),
        ];
        assert_eq!(
            state(&path, NEW).unwrap(),
            State::Outdated(differences.clone())
        );
        // White space is an edit, too, but makes no difference.
        fs::write(&path, format!("{OLD} ")).unwrap();
        assert_eq!(state(&path, OLD).unwrap(), SUMMED);
        assert_eq!(state(&path, NEW).unwrap(), State::Edited(differences));
    }

    #[test]
    fn written_text_without_its_sum_lacks_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        for sum in [None, Some("of another file")] {
            write(&path, OLD).unwrap();
            match sum {
                None => fs::remove_file(sum_path(&path)).unwrap(),
                Some(sum) => fs::write(sum_path(&path), sum).unwrap(),
            }
            let differs = state(&path, NEW).unwrap();
            assert!(matches!(differs, State::Edited(_)), "{differs:?}");
            assert_eq!(
                state(&path, OLD).unwrap(),
                State::Current { lacks_sum: true }
            );
            // One that a person has edited is not taken for it.
            fs::write(&path, format!("{OLD} ")).unwrap();
            assert_eq!(state(&path, OLD).unwrap(), SUMMED);
        }
    }

    #[test]
    fn text_with_a_password_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, r#"{"a": {"url": "http://user:s3cret@pylon"}}"#).unwrap();
        for wanted in [r#"{"a": {"url": "http://pylon"}}"#, "{}"] {
            let state = state(&path, wanted).unwrap();
            let State::Edited(differences) = state else {
                panic!("{state:?}")
            };
            assert!(
                differences[0].contains("is (a text with @)"),
                "{differences:?}"
            );
            assert!(!differences[0].contains("s3cret"), "{differences:?}");
        }
    }

    #[test]
    fn file_without_a_sum_counts_as_edited() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, "not JSON").unwrap();
        let differences = vec!["it is not JSON".to_owned()];
        assert_eq!(state(&path, NEW).unwrap(), State::Edited(differences));
    }

    /// Nothing writes into the FIFO, so a plain read would not end.
    #[test]
    fn fifo_or_long_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let error = state(&path, NEW).unwrap_err();
        assert!(matches!(error, TextError::NotAFile(_)), "{error}");
        assert!(!allows_private(&path));
        fs::remove_file(&path).unwrap();
        let sparse = fs::File::create(&path).unwrap();
        sparse.set_len(CONFIG_BYTES_MAX + 1).unwrap();
        let error = state(&path, NEW).unwrap_err();
        assert!(matches!(error, TextError::TooLong { .. }), "{error}");
    }

    #[test]
    fn addresses_of_a_config_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        assert!(!allows_private(&path));
        fs::write(
            &path,
            r#"{"config": {"horde_miners": {"allow_private": true}}}"#,
        )
        .unwrap();
        assert!(allows_private(&path));
    }

    #[test]
    fn setting_in_a_named_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let path = write("config.json", r#"{"config": {"a": {"$file": "a.json"}}}"#);
        assert_eq!(setting(&path, "a", "x"), None, "the file is missing");
        write("a.json", r#"{"x": 1}"#);
        assert_eq!(setting(&path, "a", "x"), Some(1.into()));
        assert_eq!(setting(&path, "a", "y"), Some(Value::Null));
        write(
            "config.json",
            r#"{"config": {"a": {"x": {"$file": "x.json"}}}}"#,
        );
        write("x.json", "2");
        assert_eq!(setting(&path, "a", "x"), Some(2.into()));
        assert_eq!(setting(&path, "b", "x"), Some(Value::Null));
    }
}
