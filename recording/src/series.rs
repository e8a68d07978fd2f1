//! A recording as a series of files: `night.rec` is the latest, `night.rec.1` the one before it, and so on. The oldest go first.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::block::{Block, BlockKind, Encoder};

/// A file is full at this part of the bounds, so that what goes is a small part of the whole.
const PARTS: u64 = 8;

/// Files of one series.
pub const FILES_COUNT_MAX: usize = 64;

/// Events are the business of their operator.
const FILE_MODE: u32 = 0o600;

/// What a file says of itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Head {
    /// Version of the host.
    pub host_version: String,
    /// Unix milliseconds at which the file was begun.
    pub created_ms: u64,
    /// For whom the host works.
    #[serde(default)]
    pub identity: BTreeMap<String, String>,
    /// Number by which files of one run of the host know each other.
    pub run: u64,
    /// Place of the file within the run, from 0.
    pub part: u64,
}

/// How much a series may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Bytes of all files.
    pub bytes_max: u64,
    /// Age of the latest record of a file.
    pub age_max: Duration,
}

/// A series that is being written.
pub struct Series {
    path: PathBuf,
    bounds: Bounds,
    head: Head,
    encoder: Encoder,
    file: File,
    bytes: u64,
    /// Blocks of each extension in the present file.
    sequences: BTreeMap<String, u32>,
}

