//! A recording as a series of files: `night.rec` is the latest, `night.rec.1` the one before it, and so on. The oldest go first;
//! of too many files, the smallest.
//!
//! Invariant: a file that cannot be begun costs no earlier one.

mod places;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub use self::places::{FILES_COUNT_MAX, files};
use self::places::{check_is_free, create, earlier_files, make_room, unentered};
use crate::block::{Block, BlockKind, Encoder};

/// A file is full at this part of the bounds, so that what goes is a small part of the whole.
const PARTS: u64 = 8;

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
    /// Locked while it is written.
    file: File,
    bytes: u64,
    /// Bytes of the state with which extensions begin in the present file.
    state_bytes: u64,
    /// Blocks of each extension in the present file.
    sequences: BTreeMap<String, u32>,
}

impl Series {
    /// Begins a new file; an earlier one at `path` becomes the one before it.
    ///
    /// # Errors
    ///
    /// The system refuses, another host writes to the file, or what is there is not a recording, and is kept.
    pub fn begin(path: &Path, bounds: Bounds, head: Head) -> io::Result<Self> {
        check_is_free(path)?;
        let mut series = Self {
            path: path.to_owned(),
            bounds,
            encoder: Encoder::new()?,
            file: create(path)?,
            bytes: 0,
            state_bytes: 0,
            sequences: BTreeMap::new(),
            head,
        };
        series.enter()?;
        Ok(series)
    }

