//! The lines of `.env` that the validator reads: written to the file, or printed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tig_process::text_file::{self, TextError};
use tig_process::{output, whole_file};

use super::step::Outcome;
use crate::env_file::LineFault;
use crate::env_file::edit::{self, Edited};
use crate::environment::{FILE_BYTES_MAX, FILE_NAME};
use crate::s3::account::SECRET;

/// Only its owner may read the file: it holds secrets.
const MODE: u32 = 0o600;

/// Where the lines go.
pub(crate) enum EnvLines {
    /// Into the file of this folder.
    File(PathBuf),
    /// To standard output, as JSON or as lines.
    Print {
        /// As one object of JSON.
        as_json: bool,
    },
}

/// Why the file cannot be changed.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{0}")]
    Read(#[from] TextError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; also: "))]
    Faults(Vec<LineFault>),
    #[error("{0}")]
    Write(#[from] io::Error),
}

impl EnvLines {
    /// Adds lines; those that have another value already stay. With `dry_run` nothing is changed.
    pub(super) fn add(&self, entries: &[(&str, &str)], dry_run: bool) -> Outcome {
        let folder = match self {
            Self::File(folder) => folder,
            Self::Print { .. } if dry_run => return Outcome::planned("print them"),
            Self::Print { as_json } => {
                print(entries, *as_json);
                return Outcome::done("printed");
            }
        };
        let edited = match add_to_file(folder, entries, dry_run) {
            Ok(edited) => edited,
            Err(error) => {
                return Outcome::refused(
                    format!(
                        "{} is not changed: {error}",
                        folder.join(FILE_NAME).display()
                    ),
                    "correct that, or give --print to see the lines",
                );
            }
        };
        let added = edited.added.join(", ");
        if let [first, ..] = &edited.kept[..] {
            let is_kept = |key: &str| key != SECRET && edited.kept.iter().any(|it| it == key);
            let values = entries.iter().filter(|(key, _)| is_kept(key));
            let lines: Vec<String> = values
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            return Outcome::refused(
                format!(
                    "{} has another {first}, which stays",
                    folder.join(FILE_NAME).display()
                ),
                format!("change it by hand if it is not meant: {}", lines.join(" ")),
            );
        }
        match (added.is_empty(), dry_run) {
            (true, _) => Outcome::was_there(""),
            (false, true) => Outcome::planned(added),
            (false, false) => Outcome::done(added),
        }
    }
}

fn add_to_file(
    folder: &Path,
    entries: &[(&str, &str)],
    dry_run: bool,
) -> Result<Edited, FileError> {
    let path = folder.join(FILE_NAME);
    // A link stays one: the file behind it is replaced.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let text = match text_file::read(&path, FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(TextError::Read(error)) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    let edited = edit::add(&text, entries).map_err(FileError::Faults)?;
    if !dry_run && !edited.added.is_empty() {
        whole_file::write(&path, edited.text.as_bytes(), MODE)?;
    }
    Ok(edited)
}

fn print(entries: &[(&str, &str)], as_json: bool) {
    if as_json {
        let pair = |&(key, value): &(&str, &str)| (key.to_owned(), value.into());
        let entries: serde_json::Map<_, _> = entries.iter().map(pair).collect();
        output::line(&serde_json::json!({ "env": entries }).to_string());
        return;
    }
    // The text is one that is read again as it was given.
    let lines = edit::add("", entries).map(|edited| edited.text);
    output::line(lines.unwrap_or_default().trim_end());
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn file_behind_a_link_is_made_private() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("validator.env");
        fs::write(&target, "# mine\nA=1\n").unwrap();
        symlink(&target, folder.path().join(FILE_NAME)).unwrap();
        let lines = EnvLines::File(folder.path().to_owned());
        assert_eq!(lines.add(&[("B", "2")], true), Outcome::planned("B"));
        assert_eq!(fs::read_to_string(&target).unwrap(), "# mine\nA=1\n");
        assert_eq!(lines.add(&[("B", "2")], false), Outcome::done("B"));
        assert_eq!(fs::read_to_string(&target).unwrap(), "# mine\nA=1\nB=2\n");
        assert_eq!(
            fs::metadata(&target).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(lines.add(&[("B", "2")], false), Outcome::was_there(""));
    }

    #[test]
    fn value_of_the_operator_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), "B=mine\n").unwrap();
        let lines = EnvLines::File(folder.path().to_owned());
        let outcome = lines.add(&[("B", "2"), ("C", "3")], false);
        assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
        let text = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(text, "B=mine\nC=3\n");
    }

    #[test]
    fn faulty_file_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), "B\n").unwrap();
        let lines = EnvLines::File(folder.path().to_owned());
        let outcome = lines.add(&[("C", "3")], false);
        assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
        assert_eq!(
            fs::read_to_string(folder.path().join(FILE_NAME)).unwrap(),
            "B\n"
        );
    }
}