impl Series {
    /// Begins a new file; an earlier one at `path` becomes the one before it.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn begin(path: &Path, bounds: Bounds, head: Head) -> io::Result<Self> {
        make_room(path)?;
        let mut series = Self {
            path: path.to_owned(),
            bounds,
            encoder: Encoder::new()?,
            file: create(path)?,
            bytes: 0,
            sequences: BTreeMap::new(),
            head,
        };
        series.write_head()?;
        series.remove_old()?;
        Ok(series)
    }

    fn write_head(&mut self) -> io::Result<()> {
        let content = serde_json::to_vec(&self.head)?;
        self.write(&Block {
            kind: BlockKind::Head,
            extension: String::new(),
            sequence: 0,
            records: 0,
            first_ms: self.head.created_ms,
            last_ms: self.head.created_ms,
            content,
        })
    }

    /// Writes records of an extension.
    ///
    /// # Errors
    ///
    /// The system refuses, for instance as the disk is full.
    pub fn write_records(
        &mut self,
        extension: &str,
        (records, first_ms, last_ms): (u32, u64, u64),
        content: Vec<u8>,
    ) -> io::Result<()> {
        let next = self.sequences.entry(extension.to_owned()).or_default();
        let sequence = *next;
        *next += 1;
        self.write(&Block {
            kind: BlockKind::Records,
            extension: extension.to_owned(),
            sequence,
            records,
            first_ms,
            last_ms,
            content,
        })
    }

    /// Writes a block. What is written survives the end of the process, not that of the machine.
    ///
    /// # Errors
    ///
    /// The system refuses, for instance as the disk is full.
    fn write(&mut self, block: &Block) -> io::Result<()> {
        let bytes = self.encoder.encode(block)?;
        self.file.write_all(&bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes why the recording ends.
    ///
    /// # Errors
    ///
    /// The system refuses, for instance as the disk is full.
    pub fn end(&mut self, now_ms: u64, reason: &str) -> io::Result<()> {
        self.write(&Block {
            kind: BlockKind::End,
            extension: String::new(),
            sequence: 0,
            records: 0,
            first_ms: now_ms,
            last_ms: now_ms,
            content: reason.as_bytes().to_vec(),
        })
    }

    /// Whether it is time for the next file.
    #[must_use]
    pub fn is_full(&self, now_ms: u64) -> bool {
        let age = Duration::from_millis(now_ms.saturating_sub(self.head.created_ms));
        self.bytes >= self.bounds.bytes_max / PARTS || age >= self.bounds.age_max / PARTS as u32
    }

    /// Begins the next file, and removes the oldest ones.
    ///
    /// # Errors
    ///
    /// As for [`Series::begin`].
    pub fn roll(&mut self, now_ms: u64) -> io::Result<()> {
        make_room(&self.path)?;
        self.file = create(&self.path)?;
        self.bytes = 0;
        self.sequences.clear();
        self.head.created_ms = now_ms;
        self.head.part += 1;
        self.write_head()?;
        self.remove_old()
    }

    /// Bytes of the present file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Removes files beyond the bounds, the oldest first.
    fn remove_old(&self) -> io::Result<()> {
        let mut bytes = self.bounds.bytes_max / PARTS;
        for (index, path) in earlier_files(&self.path).into_iter().enumerate() {
            let metadata = fs::metadata(&path)?;
            bytes = bytes.saturating_add(metadata.len());
            let age = SystemTime::now().duration_since(metadata.modified()?);
            let is_old = age.is_ok_and(|age| age > self.bounds.age_max);
            if is_old || bytes > self.bounds.bytes_max || index + 1 >= FILES_COUNT_MAX {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// All files of the series at `path`, the oldest first.
#[must_use]
pub fn files(path: &Path) -> Vec<PathBuf> {
    let mut files = earlier_files(path);
    files.reverse();
    if path.exists() {
        files.push(path.to_owned());
    }
    files
}

/// The latest first.
fn earlier_files(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(usize, PathBuf)> = (1..=FILES_COUNT_MAX)
        .map(|number| (number, numbered(path, number)))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, path)| path).collect()
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Moves each file of the series one number on, if there is one at `path`.
fn make_room(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // The highest number first; a gap needs no more moves behind it.
    let free = (1..=FILES_COUNT_MAX).find(|number| !numbered(path, *number).exists());
    for number in (1..free.unwrap_or(FILES_COUNT_MAX)).rev() {
        fs::rename(numbered(path, number), numbered(path, number + 1))?;
    }
    fs::rename(path, numbered(path, 1))
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reader;

    fn bounds(bytes_max: u64) -> Bounds {
        Bounds {
            bytes_max,
            age_max: Duration::from_secs(3_600),
        }
    }

    fn write(series: &mut Series, number: u8) {
        let noise: Vec<u8> = (0..200_u8)
            .map(|i| i.wrapping_mul(number).rotate_left(3))
            .collect();
        let last_ms = u64::from(number);
        series.write_records("x", (1, 1, last_ms), noise).unwrap();
    }

    fn contents(path: &Path) -> (Vec<u64>, Vec<String>) {
        let mut reader = Reader::open(path).unwrap();
        let (mut blocks, mut damage) = (Vec::new(), Vec::new());
        while let Some(read) = reader.next_block().unwrap() {
            match read {
                Ok(block) => blocks.push(block.last_ms),
                Err(found) => damage.push(found.reason.to_string()),
            }
        }
        (blocks, damage)
    }

    #[test]
    fn series_keeps_the_latest_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let mut series = Series::begin(&path, bounds(4_000), Head::default()).unwrap();
        for number in 1..=100 {
            write(&mut series, number);
            if series.is_full(0) {
                series.roll(0).unwrap();
            }
        }
        let files = files(&path);
        let bytes: u64 = files
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum();
        assert!(files.len() > 4 && bytes <= 4_000, "{bytes} in {files:?}");
        let numbers: Vec<u64> = files.iter().flat_map(|path| contents(path).0).collect();
        let first = numbers[0];
        assert_eq!(numbers, (first..=100).collect::<Vec<_>>());
    }

    #[test]
    fn earlier_recording_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        for number in 1..=3 {
            let mut series = Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
            write(&mut series, number);
        }
        let numbers: Vec<u64> = files(&path)
            .iter()
            .flat_map(|path| contents(path).0)
            .collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn damaged_block_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let mut series = Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
        let mut ends = Vec::new();
        for number in 1..=4 {
            write(&mut series, number);
            ends.push(usize::try_from(series.bytes()).unwrap());
        }
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[ends[1] - 5] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let (blocks, damage) = contents(&path);
        assert_eq!((blocks, damage.len()), (vec![1, 3, 4], 1), "{damage:?}");
        fs::write(&path, &whole[..ends[3] - 5]).unwrap();
        assert_eq!(
            contents(&path),
            (vec![1, 2, 3], vec!["cut short".to_owned()])
        );
        fs::write(&path, "text").unwrap();
        let error = Reader::open(&path).unwrap_err();
        assert!(error.to_string().contains("is not a recording"), "{error}");
    }
}