    /// Gives the new file its head, and then its place in the series: without room for the head, earlier files stay as they are.
    fn enter(&mut self) -> io::Result<()> {
        if let Err(error) = self.write_head() {
            let _ = fs::remove_file(unentered(&self.path));
            return Err(error);
        }
        make_room(&self.path)?;
        fs::rename(unentered(&self.path), &self.path)?;
        self.remove_old()
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

    /// Writes records of an extension, and returns their memory.
    ///
    /// # Errors
    ///
    /// The system refuses, for instance as the disk is full.
    pub fn write_records(
        &mut self,
        extension: &str,
        (records, first_ms, last_ms): (u32, u64, u64),
        content: Vec<u8>,
    ) -> io::Result<Vec<u8>> {
        let next = self.sequences.entry(extension.to_owned()).or_default();
        let sequence = *next;
        *next += 1;
        let block = Block {
            kind: BlockKind::Records,
            extension: extension.to_owned(),
            sequence,
            records,
            first_ms,
            last_ms,
            content,
        };
        self.write(&block)?;
        Ok(block.content)
    }

    /// Writes records with which an extension begins: its storage and its instance. A file that holds little else is not full.
    ///
    /// # Errors
    ///
    /// As for [`Series::write_records`].
    pub fn write_state(
        &mut self,
        extension: &str,
        extent: (u32, u64, u64),
        content: Vec<u8>,
    ) -> io::Result<Vec<u8>> {
        let before = self.bytes;
        let content = self.write_records(extension, extent, content)?;
        self.state_bytes += self.bytes - before;
        Ok(content)
    }

    /// Writes a block. What is written survives the end of the process, not that of the machine.
    ///
    /// # Errors
    ///
    /// The system refuses, for instance as the disk is full.
    fn write(&mut self, block: &Block) -> io::Result<()> {
        let bytes = self.encoder.encode(block)?;
        let before = self.bytes;
        let after = before + bytes.len() as u64;
        if after > self.bounds.bytes_max {
            let mib = self.bounds.bytes_max >> 20;
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                format!(
                    "the state of the extensions alone takes more than the {mib} MiB of the recording; give it more"
                ),
            ));
        }
        self.file.write_all(bytes)?;
        self.bytes = after;
        let part = (self.bounds.bytes_max / PARTS).max(1);
        match before / part < after / part {
            // It takes more than its share, since the state is large.
            true => self.remove_old(),
            false => Ok(()),
        }
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
        let own_bytes = self.bytes - self.state_bytes;
        own_bytes >= self.bounds.bytes_max / PARTS || age >= self.bounds.age_max / PARTS as u32
    }

    /// Begins the next file, and removes the oldest ones.
    ///
    /// # Errors
    ///
    /// As for [`Series::begin`].
    pub fn roll(&mut self, now_ms: u64) -> io::Result<()> {
        self.file = create(&self.path)?;
        self.bytes = 0;
        self.state_bytes = 0;
        self.sequences.clear();
        self.head.created_ms = now_ms;
        self.head.part += 1;
        self.enter()
    }

    /// Bytes of the present file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Removes files beyond the bounds, the oldest first.
    fn remove_old(&self) -> io::Result<()> {
        // Room for the present file, which grows.
        let part = self.bounds.bytes_max / PARTS;
        let mut bytes = self.bytes.saturating_add(part);
        for path in earlier_files(&self.path) {
            let metadata = fs::metadata(&path)?;
            bytes = bytes.saturating_add(metadata.len());
            let age = SystemTime::now().duration_since(metadata.modified()?);
            let is_old = age.is_ok_and(|age| age > self.bounds.age_max);
            if is_old || bytes > self.bounds.bytes_max {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
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

    #[test]
    fn large_state_does_not_fill_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let mut series = Series::begin(&path, bounds(8_000), Head::default()).unwrap();
        let noise = |seed: u64| -> Vec<u8> {
            let mut bytes = vec![0; 3_000];
            blake3::Hasher::new()
                .update(&seed.to_le_bytes())
                .finalize_xof()
                .fill(&mut bytes);
            bytes
        };
        for part in 0..4 {
            series.write_state("x", (1, 1, 1), noise(part)).unwrap();
            assert!(!series.is_full(0), "a begin leaves room for calls");
            while !series.is_full(0) {
                write(&mut series, 1);
            }
            let bytes: u64 = files(&path)
                .iter()
                .map(|path| fs::metadata(path).unwrap().len())
                .sum();
            assert!(bytes <= 8_000, "{bytes}");
            series.roll(0).unwrap();
        }
        for seed in 4..6 {
            series.write_state("x", (1, 1, 1), noise(seed)).unwrap();
        }
        let refused = series.write_state("x", (1, 1, 1), noise(7)).unwrap_err();
        assert!(refused.to_string().contains("give it more"), "{refused}");
    }

    #[test]
    fn other_things_than_recordings_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let refused = |path: &Path| {
            let begun = Series::begin(path, bounds(1 << 20), Head::default());
            begun.err().unwrap().to_string()
        };
        fs::write(&path, "a text").unwrap();
        assert!(refused(&path).contains("night.rec is there, and is not a recording"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a text");
        assert!(refused(folder.path()).contains("is not a recording"));
        fs::remove_file(&path).unwrap();
        fs::write(folder.path().join("night.rec.1"), "a text").unwrap();
        assert!(refused(&path).contains("night.rec.1 is there"));
    }

    #[test]
    fn empty_file_of_a_killed_host_is_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        fs::write(&path, "").unwrap();
        Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
        assert_eq!(files(&path).len(), 2);
    }

    #[test]
    fn second_writer_of_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let mut first = Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
        let second = Series::begin(&path, bounds(1 << 20), Head::default());
        let refused = second.err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy, "{refused}");
        first.roll(1).unwrap();
        assert!(Series::begin(&path, bounds(1 << 20), Head::default()).is_err());
        drop(first);
        Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
    }

    #[test]
    fn restarts_in_a_loop_stay_within_the_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        for number in 0..FILES_COUNT_MAX + 20 {
            let mut series = Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
            write(&mut series, u8::try_from(number % 100).unwrap());
        }
        assert_eq!(files(&path).len(), FILES_COUNT_MAX);
        assert_eq!(contents(&path).0, [83]);
    }

    /// What explains why the starts fail is in a large file before them.
    #[test]
    fn restarts_in_a_loop_keep_large_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let begin = || Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
        let mut night = begin();
        for number in 1..=3 {
            write(&mut night, number);
        }
        drop(night);
        for _ in 0..2 * FILES_COUNT_MAX {
            begin();
        }
        let mut last = begin();
        write(&mut last, 4);
        drop(last);
        begin();
        let files = files(&path);
        assert_eq!(files.len(), FILES_COUNT_MAX);
        let kept: Vec<_> = files.iter().flat_map(|path| contents(path).0).collect();
        assert_eq!(kept, [1, 2, 3, 4]);
    }

    /// As on a full disk, which has no room for the head either.
    #[test]
    fn begin_that_fails_keeps_the_files_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let mut night = Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
        write(&mut night, 1);
        drop(night);
        for _ in 0..3 {
            let begun = Series::begin(&path, bounds(10), Head::default());
            assert_eq!(begun.err().unwrap().kind(), io::ErrorKind::QuotaExceeded);
        }
        assert_eq!(contents(&path).0, [1]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // A host was killed before its file had a head.
        fs::write(unentered(&path), "").unwrap();
        Series::begin(&path, bounds(1 << 20), Head::default()).unwrap();
        assert_eq!(files(&path).len(), 2);
        assert!(!unentered(&path).exists());
    }

    #[test]
    fn clock_set_back_does_not_end_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.rec");
        let head = Head {
            created_ms: 1_000_000,
            ..Head::default()
        };
        let mut series = Series::begin(&path, bounds(1 << 20), head).unwrap();
        assert!(!series.is_full(5));
        series
            .write_records("x", (1, 1_000_001, 5), vec![1])
            .unwrap();
        assert_eq!(contents(&path).0, [5]);
    }
}
