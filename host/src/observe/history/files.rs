//! The files of the history: one that says which series has which column, and two rings.
//!
//! Invariant: a column has no value of a series before the file of the series says so.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use tig_process::whole_file;

use super::ring::{Geometry, Ring};
use super::series::{Column, SeriesTable};

/// One day.
pub(crate) const FINE: Geometry = Geometry {
    step_ms: 10_000,
    blocks: 270,
};

/// 90 days.
pub(crate) const COARSE: Geometry = Geometry {
    step_ms: 600_000,
    blocks: 405,
};

/// Format of all files together.
const FORMAT: u32 = 1;

const SERIES_FILE: &str = "series.json";

const FINE_FILE: &str = "day.ring";

const COARSE_FILE: &str = "90-days.ring";

/// Permissions of the file of the series.
const MODE: u32 = 0o600;

/// Ending of the folder that files are moved to which cannot be used.
const SET_ASIDE: &str = "set-aside";

/// The open files.
pub(super) struct Files {
    folder: PathBuf,
    pub(super) fine: Ring,
    pub(super) coarse: Ring,
}

/// The file of the series.
#[derive(Deserialize, Serialize)]
struct SeriesFile<C> {
    format: u32,
    columns: C,
}

/// Why the files in a folder cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{SERIES_FILE} is missing")]
    Missing,
    #[error("{SERIES_FILE} is damaged: {0}")]
    Damaged(String),
    #[error("they have format {0}, and this host writes format {FORMAT}")]
    Format(u64),
}

impl Files {
    /// Opens the files in `folder`; [`Self::write_series`] is to follow. Those that cannot be used are set aside; the reason is
    /// returned with where they are.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, SeriesTable, Option<String>)> {
        fs::create_dir_all(folder)?;
        let (table, note) = match read_series(folder)? {
            Ok(table) => (table, None),
            Err(reason) => (SeriesTable::default(), set_aside(folder, &reason)?),
        };
        let files = Self {
            folder: folder.to_owned(),
            fine: Ring::open(&folder.join(FINE_FILE), FINE)?,
            coarse: Ring::open(&folder.join(COARSE_FILE), COARSE)?,
        };
        Ok((files, table, note))
    }

    /// Writes which series has which column. On disk before it replaces the former file: after a power cut one of the two is
    /// there, and without either the rings mean nothing.
    pub(super) fn write_series(&self, table: &SeriesTable) -> io::Result<()> {
        let file = SeriesFile {
            format: FORMAT,
            columns: table.columns(),
        };
        let text = serde_json::to_vec(&file)?;
        whole_file::write_synced(&self.folder.join(SERIES_FILE), &text, MODE)
    }
}

fn read_series(folder: &Path) -> io::Result<Result<SeriesTable, Unusable>> {
    let text = match fs::read(folder.join(SERIES_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Err(Unusable::Missing)),
        Err(error) => return Err(error),
    };
    Ok(parse_series(&text))
}

fn parse_series(text: &[u8]) -> Result<SeriesTable, Unusable> {
    let damaged = |error: serde_json::Error| Unusable::Damaged(error.to_string());
    let file: serde_json::Value = serde_json::from_slice(text).map_err(damaged)?;
    // The number first: columns of another format may look otherwise.
    match file["format"].as_u64() {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => return Err(Unusable::Format(format)),
        None => return Err(Unusable::Damaged("no format".to_owned())),
    }
    let file: SeriesFile<Vec<Column>> = serde_json::from_value(file).map_err(damaged)?;
    let table = SeriesTable::new(file.columns);
    table.ok_or_else(|| Unusable::Damaged("its columns do not fit".to_owned()))
}

/// Moves the rings away, which mean nothing without their series, in place of those that were moved earlier. Returns what to
/// log, if there was anything to move.
fn set_aside(folder: &Path, reason: &Unusable) -> io::Result<Option<String>> {
    let files = [SERIES_FILE, FINE_FILE, COARSE_FILE];
    let present = files.map(|name| folder.join(name)).into_iter();
    let present: Vec<PathBuf> = present.filter(|path| path.exists()).collect();
    if present.is_empty() {
        return Ok(None);
    }
    let aside = folder.join(SET_ASIDE);
    fs::create_dir_all(&aside)?;
    for name in files {
        // Only the last ones are kept, so that they do not add up.
        match fs::remove_file(aside.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for path in &present {
        if let Some(name) = path.file_name() {
            fs::rename(path, aside.join(name))?;
        }
    }
    Ok(Some(format!(
        "the history begins again; its former files are in {}: {reason}",
        aside.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens the files as a recorder does, and returns what is to be logged.
    fn open(folder: &Path) -> Option<String> {
        let (files, table, note) = Files::open(folder).unwrap();
        files.write_series(&table).unwrap();
        note
    }

    #[test]
    fn rings_cover_a_day_and_90_days() {
        const DAY_MS: u64 = 24 * 3_600_000;
        assert_eq!(FINE.span_ms(), DAY_MS);
        assert_eq!(COARSE.span_ms(), 90 * DAY_MS);
    }

    #[test]
    fn files_of_another_format_are_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{\"format\":2}", "{\"format\":1,\"columns\":7}", "{", ""] {
            open(folder.path());
            fs::write(folder.path().join(SERIES_FILE), text).unwrap();
            let note = open(folder.path()).unwrap();
            assert!(note.contains("set-aside"), "{note}");
            let kept = folder.path().join(SET_ASIDE).join(SERIES_FILE);
            assert_eq!(fs::read_to_string(kept).unwrap(), text);
            assert_eq!(open(folder.path()), None);
        }
    }

    #[test]
    fn rings_without_their_series_are_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path());
        fs::remove_file(folder.path().join(SERIES_FILE)).unwrap();
        let note = open(folder.path()).unwrap();
        assert!(note.contains("is missing"), "{note}");
    }
}
