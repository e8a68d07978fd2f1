//! Reads the blocks of a file, also of one that is damaged or cut short.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::block::{Block, BlockError, BlockKind, HEADER_BYTES, Header, MAGIC};
use crate::series::Head;

/// Bytes that are searched at a time for the next block behind a damaged one.
const SEARCHED_BYTES: usize = 64 << 10;

/// A file cannot be read as a recording.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refuses.
    #[error("cannot read the recording {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is another kind of file.
    #[error("{} is not a recording of tig-host: it does not begin like one", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
    },
    /// A later version has written it.
    #[error("{}: {source}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Which.
        source: BlockError,
    },
    /// What it says of itself is lost.
    #[error("the recording {} has lost its first block ({reason}), without which it cannot be understood", path.display())]
    NoHead {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A part of a file that cannot be read. Blocks behind it can.
#[derive(Debug)]
pub struct Damage {
    /// Where it begins, in bytes.
    pub at: u64,
    /// How long it is.
    pub bytes: u64,
    /// What does not hold.
    pub reason: BlockError,
}

/// A file that is read block by block.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next block begins.
    at: u64,
    length: u64,
    head: Head,
}

impl Reader {
    /// Opens the file at `path` and reads its head.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let unreadable = |source| ReadError::Read {
            path: path.to_owned(),
            source,
        };
        // Before it is opened, which would wait for the other end of a pipe.
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(ReadError::NotARecording {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(unreadable)?;
        let length = metadata.len();
        let mut reader = Self {
            path: path.to_owned(),
            file: BufReader::new(file),
            at: 0,
            length,
            head: Head::default(),
        };
        let no_head = |reason| ReadError::NoHead {
            path: path.to_owned(),
            reason,
        };
        match reader.read_block().map_err(unreadable)? {
            Ok(block) if block.kind == BlockKind::Head => {
                reader.head = serde_json::from_slice(&block.content)
                    .map_err(|error| no_head(error.to_string()))?;
                Ok(reader)
            }
            Ok(_) => Err(no_head("another block comes first".to_owned())),
            Err(BlockError::Magic) => Err(ReadError::NotARecording {
                path: path.to_owned(),
            }),
            Err(source @ BlockError::Newer(_)) => Err(ReadError::Newer {
                path: path.to_owned(),
                source,
            }),
            Err(reason) => Err(no_head(reason.to_string())),
        }
    }

    /// What the file says of itself.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next block, or the damage in its place; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn next_block(&mut self) -> Result<Option<Result<Block, Damage>>, ReadError> {
        if self.at >= self.length {
            return Ok(None);
        }
        let begin = self.at;
        let read = self.read_block().and_then(|read| match read {
            Ok(block) => Ok(Ok(block)),
            Err(reason) => {
                self.find_block(begin + 1)?;
                let (at, bytes) = (begin, self.at - begin);
                Ok(Err(Damage { at, bytes, reason }))
            }
        });
        read.map(Some).map_err(|source| ReadError::Read {
            path: self.path.clone(),
            source,
        })
    }

    /// Reads the block at the present place, and goes behind it if it is whole.
    fn read_block(&mut self) -> io::Result<Result<Block, BlockError>> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let mut header = [0; HEADER_BYTES];
        if let Err(error) = self.file.read_exact(&mut header) {
            let is_ours = header.starts_with(&MAGIC) || self.at > 0;
            return match error.kind() {
                ErrorKind::UnexpectedEof if is_ours => Ok(Err(BlockError::CutShort)),
                ErrorKind::UnexpectedEof => Ok(Err(BlockError::Magic)),
                _ => Err(error),
            };
        }
        let decoded = match Header::decode(&header) {
            Ok(decoded) => decoded,
            Err(error) => return Ok(Err(error)),
        };
        let end = self.at + (HEADER_BYTES + decoded.rest_bytes()) as u64;
        // Before any memory is taken: a damaged length may be anything.
        if end > self.length {
            return Ok(Err(BlockError::CutShort));
        }
        let mut rest = vec![0; decoded.rest_bytes()];
        self.file.read_exact(&mut rest)?;
        let block = decoded.decode_rest(&header, &rest);
        if block.is_ok() {
            self.at = end;
        }
        Ok(block)
    }

    /// Goes to the next place from `from` on where a block may begin, or to the end.
    fn find_block(&mut self, from: u64) -> io::Result<()> {
        self.at = from;
        let mut searched = Vec::with_capacity(SEARCHED_BYTES);
        while self.at < self.length {
            self.file.seek(SeekFrom::Start(self.at))?;
            searched.clear();
            let mut window = (&mut self.file).take(SEARCHED_BYTES as u64);
            window.read_to_end(&mut searched)?;
            let found = searched
                .windows(MAGIC.len())
                .position(|bytes| bytes == MAGIC);
            if let Some(found) = found {
                self.at += found as u64;
                return Ok(());
            }
            if searched.len() < SEARCHED_BYTES {
                break;
            }
            // A magic may lie across the end of the window.
            self.at += (searched.len() - MAGIC.len() + 1) as u64;
        }
        self.at = self.length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Encoder, FORMAT};

    /// A head and three blocks.
    fn blocks() -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new().unwrap();
        let mut block = |kind, extension: &str, content: &[u8]| {
            let block = Block {
                kind,
                extension: extension.to_owned(),
                sequence: 0,
                records: 1,
                first_ms: 1,
                last_ms: 2,
                content: content.to_vec(),
            };
            encoder.encode(&block).unwrap().to_vec()
        };
        let head = serde_json::to_vec(&Head::default()).unwrap();
        vec![
            block(BlockKind::Head, "", &head),
            block(BlockKind::Records, "x", b"one"),
            block(BlockKind::Records, "y", b"two"),
            block(BlockKind::End, "", b"the host has stopped"),
        ]
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn open(&self, bytes: &[u8]) -> Result<Reader, ReadError> {
            let path = self.0.path().join("night.rec");
            fs::write(&path, bytes).unwrap();
            Reader::open(&path)
        }

        fn error(&self, bytes: &[u8]) -> ReadError {
            self.open(bytes).unwrap_err()
        }
    }

    /// Contents of the blocks behind the head, and the damage.
    fn read(mut reader: Reader) -> (Vec<Vec<u8>>, Vec<Damage>) {
        let (mut contents, mut damage) = (Vec::new(), Vec::new());
        while let Some(read) = reader.next_block().unwrap() {
            match read {
                Ok(block) => contents.push(block.content),
                Err(found) => damage.push(found),
            }
        }
        (contents, damage)
    }

    #[test]
    fn file_cut_at_any_byte_keeps_its_blocks() {
        let folder = Folder::new();
        let blocks = blocks();
        let whole = blocks.concat();
        let mut ends = Vec::new();
        blocks.iter().fold(0, |end, block| {
            ends.push(end + block.len());
            end + block.len()
        });
        for length in 0..=whole.len() {
            let opened = folder.open(&whole[..length]);
            if length < ends[0] {
                let error = opened.unwrap_err();
                let is_named = match length < MAGIC.len() {
                    true => matches!(error, ReadError::NotARecording { .. }),
                    false => matches!(error, ReadError::NoHead { .. }),
                };
                assert!(is_named, "{length}: {error}");
                continue;
            }
            let (contents, damage) = read(opened.unwrap());
            let complete = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(contents.len(), complete - 1, "{length}");
            let is_cut = !ends.contains(&length);
            assert_eq!(damage.len(), usize::from(is_cut), "{length}");
            for damage in damage {
                assert!(matches!(damage.reason, BlockError::CutShort));
                assert_eq!(damage.at + damage.bytes, length as u64);
            }
        }
    }

    #[test]
    fn other_files_are_not_recordings() {
        let folder = Folder::new();
        for bytes in [&b""[..], b"{}", &[0; 1_000]] {
            let error = folder.error(bytes);
            assert!(matches!(error, ReadError::NotARecording { .. }), "{error}");
        }
        let error = Reader::open(folder.0.path()).unwrap_err();
        assert!(matches!(error, ReadError::NotARecording { .. }), "{error}");
        let error = Reader::open(&folder.0.path().join("missing.rec")).unwrap_err();
        assert!(matches!(error, ReadError::Read { .. }), "{error}");
        assert!(error.to_string().contains("missing.rec: No such file"));
    }

    #[test]
    fn file_without_its_head_says_why() {
        let folder = Folder::new();
        let error = folder.error(&blocks()[1..].concat());
        assert!(matches!(error, ReadError::NoHead { .. }), "{error}");
        assert!(error.to_string().contains("another block comes first"));
        let mut damaged = blocks().concat();
        damaged[HEADER_BYTES + 1] ^= 1;
        let error = folder.error(&damaged);
        assert!(error.to_string().contains("checksum"), "{error}");
    }

    #[test]
    fn file_of_a_later_format_says_what_reads_it() {
        let folder = Folder::new();
        let mut newer = blocks().concat();
        newer[8..10].copy_from_slice(&(FORMAT + 1).to_le_bytes());
        let error = folder.error(&newer);
        assert!(matches!(error, ReadError::Newer { .. }), "{error}");
        assert!(error.to_string().contains("or a later one"), "{error}");
    }
}
